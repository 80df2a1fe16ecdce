#include "harness/network/memory_account.h"

#include <gtest/gtest.h>

#include "tests/support/full_size.h"

namespace qyolo::harness {
namespace {

Cell cell(const std::string& scheme, const std::string& more = "") {
  return read_cell(Json::parse(R"({"bits": 4, "granularity": "filter", "scheme": ")" + scheme +
                               "\"" + more + "}"),
                   "test")
      .value();
}

TEST(MemoryAccount, KeptLayersWeighWhatTheyAreStoredAs) {
  SourceNetwork source =
      SourceNetwork::open(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt").value();
  const auto all = account(source, cell("affine"));
  const auto kept = account(source, cell("affine", R"(, "rules": ["index=0 -> keep"])"));
  const auto wide =
      account(source, cell("affine", R"(, "rules": ["index=0 -> keep"], "kept_bits": 32)"));
  ASSERT_TRUE(all.ok() && kept.ok() && wide.ok());
  const quant::Shape shape = traits_of(source.graph().conv(source.graph().conv_nodes()[0])).shape;
  EXPECT_EQ(kept->true_bits() - all->true_bits(), shape.size() * (16 - 4) - shape.n * 2 * 32);
  EXPECT_EQ(kept->kept_weights, shape.size());
  EXPECT_EQ(wide->true_bits() - kept->true_bits(), (shape.size() + source.graph().biases()) * 16);
}

// The study's abstract (arXiv 2407.04943) says 3.92x with affine and 3.86x with PWLQ.
TEST(MemoryAccount, TheFullGraphGivesTheStudysRatiosAndTheTrueOnes) {
  QYOLO_NEEDS_SHARED(testing::kFullSize);
  const testing::TemporaryFolder folder;
  SourceNetwork source = SourceNetwork::open(testing::unpack_full_size(folder)).value();
  const auto affine = account(source, cell("affine", R"(, "fold": "off")")).value();
  const auto pwlq = account(source, cell("pwlq", R"(, "fold": "off")")).value();
  EXPECT_NEAR(affine.ratio_fp16_paper(), 3.926, 0.0005);
  EXPECT_NEAR(pwlq.ratio_fp16_paper(), 3.864, 0.0005);
  EXPECT_LE(pwlq.ratio_fp16_true(), 3.115);
  EXPECT_GE(pwlq.ratio_fp16_true(), 3.105);
  // All that the paper's accounting leaves out of PWLQ is a bit per weight (and the anchors, which
  // are no tensors of the decoder).
  EXPECT_EQ(pwlq.regions, source.graph().stored_conv_weights);
  EXPECT_NEAR(static_cast<double>(pwlq.true_bits() - pwlq.paper_bits() - pwlq.regions), 0, 16 * 64);
}

}  // namespace
}  // namespace qyolo::harness
