// How an annotation file's categories and a network's classes are paired, as the user says it.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "common/json.h"
#include "common/result.h"

namespace qyolo {

struct ClassRules {
  // Class k is the k-th category by ascending id, whatever they are called; of those with
  // annotations, where the numbers differ otherwise. Where all names are the same, names decide.
  bool by_order = false;
  std::map<std::string, std::string> class_of_category;  // by name; others have the class's name
};

// A JSON object, category name -> class name.
Result<std::map<std::string, std::string>> read_class_map(const std::filesystem::path& path);
Result<std::map<std::string, std::string>> class_map_from(const Json& document,
                                                          const std::string& where);

}  // namespace qyolo
