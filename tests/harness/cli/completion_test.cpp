// Completion in real shells, and the manual pages, as the binary prints them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <sstream>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

bool has_program(const char* name) {
  return run_process({"/bin/sh", "-c", std::string("command -v ") + name}).exit_code == 0;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// What `qyolo --help` lists.
std::vector<std::string> commands() {
  std::vector<std::string> names;
  const std::string help = qyolo({"--help"}).out;
  for (const std::string& line : lines_of(help.substr(help.find("Subcommands:")))) {
    if (line.starts_with("  ") && std::isalpha(static_cast<unsigned char>(line[2])) != 0)
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

class Completion : public ::testing::Test {
 protected:
  // What is offered for the last of the words, as readline splits them; and what readline is told.
  std::vector<std::string> bash(const std::vector<std::string>& words) {
    const fs::path script = folder_.path() / "qyolo.bash";
    if (!fs::exists(script)) std::ofstream(script) << qyolo({"completion", "bash"}).out;
    std::vector<std::string> arguments = {
        "/bin/bash", "--norc", "-c",
        "source \"$0\" && compopt() { told+=\"$* \"; } && COMP_WORDS=(qyolo \"$@\") && "
        "COMP_CWORD=$# && _qyolo && printf '%s\\n' \"${COMPREPLY[@]}\" \"$told\"",
        script.string()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const ProcessResult result = run_process(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    std::vector<std::string> offered = lines_of(result.out);
    told_ = offered.back();
    offered.pop_back();
    if (offered.size() == 1 && offered.front().empty()) offered.clear();
    return offered;
  }
  [[nodiscard]] const std::string& told() const { return told_; }
  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::string told_;
};

TEST_F(Completion, BashOffersTheCommands) {
  EXPECT_EQ(bash({""}), commands());
  EXPECT_THAT(bash({"ben"}), ElementsAre("bench"));
  EXPECT_THAT(bash({"--v"}), ElementsAre("--version"));
}

TEST_F(Completion, BashOffersTheOptionsOfEachCommand) {
  for (const std::string& command : commands()) {
    const std::string help = qyolo({command, "--help"}).out;
    std::vector<std::string> offered = bash({command, "--"});
    EXPECT_THAT(offered, Contains("--help")) << command;
    for (const std::string& option : offered) EXPECT_THAT(help, HasSubstr(option)) << command;
    for (const std::string& line : lines_of(help)) {
      const std::size_t name = line.find("--");
      if (!line.starts_with("  -") || name == std::string::npos) continue;
      EXPECT_THAT(offered, Contains(line.substr(name, line.find_first_of(" ,", name) - name)))
          << command;
    }
  }
  EXPECT_THAT(bash({"bench", "--"}), Not(Contains("--report-memory"))) << "a hidden option";
}

TEST_F(Completion, BashOffersTheValuesOfAnOption) {
  EXPECT_THAT(bash({"tables", "runs/demo", "-o", ""}), ElementsAre("md", "csv", "tex", "json"));
  EXPECT_THAT(bash({"eval", "--scheme", "pwlq-"}), ElementsAre("pwlq-fang", "pwlq-overlap"));
  EXPECT_THAT(bash({"eval", "--scheme", "=", "sym"}), ElementsAre("symmetric"));
  EXPECT_THAT(bash({"eval", "--scheme", "affine", "--fo"}), ElementsAre("--fold"));
  EXPECT_THAT(bash({"completion", ""}), ElementsAre("bash", "zsh"));
}

TEST_F(Completion, BashCompletesListsValueByValue) {
  EXPECT_THAT(bash({"bench", "--precision", "fp32,"}), ElementsAre("fp32,bf16", "fp32,int8"));
  EXPECT_EQ(told(), "-o nospace ") << "another value may follow";
  EXPECT_THAT(bash({"bench", "--precision", "fp32", "int"}), ElementsAre("int8"));
}

TEST_F(Completion, BashKnowsFamiliesOfValues) {
  EXPECT_THAT(bash({"eval", "--range", "perc"}), ElementsAre("percentile:"));
  EXPECT_EQ(told(), "-o nospace ");
  EXPECT_THAT(bash({"eval", "--range", "percentile", ":", "9"}), IsEmpty());
  EXPECT_THAT(bash({"eval", "--range", "percentile", ":", "99", "--rul"}), ElementsAre("--rule"));
}

TEST_F(Completion, BashLeavesFilesAndFoldersToReadline) {
  EXPECT_THAT(bash({"eval", "--annotations", ""}), IsEmpty());
  EXPECT_EQ(told(), "");
  EXPECT_THAT(bash({"detect", "a.jpg", "b.jpg", ""}), IsEmpty());
  EXPECT_EQ(told(), "");
  EXPECT_THAT(bash({"eval", "--images", ""}), IsEmpty());
  EXPECT_EQ(told(), "+o bashdefault +o default -o dirnames ");
  EXPECT_THAT(bash({"eval", "--img", ""}), IsEmpty());
  EXPECT_EQ(told(), "+o bashdefault +o default ") << "a number";
}

// Types the line and TAB into an interactive zsh, and prints what the line has become.
constexpr const char* kZshDriver = R"(
zmodload zsh/zpty || exit 3
folder=$1
print -r -- "PS1= PS2=; unsetopt beep; fpath=($folder \$fpath); autoload -Uz compinit; compinit -u -D
show() { print -r -- \$BUFFER >$folder/line; print -r -- END }; zle -N show; bindkey '^X' show
print READY" >$folder/setup
zpty shell zsh -f -i
zpty -w shell ". $folder/setup"
zpty -r shell said '*READY*'
zpty -w -n shell "$2"$'\t\x18'
zpty -r shell said '*END*'
zpty -d shell
)";

TEST_F(Completion, ZshCompletesTheLine) {
  if (!has_program("zsh")) GTEST_SKIP() << "zsh is not installed";
  std::ofstream(folder() / "_qyolo") << qyolo({"completion", "zsh"}).out;
  std::ofstream(folder() / "driver") << kZshDriver;
  const auto zsh = [&](const std::string& typed) {
    const ProcessResult result =
        run_process({"/bin/sh", "-c", "cd \"$0\" && exec zsh -f driver \"$0\" \"$1\"",
                     folder().string(), typed});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return content_of(folder() / "line");
  };
  EXPECT_EQ(zsh("qyolo ben"), "qyolo bench \n");
  EXPECT_EQ(zsh("qyolo bench --prec"), "qyolo bench --precision=\n");
  EXPECT_THAT(zsh("qyolo bench --precision fp32,b"), HasSubstr("--precision fp32,bf16"));
  EXPECT_EQ(zsh("qyolo tables run -o c"), "qyolo tables run -o csv \n");
  EXPECT_EQ(zsh("qyolo eval --annotations driv"), "qyolo eval --annotations driver \n");
  EXPECT_EQ(zsh("qyolo eval --scheme nonsense"), "qyolo eval --scheme nonsense\n");
}

TEST_F(Completion, AnUnknownShellIsRefused) {
  const ProcessResult result = qyolo({"completion", "fish"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("fish not in {bash,zsh}"));
}

class Manual : public ::testing::Test {
 protected:
  Manual() { made_ = qyolo({"manual", "--out", folder_.path().string()}); }

  [[nodiscard]] std::vector<fs::path> pages() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) found.push_back(entry.path());
    return found;
  }
  [[nodiscard]] const ProcessResult& made() const { return made_; }
  [[nodiscard]] fs::path page(const std::string& name) const { return folder_.path() / name; }

 private:
  TemporaryFolder folder_;
  ProcessResult made_;
};

TEST_F(Manual, HasAPageForEachCommand) {
  ASSERT_EQ(made().exit_code, 0) << made().err;
  EXPECT_EQ(pages().size(), commands().size() + 1);
  for (const std::string& command : commands()) {
    const std::string text = content_of(page("qyolo-" + command + ".1"));
    EXPECT_EQ(text, qyolo({"manual", command}).out);
    EXPECT_THAT(text, HasSubstr(".SH EXAMPLES\n")) << command;
    EXPECT_THAT(content_of(page("qyolo.1")), HasSubstr("\\fBqyolo\\-" + command + "\\fR(1)"));
  }
}

TEST_F(Manual, SaysValuesLimitsAndDefaults) {
  const std::string text = content_of(page("qyolo-bench.1"));
  EXPECT_THAT(text, HasSubstr("\\fB\\-\\-weights\\fR \\fBplain\\fR|\\:\\fBpacked\\fR[,...]"));
  EXPECT_THAT(text, HasSubstr("(32 to 8192; default: 640)"));
  EXPECT_THAT(text, Not(HasSubstr("report\\-memory"))) << "a hidden option";
}

TEST_F(Manual, PassesTheCheckOfMandoc) {
  if (!has_program("mandoc")) GTEST_SKIP() << "mandoc is not installed";
  for (const fs::path& file : pages()) {
    const ProcessResult checked =
        run_process({"/bin/sh", "-c", "mandoc -T lint -W warning \"$0\"", file.string()});
    EXPECT_EQ(checked.out, "") << file;
    EXPECT_EQ(checked.exit_code, 0);
  }
}

TEST_F(Manual, IsReadByManWithoutWarnings) {
  if (!has_program("man") || !has_program("groff")) GTEST_SKIP() << "man or groff is not installed";
  for (const fs::path& file : pages()) {
    const ProcessResult read = run_process(
        {"/bin/sh", "-c", "LC_ALL=C MANWIDTH=80 man --warnings -l \"$0\"", file.string()});
    EXPECT_EQ(read.exit_code, 0) << file;
    EXPECT_EQ(read.err, "") << file;
  }
}

TEST_F(Manual, AnUnknownCommandIsRefused) {
  expect_one_sentence(qyolo({"manual", "nonsense"}), "there is no command 'nonsense'");
}

// The version is written in three places.
TEST(Release, ChangelogVersionAndDateAgree) {
  for (const std::string& line : lines_of(content_of(source_dir() / "CHANGELOG.md"))) {
    if (!line.starts_with("## [") || line.starts_with("## [Unreleased]")) continue;
    const std::string version = line.substr(4, line.find(']') - 4);
    const std::string date = line.substr(line.size() - 10);
    EXPECT_THAT(qyolo({"--version"}).out, HasSubstr("qyolo " + version + " ("));
    EXPECT_THAT(qyolo({"manual"}).out, HasSubstr(".TH QYOLO 1 " + date + " \"qyolo " + version));
    return;
  }
  FAIL() << "CHANGELOG.md has no release";
}

}  // namespace
}  // namespace qyolo::testing
