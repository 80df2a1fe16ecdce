#include "harness/onnx/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A field of bytes with fewer than 128 of them.
std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) +
         std::string(1, static_cast<char>(bytes.size())) + bytes;
}
std::string number_field(int number, int value) {
  return std::string(1, static_cast<char>(number << 3)) + std::string(1, static_cast<char>(value));
}
std::string model(const std::string& graph, const std::string& more = "") {
  return number_field(1, 10) + field(2, "someone") + field(7, graph) + more;
}

std::string refusal(const std::string& bytes) {
  const auto parsed = parse_onnx_model(bytes);
  return parsed.ok() ? "accepted" : parsed.error().message;
}

TEST(ModelFile, IsTakenApart) {
  const std::string tensor = number_field(1, 3) + number_field(1, 2) + number_field(2, 1) +
                             field(8, "w") + field(9, "data");
  const std::string bytes =
      model(field(1, field(4, "Conv")) + field(5, tensor) + field(11, "i"),
            field(8, number_field(2, 21)) + field(14, field(1, "key") + field(2, "value")));
  const RawModel read = parse_onnx_model(bytes).value();
  EXPECT_EQ(read.ir_version, 10);
  EXPECT_EQ(read.producer, "someone");
  ASSERT_EQ(read.tensors.size(), 1U);
  EXPECT_THAT(read.tensors[0].dims, ElementsAre(3, 2));
  EXPECT_EQ(read.tensors[0].name, "w");
  EXPECT_EQ(read.tensors[0].data, "data");
  EXPECT_FALSE(read.tensors[0].elsewhere);
  EXPECT_EQ(read.opsets.at(0).second, 21);
  EXPECT_EQ(read.metadata.at("key"), "value");
  EXPECT_THAT(operations_of(read).value(), ElementsAre("Conv"));
}

TEST(ModelFile, PackedDimensionsAreReadToo) {
  const RawModel read =
      parse_onnx_model(model(field(5, field(1, std::string("\x03\x02\x07", 3))))).value();
  EXPECT_THAT(read.tensors.at(0).dims, ElementsAre(3, 2, 7));
}

TEST(ModelFile, OtherBytesAreRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("truncated, or no ONNX file"));
  EXPECT_THAT(refusal("PK\x03\x04 and so on"), HasSubstr("no ONNX file"));
  EXPECT_THAT(refusal(model("") + "\x3A\x7F"), HasSubstr("truncated"));
  EXPECT_THAT(refusal(number_field(1, 10)), HasSubstr("no ONNX file"));
  EXPECT_THAT(refusal(model("", field(7, ""))), HasSubstr("two graphs"));
  EXPECT_THAT(refusal(model(field(5, field(1, std::string(100, '\x01'))))),
              HasSubstr("more than 16 dimensions"));
  // A group, which protocol buffers gave up.
  EXPECT_THAT(refusal(model("") + "\x0B\x0C"), HasSubstr("no ONNX file"));
}

TEST(ModelFile, TensorsInOtherFilesAreNoticed) {
  EXPECT_TRUE(parse_onnx_model(model(field(5, number_field(14, 1)))).value().tensors[0].elsewhere);
  const std::string location = field(1, "location") + field(2, "../../etc/passwd");
  EXPECT_TRUE(parse_onnx_model(model(field(5, field(13, location)))).value().tensors[0].elsewhere);
}

}  // namespace
}  // namespace qyolo::harness
