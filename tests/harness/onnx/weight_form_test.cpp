#include "harness/onnx/weight_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Quantized {
  quant::QuantizedTensor tensor;
  std::vector<float> weights;  // as evaluated
};

Quantized quantized(const std::string& scheme, int bits, const std::string& granularity,
                    const quant::Shape& shape, const quant::SchemeOptions& options = {}) {
  const auto recipe = quant::make_recipe(scheme, bits, granularity, options).value();
  const auto original = quant::testing::synthetic_weights(shape.size());
  Quantized made{quant::quantize(original, shape, recipe, 1).value(), {}};
  made.weights.resize(original.size());
  quant::dequantize(made.tensor, made.weights, 1);
  return made;
}

OnnxOptions with(OnnxContainer container, OnnxTarget target = OnnxTarget::kOnnxRuntime) {
  OnnxOptions options;
  options.container = container;
  options.target = target;
  return options;
}

FormChoice chosen(const Quantized& from, const OnnxOptions& options) {
  return choose_form(&from.tensor, from.weights, {}, options);
}

// Of codes written and read as the form says.
std::vector<float> through_the_file(const Quantized& from, const OnnxOptions& options) {
  const WeightForm form = chosen(from, options).form;
  const quant::Recipe& recipe = from.tensor.recipe;
  const CodeView view = code_view(recipe, from.tensor.shape, options.target).value();
  const std::string codes = code_bytes(from.tensor, form.storage, view);
  const std::string scales = scale_bytes(from.tensor);
  const std::string zero_points = zero_point_bytes(from.tensor, form.storage);
  return decode_codes({codes, scales, zero_points}, form, view, recipe, from.tensor.shape).value();
}

TEST(WeightForm, FourBitCodesLieTwoAByteTheFirstInTheLowHalf) {
  Quantized from = quantized("symmetric", 4, "layer", {1, 3, 1, 1});
  from.tensor.codes = {-7, 3, 5};
  const CodeView view = code_view(from.tensor.recipe, from.tensor.shape, {}).value();
  EXPECT_EQ(code_bytes(from.tensor, WeightStorage::kInt4, view), "\x39\x05");
  EXPECT_EQ(code_bytes(from.tensor, WeightStorage::kInt8, view), "\xF9\x03\x05");
}

TEST(WeightForm, EveryGranularityDecodesToWhatWasEvaluated) {
  for (const OnnxTarget target : {OnnxTarget::kOnnxRuntime, OnnxTarget::kOpenVino}) {
    for (const OnnxContainer container : {OnnxContainer::kInt8, OnnxContainer::kInt4}) {
      for (const char* granularity : {"layer", "filter", "channel", "in-channel", "shape",
                                      "shape-ssl", "fshape", "group:7", "group:16", "group:1000"}) {
        for (const char* scheme : {"affine", "symmetric"}) {
          SCOPED_TRACE(std::string(scheme) + " " + granularity);
          const Quantized from = quantized(scheme, 4, granularity, {6, 16, 3, 3});
          const OnnxOptions options = with(container, target);
          if (!chosen(from, options).form.codes()) {
            EXPECT_THAT(chosen(from, options).reason, HasSubstr("zero-point"));
            continue;
          }
          const std::vector<float> read = through_the_file(from, options);
          ASSERT_EQ(read.size(), from.weights.size());
          for (std::size_t i = 0; i < read.size(); ++i)
            ASSERT_NEAR(read[i], from.weights[i], 2e-7F * std::abs(from.weights[i]) + 1e-9F) << i;
        }
      }
    }
  }
}

TEST(WeightForm, ALastBlockIsShorterOrFilledUpAsTheTargetTakesIt) {
  const Quantized from = quantized("symmetric", 4, "group:32", {2, 8, 3, 3});
  const quant::Recipe& recipe = from.tensor.recipe;
  const CodeView shorter = code_view(recipe, from.tensor.shape, OnnxTarget::kOnnxRuntime).value();
  EXPECT_THAT(shorter.dims, ElementsAre(2, 72));
  EXPECT_THAT(shorter.scale_dims, ElementsAre(2, 3));
  const CodeView filled = code_view(recipe, from.tensor.shape, OnnxTarget::kOpenVino).value();
  EXPECT_THAT(filled.dims, ElementsAre(2, 96));
  EXPECT_EQ(filled.row, 72);
  EXPECT_EQ(code_bytes(from.tensor, WeightStorage::kInt4, filled).size(), 96U);
}

