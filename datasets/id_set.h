// Which ids there are, asked for every annotation and every detection of large files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace qyolo::datasets {

class IdSet {
 public:
  // Of images or categories.
  template <class Items>
  explicit IdSet(const Items& items) {
    places_.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) places_.emplace_back(items[i].id, i);
    std::sort(places_.begin(), places_.end());
    if (places_.empty()) return;
    const std::uint64_t range = static_cast<std::uint64_t>(places_.back().first) -
                                static_cast<std::uint64_t>(places_.front().first);
    if (range / kBitsPerId < places_.size()) present_.resize(range + 1);
    for (const auto& place : places_) {
      if (!present_.empty()) present_[offset(place.first)] = true;
    }
  }

  [[nodiscard]] bool has(std::int64_t id) const {
    if (!present_.empty()) return offset(id) < present_.size() && present_[offset(id)];
    const auto found =
        std::lower_bound(places_.begin(), places_.end(), std::pair{id, std::size_t{0}});
    return found != places_.end() && found->first == id;
  }

  // Calls on_twice(place, first place) for each item whose id an earlier one has.
  template <class OnTwice>
  void each_repeated(OnTwice on_twice) const {
    for (std::size_t i = 1, first = 0; i < places_.size(); ++i) {
      if (places_[i].first != places_[first].first) {
        first = i;
      } else {
        on_twice(places_[i].second, places_[first].second);
      }
    }
  }

 private:
  static constexpr std::uint64_t kBitsPerId = 1024;

  // Of an id below the smallest one: a large number.
  [[nodiscard]] std::size_t offset(std::int64_t id) const {
    return static_cast<std::uint64_t>(id) - static_cast<std::uint64_t>(places_.front().first);
  }

  std::vector<std::pair<std::int64_t, std::size_t>> places_;  // ascending
  std::vector<bool> present_;  // by id - the smallest one, where the ids are dense enough
};

}  // namespace qyolo::datasets
