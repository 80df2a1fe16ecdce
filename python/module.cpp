// The module qyolo._native.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>
#include <vector>

#include "common/version.h"
#include "harness/backend/backend_folder.h"
#include "python/coco_data.h"
#include "python/coco_evaluation.h"
#include "python/network_requests.h"
#include "python/python_values.h"

namespace qyolo::python {
namespace {

using Documents = std::pair<std::string, std::vector<std::string>>;

// Tells `callback`, if any, and ends the work where Python wants to: by Ctrl-C, or by an exception
// of the callback. Owns nothing, so that it may be copied without the GIL; `callback` must outlive
// it.
Progress progress_to(nb::handle callback) {
  return [callback](std::size_t done, std::size_t total) {
    nb::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (!callback.is_none()) callback(done, total);
  };
}

Documents evaluate(const std::string& request, const nb::object& progress) {
  const Progress told = progress_to(progress);
  nb::gil_scoped_release release;
  Answer answer = value_or_raise(evaluate_network(request, told));
  return {std::move(answer.document), std::move(answer.warnings)};
}

Documents quantize(const std::string& request) {
  nb::gil_scoped_release release;
  Answer answer = value_or_raise(quantize_network(request));
  return {std::move(answer.document), std::move(answer.warnings)};
}

}  // namespace
}  // namespace qyolo::python

NB_MODULE(_native, module) {
  namespace nb = nanobind;
  using namespace qyolo::python;
  module.attr("__version__") = qyolo::kVersion;
  module.attr("git_commit") = qyolo::kGitCommit;
  module.def(
      "set_library_folder",
      [](const std::string& folder) { qyolo::harness::set_backend_folder(folder); },
      nb::arg("folder"));
  module.def("evaluate", &evaluate, nb::arg("request"), nb::arg("progress").none());
  module.def("quantize", &quantize, nb::arg("request"));
  add_coco_data(module);
  add_coco_evaluation(module);
}
