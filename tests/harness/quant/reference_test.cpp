// Squared errors of an independent NumPy implementation of the same formulas (loops over index
// lists per group, scipy.optimize.brentq for breakpoints, numpy.quantile, numpy.float16), on
// synthetic_weights() as W[6, 5, 3, 3].
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/quant/quantize.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

struct Reference {
  const char* scheme;
  int bits;
  const char* granularity;
  const char* range;
  const char* breakpoint;
  int scale_bits;
  bool include_zero;
  bool bias_correction;
  double noise;
};

constexpr Reference kReferences[] = {
    {"affine", 4, "layer", "minmax", "gaussian", 32, false, false, 3.040345956926e-01},
    {"symmetric", 4, "layer", "minmax", "gaussian", 32, false, false, 3.409852378201e-01},
    {"pwlq", 4, "layer", "minmax", "gaussian", 32, false, false, 8.609540070128e-02},
    {"affine", 4, "filter", "minmax", "gaussian", 32, false, false, 2.711275219653e-01},
    {"symmetric", 4, "filter", "minmax", "gaussian", 32, false, false, 2.872550954401e-01},
    {"pwlq", 4, "filter", "minmax", "gaussian", 32, false, false, 7.310756386913e-02},
    {"affine", 4, "channel", "minmax", "gaussian", 32, false, false, 1.244157496335e-01},
    {"symmetric", 4, "channel", "minmax", "gaussian", 32, false, false, 1.939326726175e-01},
    {"pwlq", 4, "channel", "minmax", "gaussian", 32, false, false, 6.092916757862e-02},
    {"affine", 4, "in-channel", "minmax", "gaussian", 32, false, false, 2.321735369342e-01},
    {"symmetric", 4, "in-channel", "minmax", "gaussian", 32, false, false, 3.346471339578e-01},
    {"pwlq", 4, "in-channel", "minmax", "gaussian", 32, false, false, 8.127540788298e-02},
    {"affine", 4, "shape", "minmax", "gaussian", 32, false, false, 2.199466737310e-01},
    {"symmetric", 4, "shape", "minmax", "gaussian", 32, false, false, 2.834359188707e-01},
    {"pwlq", 4, "shape", "minmax", "gaussian", 32, false, false, 7.389158730373e-02},
    {"affine", 4, "shape-ssl", "minmax", "gaussian", 32, false, false, 8.665517954456e-02},
    {"symmetric", 4, "shape-ssl", "minmax", "gaussian", 32, false, false, 1.558791877205e-01},
    {"pwlq", 4, "shape-ssl", "minmax", "gaussian", 32, false, false, 4.852076753286e-02},
    {"affine", 4, "fshape", "minmax", "gaussian", 32, false, false, 7.710121431028e-02},
    {"symmetric", 4, "fshape", "minmax", "gaussian", 32, false, false, 1.189133230144e-01},
    {"pwlq", 4, "fshape", "minmax", "gaussian", 32, false, false, 4.486596495365e-02},
    {"affine", 4, "group:16", "minmax", "gaussian", 32, false, false, 1.620701451782e-01},
    {"symmetric", 4, "group:16", "minmax", "gaussian", 32, false, false, 2.498485180733e-01},
    {"pwlq", 4, "group:16", "minmax", "gaussian", 32, false, false, 6.633682285203e-02},
    {"affine", 4, "group:1000", "minmax", "gaussian", 32, false, false, 2.711275219653e-01},
    {"symmetric", 4, "group:1000", "minmax", "gaussian", 32, false, false, 2.872550954401e-01},
    {"pwlq", 4, "group:1000", "minmax", "gaussian", 32, false, false, 7.310756386913e-02},
    {"affine", 2, "filter", "minmax", "gaussian", 32, false, false, 5.153308131092e+00},
    {"symmetric", 2, "filter", "minmax", "gaussian", 32, false, false, 9.751094278230e+00},
    {"pwlq", 2, "filter", "minmax", "gaussian", 32, false, false, 3.337779067390e+00},
    {"pwlq-fang", 2, "filter", "minmax", "gaussian", 32, false, false, 1.944939116803e+00},
    {"pwlq-overlap", 2, "filter", "minmax", "gaussian", 32, false, false, 8.146277529739e+00},
    {"affine", 3, "filter", "minmax", "gaussian", 32, false, false, 1.118099781311e+00},
    {"symmetric", 3, "filter", "minmax", "gaussian", 32, false, false, 1.485944905982e+00},
    {"pwlq", 3, "filter", "minmax", "gaussian", 32, false, false, 3.535616045250e-01},
    {"pwlq-fang", 3, "filter", "minmax", "gaussian", 32, false, false, 2.644713371085e-01},
    {"pwlq-overlap", 3, "filter", "minmax", "gaussian", 32, false, false, 7.456927348356e-01},
    {"affine", 5, "filter", "minmax", "gaussian", 32, false, false, 6.532633006561e-02},
    {"symmetric", 5, "filter", "minmax", "gaussian", 32, false, false, 6.844212784677e-02},
    {"pwlq", 5, "filter", "minmax", "gaussian", 32, false, false, 1.678028104891e-02},
    {"pwlq-fang", 5, "filter", "minmax", "gaussian", 32, false, false, 1.430208783976e-02},
    {"pwlq-overlap", 5, "filter", "minmax", "gaussian", 32, false, false, 2.959566536151e-02},
    {"affine", 6, "filter", "minmax", "gaussian", 32, false, false, 1.533119309829e-02},
    {"symmetric", 6, "filter", "minmax", "gaussian", 32, false, false, 1.780753697316e-02},
    {"pwlq", 6, "filter", "minmax", "gaussian", 32, false, false, 4.335539183715e-03},
    {"pwlq-fang", 6, "filter", "minmax", "gaussian", 32, false, false, 4.106977577023e-03},
    {"pwlq-overlap", 6, "filter", "minmax", "gaussian", 32, false, false, 7.611677196315e-03},
    {"affine", 7, "filter", "minmax", "gaussian", 32, false, false, 4.412261868530e-03},
    {"symmetric", 7, "filter", "minmax", "gaussian", 32, false, false, 4.524344734238e-03},
    {"pwlq", 7, "filter", "minmax", "gaussian", 32, false, false, 9.809945640599e-04},
    {"pwlq-fang", 7, "filter", "minmax", "gaussian", 32, false, false, 9.717152780748e-04},
    {"pwlq-overlap", 7, "filter", "minmax", "gaussian", 32, false, false, 1.658808610714e-03},
    {"affine", 8, "filter", "minmax", "gaussian", 32, false, false, 1.112133877457e-03},
    {"symmetric", 8, "filter", "minmax", "gaussian", 32, false, false, 1.095737661248e-03},
    {"pwlq", 8, "filter", "minmax", "gaussian", 32, false, false, 2.784471876827e-04},
    {"pwlq-fang", 8, "filter", "minmax", "gaussian", 32, false, false, 2.534463717664e-04},
    {"pwlq-overlap", 8, "filter", "minmax", "gaussian", 32, false, false, 4.679961970067e-04},
    {"pwlq", 4, "filter", "minmax", "laplace", 32, false, false, 8.656920393959e-02},
    {"pwlq-fang", 4, "filter", "minmax", "laplace", 32, false, false, 7.082644199923e-02},
    {"pwlq-overlap", 4, "filter", "minmax", "laplace", 32, false, false, 1.289291892542e-01},
    {"pwlq", 4, "filter", "minmax", "gaussian-approx", 32, false, false, 7.723999539116e-02},
    {"pwlq-fang", 4, "filter", "minmax", "gaussian-approx", 32, false, false, 7.855418478925e-02},
    {"pwlq-overlap", 4, "filter", "minmax", "gaussian-approx", 32, false, false,
     1.323231382178e-01},
    {"pwlq", 4, "filter", "minmax", "laplace-approx", 32, false, false, 8.617214690338e-02},
    {"pwlq-fang", 4, "filter", "minmax", "laplace-approx", 32, false, false, 7.179015685747e-02},
    {"pwlq-overlap", 4, "filter", "minmax", "laplace-approx", 32, false, false, 1.303863198559e-01},
    {"pwlq", 4, "filter", "minmax", "search", 32, false, false, 6.009044110530e-02},
    {"pwlq-fang", 4, "filter", "minmax", "search", 32, false, false, 5.920660256027e-02},
    {"pwlq-overlap", 4, "filter", "minmax", "search", 32, false, false, 1.072515245761e-01},
    {"affine", 3, "layer", "percentile:99.9", "gaussian", 32, false, false, 1.195943815830e+00},
    {"affine", 3, "channel", "percentile:99.9", "gaussian", 32, false, false, 5.249972121319e-01},
    {"symmetric", 3, "layer", "percentile:99.9", "gaussian", 32, false, false, 1.739202639735e+00},
    {"symmetric", 3, "channel", "percentile:99.9", "gaussian", 32, false, false,
     9.088801970486e-01},
    {"affine", 3, "layer", "percentile:95", "gaussian", 32, false, false, 1.569027070872e+00},
    {"affine", 3, "channel", "percentile:95", "gaussian", 32, false, false, 1.802442741857e+00},
    {"symmetric", 3, "layer", "percentile:95", "gaussian", 32, false, false, 1.279143164234e+00},
    {"symmetric", 3, "channel", "percentile:95", "gaussian", 32, false, false, 1.127619305027e+00},
    {"affine", 3, "layer", "mse", "gaussian", 32, false, false, 1.159962035590e+00},
    {"affine", 3, "channel", "mse", "gaussian", 32, false, false, 4.796564617492e-01},
    {"symmetric", 3, "layer", "mse", "gaussian", 32, false, false, 1.211852122054e+00},
    {"symmetric", 3, "channel", "mse", "gaussian", 32, false, false, 7.880665478086e-01},
    {"affine", 4, "filter", "minmax", "gaussian", 16, false, false, 2.710694333632e-01},
    {"affine", 4, "filter", "minmax", "gaussian", 32, false, true, 2.546608689764e-01},
    {"symmetric", 4, "filter", "minmax", "gaussian", 16, false, false, 2.871796589585e-01},
    {"symmetric", 4, "filter", "minmax", "gaussian", 32, false, true, 2.630909685699e-01},
    {"pwlq", 4, "filter", "minmax", "gaussian", 16, false, false, 7.302547015971e-02},
    {"pwlq", 4, "filter", "minmax", "gaussian", 32, false, true, 6.705728212173e-02},
    {"pwlq-fang", 4, "filter", "minmax", "gaussian", 16, false, false, 7.949358441852e-02},
    {"pwlq-fang", 4, "filter", "minmax", "gaussian", 32, false, true, 7.097132417520e-02},
    {"pwlq-overlap", 4, "filter", "minmax", "gaussian", 16, false, false, 1.310055008797e-01},
    {"pwlq-overlap", 4, "filter", "minmax", "gaussian", 32, false, true, 1.157336606730e-01},
    {"affine", 4, "shape-ssl", "minmax", "gaussian", 32, true, false, 8.665517954456e-02},
    {"affine", 4, "channel", "mse", "gaussian", 32, true, false, 1.183139236540e-01}};

TEST(Reference, SquaredErrorsAgree) {
  const Shape shape{6, 5, 3, 3};
  const std::vector<float> weights = testing::synthetic_weights(shape.size());
  for (const Reference& reference : kReferences) {
    SCOPED_TRACE(std::string(reference.scheme) + " " + std::to_string(reference.bits) + " " +
                 reference.granularity + " " + reference.range + " " + reference.breakpoint);
    SchemeOptions options;
    options.range = Range::parse(reference.range).value();
    options.breakpoint = parse_breakpoint(reference.breakpoint).value();
    options.scale_bits = reference.scale_bits;
    options.include_zero = reference.include_zero;
    options.bias_correction = reference.bias_correction;
    const auto recipe =
        make_recipe(reference.scheme, reference.bits, reference.granularity, options);
    ASSERT_TRUE(recipe.ok());
    const auto tensor = quantize(weights, shape, *recipe);
    ASSERT_TRUE(tensor.ok());
    std::vector<float> decoded(weights.size());
    dequantize(*tensor, decoded);
    EXPECT_NEAR(weight_error(weights, decoded).noise, reference.noise, 1e-9 * reference.noise);
  }
}

}  // namespace
}  // namespace qyolo::quant
