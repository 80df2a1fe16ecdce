#include <fmt/chrono.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "datasets/download.h"
#include "harness/cli/command.h"

namespace qyolo::cli {
namespace {

using datasets::Fetched;
using datasets::FetchProgress;

struct FetchArguments {
  std::string item;
  std::string to = datasets::kDownloads;
  std::string from;
};

// A bar on a terminal, nothing anywhere else.
class Bar {
 public:
  void show(const FetchProgress& progress);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  FetchProgress begun_;
  Clock::time_point start_;
  Clock::time_point drawn_;
};

std::string amount(const FetchProgress& progress) {
  if (progress.total == 0) return "";
  if (progress.stage != FetchProgress::Stage::downloading) {
    return fmt::format("{} of {}", grouped(progress.done), grouped(progress.total));
  }
  return fmt::format("{:.1f} of {:.1f} MB", static_cast<double>(progress.done) / 1e6,
                     static_cast<double>(progress.total) / 1e6);
}

const char* verb(FetchProgress::Stage stage) {
  switch (stage) {
    case FetchProgress::Stage::downloading:
      return "fetching";
    case FetchProgress::Stage::checking:
      return "checking";
    case FetchProgress::Stage::unpacking:
      return "unpacking";
  }
  return "";
}

void Bar::show(const FetchProgress& progress) {
  if (!terminal_) return;
  const auto now = Clock::now();
  const bool another = progress.name != begun_.name || progress.stage != begun_.stage;
  if (another) {
    begun_ = progress;
    start_ = now;
  } else if (progress.done < progress.total && now - drawn_ < std::chrono::milliseconds(100)) {
    return;
  }
  drawn_ = now;
  std::string line = fmt::format("{} {}", verb(progress.stage), progress.name);
  if (progress.total > 0) {
    constexpr std::size_t kWidth = 28;
    const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
    std::string bar(static_cast<std::size_t>(share * kWidth), '#');
    bar.resize(kWidth, '.');
    line = fmt::format("[{}] {:3.0f}%  {}  {}", bar, share * 100, line, amount(progress));
  }
  const double spent = std::chrono::duration<double>(now - start_).count();
  if (progress.stage == FetchProgress::Stage::downloading && spent > 1) {
    const double rate =
        static_cast<double>(progress.done - std::min(begun_.done, progress.done)) / spent;
    line += fmt::format("  {:.1f} MB/s", rate / 1e6);
    if (rate > 0 && progress.total > 0) {
      const double left = static_cast<double>(progress.total - progress.done) / rate;
      line += fmt::format("  {:%H:%M:%S} left", std::chrono::seconds(static_cast<long>(left)));
    }
  }
  say_raw("\r\033[K");
  say("{}", line);
  std::fflush(stderr);
  shown_ = true;
}

void Bar::clear() {
  if (shown_) say_raw("\r\033[K");
  shown_ = false;
}

std::string verdict(const Fetched& fetched) {
  if (fetched.verified) return "SHA-256 verified";
  const std::string hash = fetched.sha256.empty() ? "" : fetched.sha256 + " ";
  return fmt::format("SHA-256 {}could not be verified: none is published", hash);
}

std::string summary(const Fetched& fetched) {
  std::string text = fetched.path.string() + ": ";
  if (fetched.source.empty()) {
    return text +
           (fetched.verified ? "already there, verified" : "already there, " + verdict(fetched));
  }
  if (fetched.files > 1) text += grouped(fetched.files) + " files, ";
  text +=
      fmt::format("{} bytes from {}, {}", grouped(fetched.bytes), fetched.source, verdict(fetched));
  if (fetched.resumed_at > 0) {
    text += fmt::format(" ({} bytes were left of an interrupted download)",
                        grouped(fetched.resumed_at));
  }
  return text;
}

Result<int> fetch(const FetchArguments& arguments) {
  Bar bar;
  datasets::FetchOptions options;
  options.to = arguments.to;
  options.from = arguments.from;
  options.progress = [&bar](const FetchProgress& progress) { bar.show(progress); };
  options.note = [&bar](const std::string& text) {
    bar.clear();
    say("{}\n", text);
  };
  QYOLO_TRY(const datasets::RegistryItem item, datasets::find_item(arguments.item));
  const auto fetched = datasets::fetch(item, options);
  bar.clear();
  if (!fetched) return fetched.error();
  for (const Fetched& file : *fetched) print("{}\n", summary(file));
  return 0;
}

std::vector<std::string> item_names() {
  std::vector<std::string> names;
  for (const datasets::RegistryItem& item : datasets::registry()) names.emplace_back(item.name);
  return names;
}

std::string items_help() {
  std::string text = "What to fetch:";
  for (const datasets::RegistryItem& item : datasets::registry()) {
    text += fmt::format("\n  {}: {}", item.name, item.description);
  }
  return text;
}

}  // namespace

void add_fetch(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<FetchArguments>();
  CLI::App* command = app.add_subcommand(
      "fetch",
      "Official checkpoints and COCO val2017, checked; goes on with an interrupted download");
  command->add_option("item", arguments->item, items_help())
      ->check(offered(item_names()))
      ->required();
  command->add_option("--to", arguments->to, "Folder to put it in")
      ->type_name(kFolderType)
      ->check(written())
      ->capture_default_str();
  command->add_option(
      "--from", arguments->from,
      "Instead of the publisher: a folder, file:///folder or http(s)://mirror/folder that "
      "holds files of the same names");
  command->footer(
      "Example: qyolo fetch yolov7\n"
      "         qyolo fetch coco-val2017 --from /media/usb/coco");
  command->callback([arguments, &action] { action = [arguments] { return fetch(*arguments); }; });
}

}  // namespace qyolo::cli
