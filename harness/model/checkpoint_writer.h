// A checkpoint with other weights: the original file, with the numbers of a quantized network in
// place of its own. Archive layout, pickle, classes, names and number types stay as they are, so
// whatever loads the original loads this one: official test.py and export.py, and exporters built
// on them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"
#include "harness/model/graph.h"

namespace qyolo::model {

// Conv weights as stored, by the names of Graph::stored_convs ("model.102.rbr_dense.0"), each
// [n, c, kh, kw]. Other convolutions, and everything that is no conv weight, keep their values.
using StoredWeights = std::map<std::string, std::span<const float>, std::less<>>;

// Writes `original` to `out` with the weights and biases of `quantized`, a graph of the same
// network (load_checkpoint(original) with other numbers). Every module stays; what used to be
// folded into a convolution becomes neutral:
// - batch normalization: mean 0, beta = the fused bias, gamma and variance an identity_norm;
// - RepConv: the k x k branch has the fused weight; the 1x1 and identity branches give 0;
// - implicit knowledge of IDetect and IAuxDetect: add 0, multiply by 1.
// Convolutions that inference does not use (auxiliary heads) keep their values. Folding the new
// file gives the graph's weights and biases rounded to the file's type, to nearest, and nothing
// else (see identity_norm for batch normalizations with an unusual eps).
//
// Where the file has `ema` and `model`, official evaluation and export read `ema` and official
// training reads `model`. Both get the new network: `model` becomes a copy of `ema`, as official
// strip_optimizer makes it.
//
// `cell` says what the weights were quantized as, "affine 4-bit filter": the file's comment says it
// to cell_of_checkpoint(), and to nobody else (zip archives have one; torch.load looks past it).
//
// `out` is written beside its place and renamed, and must not be `original`. Refuses what
// load_checkpoint refuses, values that do not fit the file's type (65520 in FP16), and tensors that
// share storage and would need different values.
Status write_dequantized_checkpoint(const std::filesystem::path& original,
                                    const std::filesystem::path& out, const Graph& quantized,
                                    std::string_view cell = "");

// The same for a network that is quantized before it is folded: only conv weights change. Fails for
// a name that the file does not have.
Status write_dequantized_checkpoint(const std::filesystem::path& original,
                                    const std::filesystem::path& out,
                                    const StoredWeights& quantized, std::string_view cell = "");

// What the weights of a checkpoint were quantized as, where one of the above wrote it; of any other
// file, and of what is no checkpoint, nothing. Printable, a single line.
[[nodiscard]] std::string cell_of_checkpoint(const std::filesystem::path& path);

// The same from and to memory; `name` names the original in errors.
Result<std::string> dequantized_checkpoint(std::span<const std::byte> original, std::string name,
                                           const Graph& quantized);
Result<std::string> dequantized_checkpoint(std::span<const std::byte> original, std::string name,
                                           const StoredWeights& quantized);

}  // namespace qyolo::model
