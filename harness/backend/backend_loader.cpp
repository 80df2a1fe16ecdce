#include <dlfcn.h>

#include <string_view>
#include <system_error>

#include "harness/backend/backend.h"
#include "harness/backend/backend_folder.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;

Error not_loaded(const fs::path& path, const char* purpose, const char* remedy,
                 std::string_view reason) {
  // dlerror() begins with the path where the file itself is the problem, otherwise with the name of
  // a library that it needs.
  if (reason.starts_with(path.native() + ": ")) {
    reason.remove_prefix(path.native().size() + 2);
  } else if (remedy != std::string_view(TorchBackend::kRemedy)) {
    remedy = "Install the system's package of that library";
  }
  return error("{} cannot be loaded, which {}: {}. {}", path.string(), purpose, reason, remedy);
}

// Beside the binary, as it is built; or in ../lib/qyolo, as it is installed.
fs::path find_library(const fs::path& folder, const char* name) {
  const fs::path beside = folder / name;
  const fs::path installed = folder.parent_path() / "lib" / "qyolo" / name;
  std::error_code code;
  return !fs::exists(beside, code) && fs::exists(installed, code) ? installed : beside;
}

// The one that was set; empty: beside the binary.
fs::path& given_folder() {
  static fs::path folder;
  return folder;
}

Result<fs::path> path_of(const char* name) {
  if (!given_folder().empty()) return given_folder() / name;
  std::error_code code;
  const fs::path binary = fs::read_symlink("/proc/self/exe", code);
  if (code) return error("/proc/self/exe cannot be read: {}", code.message());
  return find_library(binary.parent_path(), name);
}

template <class Table>
Result<const Table*> load() {
  QYOLO_TRY(const fs::path path, path_of(Table::kFile));
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed
  if (library == nullptr) return not_loaded(path, Table::kPurpose, Table::kRemedy, dlerror());
  void* symbol = dlsym(library, Table::kSymbol);
  if (symbol == nullptr) return not_loaded(path, Table::kPurpose, Table::kRemedy, dlerror());
  return reinterpret_cast<const Table* (*)()>(symbol)();
}

template <class Table>
const Result<const Table*>& backend() {
  static const Result<const Table*> loaded = load<Table>();
  return loaded;
}

}  // namespace

void set_backend_folder(const fs::path& folder) { given_folder() = folder; }

Status draw_boxes(const fs::path& image, const std::vector<LabelledBox>& boxes,
                  const fs::path& out) {
  QYOLO_TRY(const ImageBackend* loaded, backend<ImageBackend>());
  return loaded->draw_boxes(image, boxes, out);
}

Status draw_boxes_on(const datasets::Picture& picture, const std::string& name,
                     const std::vector<LabelledBox>& boxes, const fs::path& out) {
  QYOLO_TRY(const ImageBackend* loaded, backend<ImageBackend>());
  return loaded->draw_boxes_on(picture, name, boxes, out);
}

Result<std::unique_ptr<VideoReader>> open_video(const fs::path& path) {
  QYOLO_TRY(const VideoBackend* loaded, backend<VideoBackend>());
  return loaded->open_video(path);
}

Result<std::vector<fs::path>> draw_contact_sheets(const Diff& diff, std::size_t count,
                                                  const fs::path& images, const fs::path& folder) {
  QYOLO_TRY(const ImageBackend* loaded, backend<ImageBackend>());
  return loaded->draw_contact_sheets(diff, count, images, folder);
}

Result<std::vector<Crop>> draw_crops(const Diff& diff, std::size_t count, const fs::path& images) {
  QYOLO_TRY(const ImageBackend* loaded, backend<ImageBackend>());
  return loaded->draw_crops(diff, count, images);
}

}  // namespace qyolo::harness

namespace qyolo::model {

Result<std::unique_ptr<Executor>> make_torch_executor(const Graph& graph, int threads,
                                                      const TorchOptions& options) {
  QYOLO_TRY(const harness::TorchBackend* loaded, harness::backend<harness::TorchBackend>());
  return loaded->make_torch_executor(graph, threads, options);
}

}  // namespace qyolo::model

namespace qyolo::engine {

Result<std::unique_ptr<Engine>> make_engine(const model::Graph& graph, Precision precision,
                                            int threads, KernelChoice kernels) {
  QYOLO_TRY(const harness::EngineBackend* loaded, harness::backend<harness::EngineBackend>());
  return loaded->make_engine(graph, precision, threads, kernels);
}

std::string onednn_version() {
  const auto& loaded = harness::backend<harness::EngineBackend>();
  return loaded.ok() ? (*loaded)->onednn_version() : "oneDNN (not loaded)";
}

Result<double> measure_peak_gflops(Precision precision, int threads) {
  QYOLO_TRY(const harness::EngineBackend* loaded, harness::backend<harness::EngineBackend>());
  return loaded->measure_peak_gflops(precision, threads);
}

}  // namespace qyolo::engine

namespace qyolo::datasets {

Result<ImageSize> read_image_size(const std::filesystem::path& path) {
  QYOLO_TRY(const harness::ImageBackend* loaded, harness::backend<harness::ImageBackend>());
  return loaded->read_image_size(path);
}

Result<ImageDamage> examine_image(const std::filesystem::path& path) {
  QYOLO_TRY(const harness::ImageBackend* loaded, harness::backend<harness::ImageBackend>());
  return loaded->examine_image(path);
}

Result<Letterboxed> letterbox_picture(const Picture& picture, const std::string& name, int height,
                                      int width, int image_size) {
  QYOLO_TRY(const harness::ImageBackend* loaded, harness::backend<harness::ImageBackend>());
  return loaded->letterbox_picture(picture, name, height, width, image_size);
}

Result<Letterboxed> load_letterboxed(const std::filesystem::path& path, int height, int width,
                                     int image_size) {
  QYOLO_TRY(const harness::ImageBackend* loaded, harness::backend<harness::ImageBackend>());
  return loaded->load_letterboxed(path, height, width, image_size);
}

}  // namespace qyolo::datasets
