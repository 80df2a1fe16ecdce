// Where the libraries of backend.h are, for programs that are no binary of ours.
#pragma once

#include <filesystem>

namespace qyolo::harness {

// From now on they are looked for in `folder` alone, not beside the running binary. Before the
// first of them is used: what is loaded stays.
void set_backend_folder(const std::filesystem::path& folder);

}  // namespace qyolo::harness
