// Pictures of what changed: images side by side as the baseline and as the other network see them,
// several to a sheet.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "common/result.h"
#include "harness/detections/diff.h"

namespace qyolo::harness {

// Of the sheet with that number, from 1.
[[nodiscard]] inline std::filesystem::path contact_sheet_path(const std::filesystem::path& folder,
                                                              std::size_t number) {
  return folder / fmt::format("sheet-{:02}.jpg", number);
}

// Draws diff.changes.worst_images(count) from `images`, six to a sheet, into folder/sheet-01.jpg
// and so on; returns their paths. Green boxes are found objects, dashed orange-red ones missed
// objects, blue ones false detections, purple ones detections that show an object as another class;
// thick and labelled is what differs between the two. Fails where an image cannot be decoded or a
// sheet not be written.
Result<std::vector<std::filesystem::path>> draw_contact_sheets(const Diff& diff, std::size_t count,
                                                               const std::filesystem::path& images,
                                                               const std::filesystem::path& folder);

}  // namespace qyolo::harness
