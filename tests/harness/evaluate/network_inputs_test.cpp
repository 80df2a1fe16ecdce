#include "harness/evaluate/network_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "harness/evaluate/npy.h"
#include "harness/model/postprocess.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string npy(const std::string& header, const std::string& data) {
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         data;
}
const std::string kTwoFloats = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";

std::string refusal(const std::string& content) {
  const auto read = parse_npy(content, "x.npy");
  return read.ok() ? "accepted" : read.error().message;
}

TEST(Npy, FloatsAreRead) {
  const auto array = parse_npy(npy(kTwoFloats, std::string("\0\0\x80\x3F\0\0\0\x40", 8)), "x");
  ASSERT_TRUE(array.ok());
  EXPECT_THAT(array->shape, ElementsAre(1, 2));
  EXPECT_THAT(array->values, ElementsAre(1.0F, 2.0F));
}

TEST(Npy, OtherContentIsOneSentence) {
  EXPECT_THAT(refusal(""), HasSubstr("no array in NumPy's format"));
  EXPECT_THAT(refusal(npy(kTwoFloats, "1234")), HasSubstr("fewer values"));
  EXPECT_THAT(refusal(npy(kTwoFloats, "123456789")), HasSubstr("not as many"));
  const auto with = [](std::string from, const std::string& to) {
    std::string header = kTwoFloats;
    header.replace(header.find(from), from.size(), to);
    return refusal(npy(header, std::string(8, '\0')));
  };
  EXPECT_THAT(with("<f4", "<f8"), HasSubstr("32-bit floats"));
  EXPECT_THAT(with("False", "True"), HasSubstr("32-bit floats"));
  EXPECT_THAT(with("(1, 2)", "(4611686018427387904, 4611686018427387904)"),
              HasSubstr("fewer values"));
  EXPECT_THAT(with("(1, 2)", "(-1, 2)"), HasSubstr("shape"));
  EXPECT_THAT(with("(1, 2)", "x"), HasSubstr("shape"));
}

// Rows that are decoded already give the detections that the levels give.
TEST(RecordedOutputs, DecodedRowsAreDetectedAsLevelsAre) {
  model::Graph graph;
  graph.class_names = {"a", "b"};
  graph.head = {{0, 8, {{12, 16}, {19, 36}}}};
  model::HeadOutput level{1, 14, 3, 5, {}, false};
  for (int i = 0; i < 14 * 15; ++i)
    level.values.push_back(static_cast<float>((i * 37) % 23 - 11) / 3.0F);
  const std::vector<model::HeadOutput> levels = {level};
  model::HeadOutput rows{1, 7, 30, 1, model::decode_rows(graph, levels, 0), true};
  for (const bool multi_label : {true, false}) {
    model::PostprocessOptions options;
    options.multi_label = multi_label;
    const auto expected = model::detect(graph, levels, 0, options);
    const auto found = model::detect(graph, std::vector{rows}, 0, options);
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_GT(found.size(), 3U);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].class_index, expected[i].class_index);
      EXPECT_FLOAT_EQ(found[i].score, expected[i].score);
      EXPECT_FLOAT_EQ(found[i].x1, expected[i].x1);
      EXPECT_FLOAT_EQ(found[i].y2, expected[i].y2);
    }
  }
}

TEST(RecordedOutputs, MissingAndMisshapenFilesAreNamed) {
  const testing::TemporaryFolder folder;
  model::Graph graph;
  graph.class_names = {"a", "b"};
  EXPECT_FALSE(recorded_outputs(folder.path() / "none")(graph, 1).ok());
  ASSERT_TRUE(write_file(folder.path() / "0000.npy", npy(kTwoFloats, std::string(8, '\0'))).ok());
  const auto executor = recorded_outputs(folder.path())(graph, 1).value();
  const std::vector<std::uint8_t> pixels(3 * 32 * 32);
  const auto outputs = executor->forward(std::span<const std::uint8_t>(pixels), 1, 32, 32);
  ASSERT_FALSE(outputs.ok());
  EXPECT_THAT(outputs.error().message, HasSubstr("its shape is [1, 2], expected [1, rows, 7]"));
}

}  // namespace
}  // namespace qyolo::harness
