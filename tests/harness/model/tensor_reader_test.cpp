#include "harness/model/tensor_reader.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/checkpoint_writer.h"

namespace qyolo::model {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::storage_bytes;
using testing::ZipEntry;

constexpr float kInfinite = std::numeric_limits<float>::infinity();

Result<std::vector<float>> read(const std::vector<ZipEntry>& entries, const TensorRef& tensor) {
  const std::string file = testing::make_zip(entries);
  QYOLO_TRY(const ZipArchive archive, ZipArchive::from_bytes(bytes_of(file), "x.pt"));
  QYOLO_TRY(TensorReader reader, TensorReader::open(archive, "a"));
  return reader.read(tensor, "t");
}

// The elements of a one-dimensional tensor over the whole storage.
template <class T>
Result<std::vector<float>> read_all(std::string_view type, const std::vector<T>& values) {
  const auto numel = static_cast<std::int64_t>(values.size());
  return read({{"a/data/0", storage_bytes(values)}}, {{type, "0", numel}, 0, {numel}, {1}});
}

TEST(TensorReader, HalfPrecisionIsExact) {
  const std::vector<std::uint16_t> bits = {0x0000, 0x8000, 0x3C00, 0xC000, 0x3555,
                                           0x7BFF, 0x0001, 0x83FF, 0x0400};
  const auto values = read_all("HalfStorage", bits);
  ASSERT_TRUE(values.ok()) << values.error().message;
  EXPECT_THAT(*values, ElementsAre(0.0F, -0.0F, 1.0F, -2.0F, 0x1.554p-2F, 65504.0F, 0x1p-24F,
                                   -0x3FFp-24F, 0x1p-14F));
  EXPECT_TRUE(std::signbit((*values)[1]));
}

TEST(TensorReader, ReadsEveryStorageType) {
  EXPECT_THAT(*read_all<float>("FloatStorage", {1.5F, -2}), ElementsAre(1.5F, -2));
  EXPECT_THAT(*read_all<double>("DoubleStorage", {0.1}), ElementsAre(0.1F));
  EXPECT_THAT(*read_all<std::uint16_t>("BFloat16Storage", {0x3FC0}), ElementsAre(1.5F));
  EXPECT_THAT(*read_all<std::int64_t>("LongStorage", {-7}), ElementsAre(-7));
  EXPECT_THAT(*read_all<std::int32_t>("IntStorage", {-7}), ElementsAre(-7));
  EXPECT_THAT(*read_all<std::int16_t>("ShortStorage", {-7}), ElementsAre(-7));
  EXPECT_THAT(*read_all<std::int8_t>("CharStorage", {-7}), ElementsAre(-7));
  EXPECT_THAT(*read_all<std::uint8_t>("ByteStorage", {200}), ElementsAre(200));
  EXPECT_THAT(*read_all<std::uint8_t>("BoolStorage", {1, 0}), ElementsAre(1, 0));
}

const std::vector<ZipEntry> kSix = {
    {"a/data/0", storage_bytes(std::vector<float>{0, 1, 2, 3, 4, 5})}};

TEST(TensorReader, FollowsStridesAndOffset) {
  EXPECT_THAT(*read(kSix, {{"FloatStorage", "0", 6}, 0, {3, 2}, {1, 3}}),
              ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(*read(kSix, {{"FloatStorage", "0", 6}, 1, {2, 2}, {3, 1}}), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(*read(kSix, {{"FloatStorage", "0", 6}, 5, {}, {}}), ElementsAre(5));
  EXPECT_THAT(*read(kSix, {{"FloatStorage", "0", 6}, 0, {1, 6, 1}, {99, 1, 0}}),
              ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(*read(kSix, {{"FloatStorage", "0", 6}, 0, {0, 4}, {4, 1}}), ElementsAre());
}

std::string read_refusal(const TensorRef& tensor) {
  const auto values = read(kSix, tensor);
  return values.ok() ? "accepted" : values.error().message;
}

TEST(TensorReader, TensorsOutsideTheirStorageAreRefused) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const StorageRef six{"FloatStorage", "0", 6};
  const auto outside = HasSubstr("is not inside its storage of 6 elements");
  EXPECT_EQ(
      read_refusal({six, 0, {7}, {1}}),
      "tensor t: size [7] with strides [1] at offset 0 is not inside its storage of 6 elements");
  EXPECT_THAT(read_refusal({six, 1, {6}, {1}}), outside);
  EXPECT_THAT(read_refusal({six, 6, {}, {}}), outside);
  EXPECT_THAT(read_refusal({six, -1, {1}, {1}}), outside);
  EXPECT_THAT(read_refusal({six, 0, {-1}, {1}}), outside);
  EXPECT_THAT(read_refusal({six, 5, {2}, {-1}}), outside);
  EXPECT_THAT(read_refusal({six, 0, {2, 3}, {kHuge, 1}}), outside);
  EXPECT_THAT(read_refusal({six, kMost, {2}, {kMost}}), outside);
  EXPECT_THAT(read_refusal({six, 0, {kHuge, kHuge, kHuge}, {1, 1, 1}}), outside);
}

TEST(TensorReader, StoragesOfAnotherSizeAreRefused) {
  EXPECT_EQ(
      read_refusal({{"FloatStorage", "0", std::int64_t{1} << 62}, 0, {6}, {1}}),
      "tensor t: a FloatStorage of 4611686018427387904 elements does not have the 24 bytes of "
      "its entry a/data/0");
  EXPECT_THAT(read_refusal({{"FloatStorage", "0", 5}, 0, {5}, {1}}),
              HasSubstr("does not have the 24"));
  EXPECT_THAT(read_refusal({{"FloatStorage", "0", -1}, 0, {5}, {1}}),
              HasSubstr("does not have the 24"));
  EXPECT_THAT(read_refusal({{"HalfStorage", "0", 6}, 0, {6}, {1}}),
              HasSubstr("does not have the 24"));
  EXPECT_EQ(read_refusal({{"FloatStorage", "../1", 6}, 0, {6}, {1}}),
            "the archive has no entry 'a/data/../1'");
  EXPECT_EQ(read_refusal({{"ComplexFloatStorage", "0", 3}, 0, {3}, {1}}),
            "tensor t: the storage type ComplexFloatStorage is not supported");
}

TEST(TensorReader, StridesThatRepeatElementsAreRefused) {
  const StorageRef six{"FloatStorage", "0", 6};
  EXPECT_EQ(read_refusal({six, 0, {6}, {0}}),
            "tensor t: the strides [0] of size [6] read elements twice");
  EXPECT_THAT(read_refusal({six, 0, {2, 3}, {1, 1}}), HasSubstr("read elements twice"));
}

TEST(TensorReader, ValuesThatAreNotFiniteAreRefused) {
  const auto message = [](const auto& values) { return values.error().message; };
  EXPECT_EQ(message(read_all<float>("FloatStorage", {1, kInfinite})),
            "tensor t has a NaN or an infinity");
  EXPECT_EQ(message(read_all<std::uint16_t>("HalfStorage", {0x3C00, 0x7E00})),
            "tensor t has a NaN or an infinity");
  EXPECT_EQ(message(read_all<std::uint16_t>("HalfStorage", {0xFC00})),
            "tensor t has a NaN or an infinity");
  EXPECT_EQ(message(read_all<double>("DoubleStorage", {1e300})),
            "tensor t has a NaN or an infinity");
}

TEST(TensorReader, DamagedStoragesAreRefused) {
  std::vector<ZipEntry> entries = kSix;
  entries[0].crc32 = 1;
  EXPECT_EQ(read(entries, {{"FloatStorage", "0", 6}, 0, {6}, {1}}).error().message,
            "the entry 'a/data/0' does not match its checksum: the file is damaged");
}

TEST(TensorReader, BigEndianArchivesAreRefused) {
  std::vector<ZipEntry> entries = kSix;
  entries.push_back({"a/byteorder", "big"});
  EXPECT_EQ(read(entries, {{"FloatStorage", "0", 6}, 0, {6}, {1}}).error().message,
            "written on a big-endian machine, which is not supported");
}

}  // namespace
}  // namespace qyolo::model
