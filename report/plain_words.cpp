#include "report/plain_words.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "report/html_kit.h"

namespace qyolo::report {
namespace {

// Of the layers that have other bits than most.
struct Exceptions {
  std::size_t first = 0;  // so many from the start
  int first_bits = 0;
  bool head = false;
  int head_bits = 0;
  std::map<int, std::size_t, std::greater<>> others;  // layers, by bits
  std::size_t count = 0;                              // of `others`
};

int commonest_bits(const std::vector<LayerBits>& layers) {
  std::map<int, std::size_t> counts;
  for (const LayerBits& layer : layers) ++counts[layer.bits];
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })
      ->first;
}

Exceptions exceptions_of(const std::vector<LayerBits>& layers, int common) {
  Exceptions found;
  const int first_bits = layers.front().bits;
  if (first_bits != common) {
    while (found.first < layers.size() && layers[found.first].bits == first_bits &&
           !layers[found.first].head)
      ++found.first;
    found.first_bits = first_bits;
  }
  const auto head = std::ranges::find(layers, true, &LayerBits::head);
  if (head != layers.end() && head->bits != common) {
    found.head = std::ranges::all_of(
        layers, [&](const LayerBits& layer) { return !layer.head || layer.bits == head->bits; });
    found.head_bits = head->bits;
  }
  for (std::size_t i = found.first; i < layers.size(); ++i) {
    if (layers[i].bits == common || (found.head && layers[i].head)) continue;
    ++found.others[layers[i].bits];
    ++found.count;
  }
  return found;
}

std::string bits_text(int bits, const Texts& texts) {
  return bits == 0 ? std::string(texts.plain_float) : say(texts.plain_bits, bits);
}

std::string count_word(std::size_t count, const Texts& texts) {
  return count < texts.count_words.size() ? std::string(texts.count_words[count])
                                          : count_text(static_cast<std::int64_t>(count));
}

std::string first_text(std::size_t count, const Texts& texts) {
  return count == 1 ? std::string(texts.plain_first_one)
                    : say(texts.plain_first, count_word(count, texts));
}

std::string exceptions_text(const Exceptions& found, const Texts& texts) {
  std::string text;
  const auto add = [&](const std::string& what, int bits) {
    text += std::string(texts.plain_separator);
    text += bits == 0 ? say(texts.plain_in_float, what)
                      : say(texts.plain_in, what, bits_text(bits, texts));
  };
  if (found.first > 0 && found.head && found.first_bits == found.head_bits) {
    add(say(texts.plain_and, first_text(found.first, texts), texts.plain_head), found.head_bits);
  } else {
    if (found.first > 0) add(first_text(found.first, texts), found.first_bits);
    if (found.head) add(std::string(texts.plain_head), found.head_bits);
  }
  for (const auto& [bits, count] : found.others) {
    add(count == 1 ? std::string(texts.plain_other_one)
                   : say(texts.plain_others, count_word(count, texts)),
        bits);
  }
  return text;
}

// "Weights in 3 to 8 bits, chosen layer by layer: 4 bits in 41 layers, 3 bits in 30 layers".
std::string counts_text(const std::vector<LayerBits>& layers, const Texts& texts) {
  std::map<int, std::size_t> counts;
  for (const LayerBits& layer : layers) ++counts[layer.bits];
  std::vector<std::pair<int, std::size_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, std::greater<>(), &std::pair<int, std::size_t>::second);
  std::string parts;
  for (const auto& [bits, count] : order) {
    parts += (parts.empty() ? "" : std::string(texts.list_separator)) +
             say(texts.plain_in_layers, bits_text(bits, texts), count);
  }
  const auto lowest = std::ranges::find_if(counts, [](const auto& one) { return one.first > 0; });
  return say(texts.plain_mixed, lowest->first, counts.rbegin()->first, parts);
}

}  // namespace

std::string in_plain_words(const Candidate& candidate, const Texts& texts) {
  constexpr std::size_t kMostKinds = 2;
  const std::vector<LayerBits>& layers = candidate.layers;
  if (layers.empty()) return {};
  const int common = commonest_bits(layers);
  const bool all_float =
      std::ranges::all_of(layers, [](const LayerBits& layer) { return layer.bits == 0; });
  if (all_float) return {};
  const Exceptions found = exceptions_of(layers, common);
  std::string text;
  if (common == 0 || found.others.size() > kMostKinds || found.count > layers.size() / 5) {
    text = counts_text(layers, texts);
  } else {
    text = say(texts.plain_weights, bits_text(common, texts)) + exceptions_text(found, texts);
  }
  if (candidate.activation_bits > 0)
    text += std::string(texts.plain_separator) +
            say(texts.plain_activations, bits_text(candidate.activation_bits, texts));
  return text + std::string(texts.full_stop);
}

}  // namespace qyolo::report
