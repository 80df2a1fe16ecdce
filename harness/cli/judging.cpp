#include "harness/cli/judging.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "common/shell.h"
#include "harness/cli/command.h"
#include "harness/evaluate/export_network.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kNotInstalled = 77;  // as scripts/judge says it

fs::path this_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored);
}

// Beside the sources, or where it is installed.
Result<fs::path> judge_script() {
  const fs::path folder = this_program().parent_path().parent_path();
  for (const fs::path& path : {folder / "scripts/judge", folder / "share/qyolo/judge"}) {
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return path;
  }
  return error("--judge: there is neither scripts/judge nor share/qyolo/judge in {}",
               folder.string());
}

// A folder of our own for the exported file, removed in the end.
class WorkFolder {
 public:
  static Result<WorkFolder> make() {
    std::error_code code;
    std::string name = (fs::temp_directory_path(code) / "qyolo-judge-XXXXXX").string();
    if (code || mkdtemp(name.data()) == nullptr)
      return error("--judge: no folder can be made for the exported file");
    return WorkFolder(name);
  }
  WorkFolder(WorkFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit WorkFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

struct Ran {
  int exit_code = -1;
  std::string out;
};

Result<Ran> run(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return error("{} cannot be started", command);
  Ran ran;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    ran.out.append(buffer.data(), count);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.exit_code = WEXITSTATUS(status);
  return ran;
}

Result<results::JudgedRecord> judged_by(const std::string& runtime,
                                        const EvaluationArguments& evaluation,
                                        const harness::CalibrationSet& calibration,
                                        const harness::Cell& cell) {
  QYOLO_TRY(const fs::path script, judge_script());
  QYOLO_TRY(const WorkFolder work, WorkFolder::make());
  harness::ExportRequest request;
  request.model = evaluation.model;
  request.out = work.path() / "network.onnx";
  request.cell = cell;
  QYOLO_TRY(request.options.target, harness::parse_onnx_target(runtime));
  request.options.height = request.options.width = request.image_size =
      evaluation.options.image_size;
  if (!calibration.images.empty()) request.calibration = calibration;
  request.threads = evaluation.threads;
  QYOLO_TRY(const harness::ExecutorFactory factory, evaluation.executor.factory());
  QYOLO_TRY([[maybe_unused]] const auto report, harness::export_network(request, factory));
  std::string command =
      fmt::format("python3 {} {} --runtime {} --images {} --annotations {} --qyolo {} --json",
                  shell_quoted(script.string()), shell_quoted(request.out.string()), runtime,
                  shell_quoted(evaluation.data.images), shell_quoted(evaluation.data.annotations),
                  shell_quoted(this_program().string()));
  if (const ImageLimit& limit = evaluation.options.limit; !limit.all())
    command += fmt::format(" --limit {}", limit.text());
  if (evaluation.threads > 0) command += fmt::format(" --threads {}", evaluation.threads);
  QYOLO_TRY(const Ran ran, run(command + " 2>/dev/null"));
  if (ran.exit_code == kNotInstalled) {
    return error(
        "{0} is not installed in python3, nor where QYOLO_PYTHON says: `pip install numpy {0}` in "
        "a "
        "virtual environment, whose python3 QYOLO_PYTHON names",
        runtime);
  }
  if (ran.exit_code != 0) return error("the judge failed, as `{}` shows", command);
  return results::parse_judged(ran.out);
}

}  // namespace

void JudgeArguments::add_to(CLI::App& command) {
  command
      .add_option("--judge", runtimes,
                  "Export what is recommended and run it in these runtimes, where they are "
                  "installed for Python: its AP there, beside the one here, and its latency")
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>{"onnxruntime", "openvino"}));
}

Status JudgeArguments::check(const DataArguments& data) const {
  if (runtimes.empty() || (data.data.empty() && data.class_map.empty())) return {};
  return error("--judge takes data by --images and --annotations, without --class-map");
}

std::vector<results::JudgedRecord> JudgeArguments::judge(const EvaluationArguments& evaluation,
                                                         const harness::CalibrationSet& calibration,
                                                         const harness::Cell& cell) const {
  std::vector<results::JudgedRecord> judged;
  for (const std::string& runtime : runtimes) {
    auto one = judged_by(runtime, evaluation, calibration, cell);
    if (one.ok()) {
      judged.push_back(std::move(one).value());
    } else {
      say("warning: not judged: {}\n", one.error().message);
    }
  }
  return judged;
}

}  // namespace qyolo::cli
