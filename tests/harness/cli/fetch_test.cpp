// `qyolo fetch` as its users run it; the server is on the loopback interface. The registry's real
// files cannot be here, so that a complete download ends with the refusal of its content.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/cli/qyolo.h"
#include "tests/support/http_server.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kTinyBytes = 12'639'769;  // of the official yolov7-tiny.pt

class FetchCommand : public ::testing::Test {
 protected:
  void SetUp() override { setenv("no_proxy", "127.0.0.1", 1); }
  ProcessResult fetch(const std::string& from, const std::function<bool()>& kill_when = {}) const {
    return qyolo({"fetch", "yolov7-tiny", "--to", to().string(), "--from", from}, kill_when);
  }
  [[nodiscard]] fs::path to() const { return folder_.path() / "downloads"; }
  [[nodiscard]] fs::path partial() const { return to() / "yolov7-tiny.pt.partial"; }

  TemporaryFolder folder_;
};

TEST_F(FetchCommand, WithoutANetworkSaysOnStderrWhatToDoByHand) {
  const auto result = fetch("http://127.0.0.1:1/mirror");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err,
              StartsWith("qyolo: http://127.0.0.1:1/mirror/yolov7-tiny.pt cannot be reached: "));
  EXPECT_THAT(
      result.err,
      HasSubstr("\nTo do it by hand, on a machine with a network get\n"
                "  https://github.com/WongKinYiu/yolov7/releases/download/v0.1/yolov7-tiny.pt\n"
                "    size:    12,639,769 bytes\n"
                "    SHA-256: 0fa1423606133c06362ec716029dade1169d5631e83195b75d8efa66d2ee0b77\n"
                "    put at:  " +
                (to() / "yolov7-tiny.pt").string() + "\nand run `qyolo fetch yolov7-tiny --to " +
                to().string() + "` again, which checks it.\n"));
}

TEST_F(FetchCommand, AKilledDownloadGoesOnWhereItStopped) {
  HttpServer server;
  ServedFile file{std::string(kTinyBytes, '\0')};
  file.drop_after = 1'000'000;
  file.stall = true;
  server.put("/yolov7-tiny.pt", file);
  const auto killed = fetch(server.url(), [&] {
    std::error_code code;
    return fs::file_size(partial(), code) == 1'000'000 && !code;
  });
  ASSERT_EQ(killed.exit_code, -1) << killed.err;

  server.put("/yolov7-tiny.pt", {file.content});
  const auto result = fetch(server.url());
  EXPECT_EQ(server.requests().back().range, "bytes=1000000-");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  // sha256sum of 12,639,769 zero bytes
  EXPECT_THAT(
      result.err,
      HasSubstr(
          "has SHA-256 54b9137835c0deb16464daf3369e5e48c066f62738eeb0fb7d5b0b17e9e81faf, expected "
          "0fa1423606133c06362ec716029dade1169d5631e83195b75d8efa66d2ee0b77"));
  EXPECT_TRUE(fs::is_empty(to()));
}

TEST_F(FetchCommand, BadInputIsOneSentence) {
  const auto said = [](const ProcessResult& result) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    return result.err.substr(0, result.err.find("\nrepeat with"));
  };
  EXPECT_EQ(said(qyolo({"fetch", "yolov8"})),
            "qyolo: 'yolov8' is nothing that can be fetched, expected yolov7, yolov7-tiny, "
            "coco-val2017\n");
  EXPECT_EQ(said(fetch("/absent")),
            "qyolo: /absent is not a folder, expected one that holds yolov7-tiny.pt\n");
  { std::ofstream(folder_.path() / "yolov7-tiny.pt") << "short"; }
  EXPECT_EQ(said(fetch(folder_.path().string())),
            "qyolo: " + (folder_.path() / "yolov7-tiny.pt").string() +
                " has 5 bytes, expected 12,639,769\n");
  EXPECT_EQ(qyolo({"fetch"}).exit_code, 2);
}

TEST_F(FetchCommand, HelpListsWhatThereIs) {
  const auto help = qyolo({"fetch", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* piece :
       {"yolov7-tiny", "coco-val2017", "downloads", "--from", "Example: qyolo fetch yolov7"}) {
    EXPECT_THAT(help.out, HasSubstr(piece));
  }
}

}  // namespace
}  // namespace qyolo::testing
