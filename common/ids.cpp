#include "common/ids.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <system_error>

namespace qyolo {

bool is_plain_integer(std::string_view text, std::int64_t& id) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits.front() == '0' && text.size() > 1)) return false;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), id);
  return code == std::errc() && end == text.data() + text.size() && !IdNames::is_code(id);
}

std::int64_t IdNames::add(std::string_view text, std::string_view json, bool declared) {
  (json.starts_with('"') ? texts_ : numbers_) = true;
  std::int64_t id = 0;
  if (is_plain_integer(text, id)) {
    if (declared && json != text) spellings_.insert_or_assign(id, std::string(json));
    return id;
  }
  const auto [found, fresh] =
      codes_.try_emplace(std::string(text), kFirstCode + static_cast<std::int64_t>(names_.size()));
  if (fresh) {
    names_.push_back({std::string(text), std::string(json)});
  } else if (declared) {
    names_[place_of(found->second)].json = json;
  }
  return found->second;
}

std::int64_t IdNames::find(std::string_view text) const {
  std::int64_t id = 0;
  if (is_plain_integer(text, id)) return id;
  const auto found = codes_.find(std::string(text));
  return found == codes_.end() ? kUnknown : found->second;
}

std::string IdNames::json(std::int64_t id) const {
  if (is_code(id) && place_of(id) < names_.size()) return names_[place_of(id)].json;
  if (!spellings_.empty()) {
    if (const auto found = spellings_.find(id); found != spellings_.end()) return found->second;
  }
  return std::to_string(id);
}

std::string IdNames::text(std::int64_t id) const {
  return is_code(id) && place_of(id) < names_.size() ? names_[place_of(id)].text
                                                     : std::to_string(id);
}

std::vector<std::int64_t> IdNames::sort() {
  std::vector<std::size_t> order(names_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::string_view(names_[i].text); });
  std::vector<std::int64_t> code_of(names_.size());
  std::vector<Name> sorted;
  sorted.reserve(names_.size());
  for (const std::size_t old : order) {
    code_of[old] = kFirstCode + static_cast<std::int64_t>(sorted.size());
    codes_[names_[old].text] = code_of[old];
    sorted.push_back(std::move(names_[old]));
  }
  names_ = std::move(sorted);
  return code_of;
}

}  // namespace qyolo
