// Nothing of the user's is lost: an output must never be an input, and two outputs must not be one
// file. Files are compared by device and inode, so that another spelling of a path, a link or a
// hard link does not hide it. Whoever declares inputs and outputs calls check_outputs() before any
// work; write_file() refuses as well to replace a file that protect_inputs() was told of, whatever
// led to it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace qyolo {

// A file or folder as the user gave it, and what it is to the command: of an input a few words
// ("COCO annotation file"), of an output its option ("--out").
struct NamedPath {
  std::string role;
  std::filesystem::path path;
};

// Fails where an existing output file is one of the inputs, an image or label file in a folder
// that is an input, or where two outputs are one file. Devices and pipes are no one's input that
// could be lost, and may be named twice. Outputs and inputs that do not exist are no trouble.
Status check_outputs(std::span<const NamedPath> inputs, std::span<const NamedPath> outputs);

// From now on write_file() refuses to replace these files (of folders: the image and label files
// in them). Thread-safe.
void protect_inputs(std::span<const NamedPath> inputs);

// The error, where `path` is a file that must not be replaced.
Status check_not_input(const std::filesystem::path& path);

}  // namespace qyolo
