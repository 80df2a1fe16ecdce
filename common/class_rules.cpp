#include "common/class_rules.h"

namespace qyolo {

Result<std::map<std::string, std::string>> class_map_from(const Json& document,
                                                          const std::string& where) {
  if (!document.is_object())
    return error("{}: expected an object, category name -> class name", where);
  std::map<std::string, std::string> map;
  for (const auto& [category, of_class] : document.items()) {
    if (!of_class.is_string())
      return error("{}: '{}': expected the name of a class, found {}", where, category,
                   of_class.dump());
    map.emplace(category, of_class.get<std::string>());
  }
  return map;
}

Result<std::map<std::string, std::string>> read_class_map(const std::filesystem::path& path) {
  QYOLO_TRY(const Json document, read_json(path));
  return class_map_from(document, path.string());
}

}  // namespace qyolo
