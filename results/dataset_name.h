// What people call annotations.
#pragma once

#include <filesystem>
#include <string>

namespace qyolo::results {

// "instances_val2017" from .../instances_val2017.json, "parts/val" from parts/val/annotations.json.
[[nodiscard]] std::string dataset_name(const std::filesystem::path& annotations);

}  // namespace qyolo::results
