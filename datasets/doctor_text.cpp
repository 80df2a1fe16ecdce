#include <algorithm>

#include "datasets/doctor.h"

namespace qyolo::datasets {
namespace {

constexpr std::array<CheckText, kChecks> kTexts = {{
    {Severity::kError, "entry_unreadable", "entries without a usable id or name"},
    {Severity::kError, "image_unnamed", "listed images without file_name"},
    {Severity::kError, "image_missing", "listed images without a file"},
    {Severity::kError, "image_outside", "image names that lead out of the folder"},
    {Severity::kError, "image_listed_twice", "images listed more than once"},
    {Severity::kWarning, "image_id_twice", "images with the id of an earlier one"},
    {Severity::kError, "image_unreadable", "image files that are damaged or truncated"},
    {Severity::kError, "image_unsupported", "image files of a kind that is not supported"},
    {Severity::kError, "leaked_image", "evaluation images that are calibration images, too"},
    {Severity::kInfo, "shared_name", "images named like a calibration image, content differs"},
    {Severity::kWarning, "image_twice", "images with the content of an earlier one"},
    {Severity::kWarning, "size_differs", "images whose size is not that of their file"},
    {Severity::kWarning, "image_damaged", "image files whose data is damaged"},
    {Severity::kWarning, "image_unended", "JPEG files without their end marker"},
    {Severity::kInfo, "image_renamed",
     "image names that are spelled in another way than their files'"},
    {Severity::kInfo, "image_converted", "images of which decoding leaves something out"},
    {Severity::kInfo, "size_unknown", "images without a usable width or height"},
    {Severity::kInfo, "image_without_boxes", "images without objects"},
    {Severity::kInfo, "file_not_listed", "image files in the folder that are not listed"},
    {Severity::kWarning, "object_of_no_image", "annotations of images that are not listed"},
    {Severity::kWarning, "object_of_no_class", "annotations of categories that are not listed"},
    {Severity::kError, "box_malformed", "boxes that are no 4 numbers"},
    {Severity::kError, "area_malformed", "areas or crowd marks that cannot be used"},
    {Severity::kError, "box_empty", "boxes without area"},
    {Severity::kError, "box_outside", "boxes wholly outside their image"},
    {Severity::kWarning, "box_beyond_edge", "boxes that reach beyond the image's edge"},
    {Severity::kWarning, "box_tiny", "boxes thinner than one pixel"},
    {Severity::kWarning, "object_twice", "objects annotated more than once"},
    {Severity::kWarning, "box_of_two_classes", "boxes annotated as two classes"},
    {Severity::kInfo, "id_twice", "annotations with the id of an earlier one"},
    {Severity::kInfo, "id_zero", "annotations with the id 0"},
    {Severity::kInfo, "id_missing", "annotations without a usable id"},
    {Severity::kWarning, "category_id_twice", "categories with the id of an earlier one"},
    {Severity::kError, "class_unknown", "annotated categories that are no class of the model"},
    {Severity::kError, "class_unpaired", "classes and categories that cannot be paired"},
    {Severity::kInfo, "class_missing", "classes of the model without a category"},
    {Severity::kInfo, "category_unused",
     "categories without annotations that are no class of the model"},
    {Severity::kWarning, "class_empty", "classes without objects"},
    {Severity::kWarning, "class_rare", "classes with few objects"},
}};

}  // namespace

std::string_view severity_name(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"info", "warning", "error"};
  return kNames[static_cast<std::size_t>(severity)];
}

const CheckText& text_of(Check check) { return kTexts[static_cast<std::size_t>(check)]; }

std::int64_t DoctorReport::count(Check check) const {
  const auto found = std::ranges::find(findings, check, &Finding::check);
  return found == findings.end() ? 0 : found->count;
}

std::size_t DoctorReport::count(Severity severity) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      findings, [&](const Finding& one) { return text_of(one.check).severity == severity; }));
}

}  // namespace qyolo::datasets