TEST(WeightForm, WhatNoCodesCanSayIsInFloatingPointWithAReason) {
  const auto reason = [](const Quantized& from, const OnnxOptions& options) {
    const FormChoice choice = chosen(from, options);
    EXPECT_FALSE(choice.form.codes());
    return choice.reason;
  };
  const quant::Shape shape{4, 4, 3, 3};
  const OnnxOptions plain = with(OnnxContainer::kInt8);
  EXPECT_THAT(reason(quantized("pwlq", 4, "filter", shape), plain), HasSubstr("no QDQ form"));
  EXPECT_THAT(reason(quantized("affine", 4, "filter", shape, {.bias_correction = true}), plain),
              HasSubstr("bias correction"));
  const OnnxOptions tensorrt = with(OnnxContainer::kInt8, OnnxTarget::kTensorRt);
  EXPECT_THAT(reason(quantized("affine", 8, "filter", shape), tensorrt), HasSubstr("zero-points"));
  EXPECT_THAT(reason(quantized("symmetric", 8, "fshape", shape), tensorrt),
              HasSubstr("by filter or by layer"));
  EXPECT_EQ(reason(quantized("affine", 4, "filter", shape), with(OnnxContainer::kFloat)), "");
}

TEST(WeightForm, CodesGoToEightBitsWhereFourDoNotHoldThem) {
  const auto storage = [](const Quantized& from, OnnxContainer container) {
    return chosen(from, with(container)).form.storage;
  };
  const quant::Shape shape{4, 4, 3, 3};
  EXPECT_EQ(storage(quantized("symmetric", 4, "filter", shape), OnnxContainer::kInt4),
            WeightStorage::kInt4);
  EXPECT_EQ(storage(quantized("symmetric", 4, "filter", shape), OnnxContainer::kInt8),
            WeightStorage::kInt8);
  EXPECT_EQ(storage(quantized("symmetric", 5, "filter", shape), OnnxContainer::kInt4),
            WeightStorage::kInt8);
  Quantized far = quantized("affine", 4, "filter", shape);
  far.tensor.parameters[0].zero_point[0] = -60;
  EXPECT_EQ(storage(far, OnnxContainer::kInt4), WeightStorage::kInt8);
  EXPECT_THAT(chosen(far, with(OnnxContainer::kInt4)).reason, HasSubstr("outside -8 ... 7"));
  far.tensor.parameters[0].zero_point[0] = 0.5F;
  EXPECT_EQ(storage(far, OnnxContainer::kInt4), WeightStorage::kFloat32);
}

TEST(WeightForm, SixteenBitsAreUsedWhereTheyLoseNothing) {
  const std::vector<float> halves = {1, 0.5F, -3};
  const std::vector<float> others = {0.1F};
  const OnnxOptions small = with(OnnxContainer::kInt4);
  EXPECT_EQ(choose_form(nullptr, halves, halves, small).form,
            (WeightForm{WeightStorage::kFloat16, false, true}));
  EXPECT_EQ(choose_form(nullptr, others, others, small).form, WeightForm());
  EXPECT_EQ(choose_form(nullptr, halves, halves, with(OnnxContainer::kInt8)).form, WeightForm());
}

TEST(WeightForm, TextsComeBack) {
  for (const char* text :
       {"float32", "float16 half_bias", "int8 zero_points", "int4", "int4 zero_points half_bias"})
    EXPECT_EQ(form_text(parse_form(text).value()), text);
  for (const char* text : {"", "int2", "float32 zero_points", "int4  half_bias"})
    EXPECT_FALSE(parse_form(text).ok()) << text;
}

TEST(WeightForm, StoredNonsenseIsRefused) {
  const Quantized from = quantized("symmetric", 8, "layer", {1, 1, 1, 2});
  const CodeView view = code_view(from.tensor.recipe, from.tensor.shape, {}).value();
  for (const float scale : {0.0F, -1.0F, std::nanf(""), INFINITY, 3e38F}) {
    const std::string scales = float_bytes(std::vector<float>{scale}, false);
    EXPECT_FALSE(decode_codes({"\x7F\x01", scales, ""}, {WeightStorage::kInt8}, view,
                              from.tensor.recipe, from.tensor.shape)
                     .ok())
        << scale;
  }
  EXPECT_FALSE(decode_floats(float_bytes(std::vector<float>{INFINITY}, true), true).ok());
}

}  // namespace
}  // namespace qyolo::harness
