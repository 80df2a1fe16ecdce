#include "harness/model/tensor_writer.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/checkpoint_writer.h"

namespace qyolo::model {
namespace {

using testing::bytes_of;
using ::testing::HasSubstr;
using testing::storage_bytes;

// Six elements of 0 in storage 0 (FP16) and 1 (FP32), and an int64 in storage 2.
class TensorWriterTest : public ::testing::Test {
 protected:
  TensorRef half(std::int64_t offset, std::vector<std::int64_t> size,
                 std::vector<std::int64_t> stride) {
    return {{"HalfStorage", "0", 6}, offset, std::move(size), std::move(stride)};
  }
  const TensorRef all_half_ = half(0, {6}, {1});
  const TensorRef all_float_ = {{"FloatStorage", "1", 6}, 0, {6}, {1}};

  std::vector<std::uint16_t> half_bits() {
    const ZipReplacements changed = writer_.take();
    const std::vector<std::byte>& bytes = changed.at("a/data/0");
    std::vector<std::uint16_t> bits(bytes.size() / 2);
    std::memcpy(bits.data(), bytes.data(), bytes.size());
    return bits;
  }

  const std::string file_ = testing::make_zip({{"a/data/0", std::string(12, '\0')},
                                               {"a/data/1", std::string(24, '\0')},
                                               {"a/data/2", std::string(8, '\0')}});
  const ZipArchive archive_ = *ZipArchive::from_bytes(bytes_of(file_), "x.pt");
  TensorReader reader_ = *TensorReader::open(archive_, "a");
  TensorWriter writer_{reader_};
};

using Bits = std::vector<std::uint16_t>;
using Floats = std::vector<float>;

TEST_F(TensorWriterTest, RoundsToTheStoragesType) {
  ASSERT_TRUE(writer_.write(all_half_, "t", Floats{1, -2, 0.1F, 65504, 0x1p-25F, 65519}).ok());
  EXPECT_EQ(half_bits(), (Bits{0x3C00, 0xC000, 0x2E66, 0x7BFF, 0x0000, 0x7BFF}));
}

TEST_F(TensorWriterTest, FollowsOffsetAndStrides) {
  const TensorRef transposed = half(1, {2, 2}, {1, 2});
  ASSERT_TRUE(writer_.write(transposed, "t", Floats{1, 2, 3, 4}).ok());
  EXPECT_EQ(half_bits(), (Bits{0, 0x3C00, 0x4200, 0x4000, 0x4400, 0}));
}

TEST_F(TensorWriterTest, OnlyChangedStoragesAreTaken) {
  ASSERT_TRUE(writer_.fill(half(2, {3}, {1}), "t", 1).ok());
  const ZipReplacements changed = writer_.take();
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed.begin()->first, "a/data/0");
}

TEST_F(TensorWriterTest, SharedElementsMustAgree) {
  ASSERT_TRUE(writer_.write(half(0, {4}, {1}), "t", Floats{1, 2, 3, 4}).ok());
  EXPECT_TRUE(writer_.write(half(2, {4}, {1}), "u", Floats{3, 4, 5, 6}).ok());
  EXPECT_THAT(writer_.write(half(3, {1}, {1}), "v", Floats{7}).error().message,
              HasSubstr("tensor v shares its storage"));
}

TEST_F(TensorWriterTest, ATensorThatStaysMustNotChange) {
  const TensorRef head = half(0, {3}, {1}), tail = half(2, {4}, {1}), end = half(3, {3}, {1});
  ASSERT_TRUE(writer_.write(head, "head", Floats{0, 0, 9}).ok());
  EXPECT_TRUE(writer_.expect_kept(head, "head").ok());
  EXPECT_TRUE(writer_.expect_kept(end, "end").ok());
  EXPECT_THAT(writer_.expect_kept(tail, "tail").error().message,
              HasSubstr("tensor tail must stay as it is"));
}

TEST_F(TensorWriterTest, CopiesWhatIsThereByNow) {
  ASSERT_TRUE(writer_.write(half(0, {3}, {1}), "t", Floats{1, 2, 3}).ok());
  ASSERT_TRUE(writer_.copy(half(0, {3}, {1}), half(3, {3}, {1}), "u").ok());
  EXPECT_EQ(half_bits(), (Bits{0x3C00, 0x4000, 0x4200, 0x3C00, 0x4000, 0x4200}));
}

TEST_F(TensorWriterTest, CopiesNeedOneSizeAndType) {
  EXPECT_THAT(writer_.copy(all_half_, all_float_, "u").error().message,
              HasSubstr("tensor u is a FloatStorage of [6], its counterpart a HalfStorage of [6]"));
  EXPECT_FALSE(writer_.copy(half(0, {2}, {1}), half(3, {3}, {1}), "u").ok());
}

TEST_F(TensorWriterTest, ValuesMustFit) {
  const auto refusal = [&](const TensorRef& tensor, const Floats& values) {
    return TensorWriter(reader_).write(tensor, "t", values).error().message;
  };
  EXPECT_THAT(refusal(all_half_, {0, 0, 65520, 0, 0, 0}),
              HasSubstr("65520 is no finite number in the file's HalfStorage"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal(all_float_, {0, 0, 0, 0, 0, nan}), HasSubstr("no finite number"));
  EXPECT_THAT(refusal(all_half_, {1, 2}), HasSubstr("tensor t has 6 values and cannot hold 2"));
  EXPECT_THAT(refusal({{"LongStorage", "2", 1}, 0, {1}, {1}}, {1}),
              HasSubstr("expected floating point"));
  EXPECT_THAT(refusal({{"HalfStorage", "0", 6}, 1, {6}, {1}}, {1, 2, 3, 4, 5, 6}),
              HasSubstr("is not inside its storage"));
}

TEST_F(TensorWriterTest, AStorageHasOneType) {
  const TensorRef other = {{"BFloat16Storage", "0", 6}, 0, {1}, {1}};
  ASSERT_TRUE(writer_.fill(all_half_, "t", 1).ok());
  EXPECT_THAT(writer_.fill(other, "u", 1).error().message,
              HasSubstr("a BFloat16Storage and also a HalfStorage"));
}

}  // namespace
}  // namespace qyolo::model
