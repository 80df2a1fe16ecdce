#include "results/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace qyolo::results {
namespace {

std::string_view latex_character(char c) {
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '{':
      return "\\{";
    case '}':
      return "\\}";
    case '$':
      return "\\$";
    case '&':
      return "\\&";
    case '#':
      return "\\#";
    case '%':
      return "\\%";
    case '_':
      return "\\_";
    case '^':
      return "\\textasciicircum{}";
    case '~':
      return "\\textasciitilde{}";
    case '<':
      return "\\textless{}";
    case '>':
      return "\\textgreater{}";
    case '|':
      return "\\textbar{}";
    case '`':
      return "\\`{}";
    case '[':  // would be read as the optional argument of a preceding line end
      return "{[}";
    case '*':
      return "{*}";
    default:
      return {};
  }
}

bool replace_prefix(std::string_view& text, std::string_view prefix, std::string_view with,
                    std::string& out) {
  if (!text.starts_with(prefix)) return false;
  out += with;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string markdown_text(std::string_view text) {
  const std::string plain = plain_text(text);
  const auto alphanumeric = [&](std::size_t i) {
    return i < plain.size() && std::isalnum(static_cast<unsigned char>(plain[i])) != 0;
  };
  std::string out;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    const bool inside_word = c == '_' && alphanumeric(i - 1) && alphanumeric(i + 1);
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("\\`*_[]|~$").find(c) != std::string_view::npos && !inside_word)
        out += '\\';
      out += c;
    }
  }
  return out;
}

std::string latex_text(std::string_view text) {
  const std::string plain = plain_text(text);
  std::string out;
  for (std::string_view rest = plain; !rest.empty();) {
    // The few symbols of our own tables.
    if (replace_prefix(rest, "×", "$\\times$", out) ||
        replace_prefix(rest, "Δ", "$\\Delta$", out) || replace_prefix(rest, "–", "--", out) ||
        replace_prefix(rest, "±", "$\\pm$", out) ||
        replace_prefix(rest, kReplacementCharacter, "?", out))
      continue;
    const bool ligature = rest.starts_with("--");
    const std::string_view escaped = latex_character(rest[0]);
    if (escaped.empty()) {
      out += rest[0];
    } else {
      out += escaped;
    }
    if (ligature) out += "{}";
    rest.remove_prefix(1);
  }
  return out;
}

std::string csv_field(std::string_view text) {
  // What a spreadsheet would compute is a text with an apostrophe before it.
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  if (text.find_first_of(",\"\r\n") == std::string_view::npos)
    return (formula ? "'" : "") + std::string(text);
  std::string out = formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string fixed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool zero = text.find_first_not_of("-0.") == std::string::npos;
  return zero && text.starts_with('-') ? text.substr(1) : text;
}

std::string points(double difference, int decimals) {
  const std::string text = fixed(difference * 100, decimals);
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  return text.starts_with('-') || zero ? text : '+' + text;
}

std::string percent_text(double share) { return fmt::format("{:.6g} %", share * 100); }

ByteUnit byte_unit(double largest) {
  if (largest >= 1e9) return {"GB", 1e9, 3};
  if (largest >= 1e6) return {"MB", 1e6, 3};
  if (largest >= 1e3) return {"kB", 1e3, 1};
  return {"B", 1, 0};
}

std::string json_text(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace qyolo::results
