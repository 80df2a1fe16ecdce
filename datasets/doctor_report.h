// What the doctor found, as JSON and for people.
#pragma once

#include <string>

#include "common/json.h"
#include "datasets/doctor.h"

namespace qyolo::datasets {

// {"images", "objects", "crowds", "calibration_images", "classes": [{"category_id", "name",
// "objects", "images"}], "kinds": {"error", "warning", "info": how many kinds}, "findings":
// [{"check", "severity", "count", "examples": [{"image", "annotation_id", "detail"}]}]}
[[nodiscard]] OrderedJson doctor_json(const DoctorReport& report);
[[nodiscard]] std::string doctor_text(const DoctorReport& report);

}  // namespace qyolo::datasets
