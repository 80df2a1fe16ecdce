#include "common/yaml.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <system_error>

#include "common/file.h"

namespace qyolo {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxValues = 1000000;
constexpr int kMaxDepth = 64;

template <class Number>
bool parse_whole(std::string_view text, Number& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc() && end == text.data() + text.size();
}

Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const bool digits_first = text.find_first_not_of("+-.0123456789eE") == std::string::npos &&
                            text.find_first_of("0123456789") != std::string::npos;
  if (!digits_first) return text;
  const std::string_view number = std::string_view(text).substr(text.front() == '+' ? 1 : 0);
  const std::string_view unsigned_part = number.substr(number.starts_with('-') ? 1 : 0);
  const bool leading_zero = unsigned_part.size() > 1 && unsigned_part[0] == '0' &&
                            unsigned_part.find_first_not_of("0123456789") == std::string::npos;
  std::int64_t integer = 0;
  double value = 0;
  if (!leading_zero && parse_whole(number, integer)) return integer;
  if (!leading_zero && parse_whole(number, value) && std::isfinite(value)) return value;
  return text;
}

class Converter {
 public:
  explicit Converter(const std::string& where) : where_(where) {}

  Result<Json> convert(const YAML::Node& node, int depth = 0) {
    if (depth > kMaxDepth) return error("{}: nested deeper than {} levels", where_, kMaxDepth);
    if (++values_ > kMaxValues) return error("{}: more than {} values", where_, kMaxValues);
    if (node.IsScalar()) return scalar(node);
    if (node.IsSequence()) {
      Json list = Json::array();
      for (const YAML::Node& item : node) {
        QYOLO_TRY(Json value, convert(item, depth + 1));
        list.push_back(std::move(value));
      }
      return list;
    }
    if (!node.IsMap()) return Json(nullptr);
    Json object = Json::object();
    for (const auto& item : node) {
      if (!item.first.IsScalar())
        return error("{}: a key is no plain value, expected a name", where_);
      QYOLO_TRY(Json value, convert(item.second, depth + 1));
      object[item.first.Scalar()] = std::move(value);
    }
    return object;
  }

 private:
  const std::string& where_;
  std::size_t values_ = 0;
};

}  // namespace

Result<Json> parse_yaml(std::string_view text, const std::string& where) {
  if (text.size() > kMaxBytes)
    return error("{} has {} bytes, expected a YAML file of at most {}", where, text.size(),
                 kMaxBytes);
  try {
    return Converter(where).convert(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& failure) {
    if (failure.mark.is_null()) return error("{} is not valid YAML ({})", where, failure.msg);
    return error("{} is not valid YAML ({}, line {})", where, failure.msg, failure.mark.line + 1);
  }
}

Result<Json> read_yaml(const std::filesystem::path& path) {
  QYOLO_TRY(const std::string text, read_file(path));
  return parse_yaml(text, path.string());
}

bool is_yaml(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension == ".yaml" || extension == ".yml";
}

}  // namespace qyolo
