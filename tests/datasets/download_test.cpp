#include "datasets/download.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "common/sha256.h"
#include "tests/datasets/fetching.h"
#include "tests/support/http_server.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::IsEmpty;
using testing::ServedFile;
using ::testing::StartsWith;

std::string noise(std::size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// One file of noise, and a server that has it.
class FetchingAFile : public Fetching {
 protected:
  static constexpr std::size_t kBytes = 300'000;

  void SetUp() override {
    Fetching::SetUp();
    server_.put("/model.bin", {content_});
  }
  [[nodiscard]] RegistryItem item() const {
    return {"model",
            "a test",
            "",
            {{"model.bin", server_.url("/model.bin"), kBytes, sha256_hex(content_), std::nullopt}}};
  }
  [[nodiscard]] RegistryItem without_hash() const {
    RegistryItem changed = item();
    changed.files[0].sha256.clear();
    return changed;
  }
  // What a process leaves that is killed after `bytes`.
  void interrupt_after(std::size_t bytes, const std::string& etag = "\"1\"") {
    ServedFile cut{content_, etag};
    cut.drop_after = bytes;
    server_.put("/model.bin", cut);
    options_.attempts = 1;
    EXPECT_THAT(failure(item()), HasSubstr("was cut off after"));
    EXPECT_EQ(content_of(partial()).size(), bytes);
    server_.put("/model.bin", {content_, etag});
  }
  [[nodiscard]] fs::path target() const { return to() / "model.bin"; }
  [[nodiscard]] fs::path partial() const { return to() / "model.bin.partial"; }

  const std::string content_ = noise(kBytes, 1);
  HttpServer server_;
};

TEST_F(FetchingAFile, BringsTheFileAndNothingElse) {
  const Fetched file = fetched(item())[0];
  EXPECT_EQ(file.path, target());
  EXPECT_EQ(file.source, server_.url("/model.bin"));
  EXPECT_TRUE(file.verified);
  EXPECT_EQ(file.sha256, sha256_hex(content_));
  EXPECT_EQ(file.bytes, kBytes);
  EXPECT_EQ(file.resumed_at, 0U);
  EXPECT_EQ(content_of(target()), content_);
  EXPECT_THAT(tree(to()), ElementsAre("model.bin"));
}

TEST_F(FetchingAFile, ReportsProgressUpToTheEnd) {
  std::vector<std::uint64_t> done;
  options_.progress = [&](const FetchProgress& progress) {
    if (progress.stage != FetchProgress::Stage::downloading) return;
    EXPECT_EQ(progress.name, "model.bin");
    EXPECT_EQ(progress.total, kBytes);
    done.push_back(progress.done);
  };
  fetched(item());
  ASSERT_GE(done.size(), 2U);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.front(), 0U);
  EXPECT_EQ(done.back(), kBytes);
}

TEST_F(FetchingAFile, AFileThatIsThereIsCheckedAndNotFetchedAgain) {
  put(target(), content_);
  const Fetched file = fetched(item())[0];
  EXPECT_TRUE(file.source.empty());
  EXPECT_TRUE(file.verified);
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(FetchingAFile, AnotherFileOfThatNameIsLeftAlone) {
  const std::string other = noise(kBytes, 2);
  put(target(), other);
  EXPECT_EQ(failure(item()),
            target().string() + " has SHA-256 " + sha256_hex(other) + ", expected " +
                sha256_hex(content_) +
                ": it is not the published model.bin; move it away, or fetch to another folder "
                "(--to)");
  EXPECT_EQ(content_of(target()), other);
}

TEST_F(FetchingAFile, ComesFromAFolderHoweverItIsWritten) {
  put(source() / "model.bin", content_);
  std::string escaped = source().string();
  escaped.replace(escaped.find(' '), 1, "%20");
  for (const std::string& from :
       {source().string(), source().string() + "/", (source() / "model.bin").string(),
        "file://" + escaped, "file://" + escaped + "/model.bin"}) {
    options_.from = from;
    const Fetched file = fetched(item())[0];
    EXPECT_EQ(file.source, (source() / "model.bin").string()) << from;
    EXPECT_EQ(content_of(target()), content_) << from;
    fs::remove_all(to());
  }
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(FetchingAFile, ComesFromAMirror) {
  server_.put("/mirror/models/model.bin", {content_});
  RegistryItem elsewhere = item();
  elsewhere.files[0].url = "http://127.0.0.1:1/model.bin";
  for (const char* from : {"/mirror/models", "/mirror/models/", "/mirror/models/model.bin"}) {
    options_.from = server_.url(from);
    EXPECT_EQ(fetched(elsewhere)[0].source, server_.url("/mirror/models/model.bin"));
    fs::remove_all(to());
  }
}

TEST_F(FetchingAFile, SourcesThatMakeNoSenseAreRefused) {
  const auto refusal = [&](const std::string& from) {
    options_.from = from;
    return failure(item());
  };
  EXPECT_EQ(refusal("ftp://host/x"),
            "'ftp://host/x' is not understood, expected http://, https://, file:/// or a folder");
  EXPECT_EQ(refusal("http://host/x?y"),
            "'http://host/x?y' has a query, expected the address of a folder that holds the files");
  EXPECT_EQ(refusal("file://host/x"), "'file://host/x' is not a local file, expected file:///path");
  EXPECT_THAT(refusal("file:///a%2"), HasSubstr("'%'"));
  EXPECT_EQ(refusal("/absent"), "/absent is not a folder, expected one that holds model.bin");
  EXPECT_EQ(refusal(source().string()),
            (source() / "model.bin").string() + " cannot be opened: No such file or directory");
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(FetchingAFile, FollowsARedirectWhoseHeadersAreNotTheFiles) {
  ServedFile redirect;
  redirect.status = 302;
  redirect.location = "/elsewhere";
  redirect.etag = "\"of the redirect\"";
  server_.put("/model.bin", redirect);
  ServedFile cut{content_, ""};
  cut.drop_after = 100'000;
  server_.put("/elsewhere", cut);
  server_.put_next("/elsewhere", {content_, ""});
  fetched(item());
  EXPECT_EQ(content_of(target()), content_);
  EXPECT_EQ(server_.requests().back().range, "bytes=100000-");
  EXPECT_EQ(server_.requests().back().if_range, "");
}

TEST_F(FetchingAFile, WrongContentIsDeletedAndReported) {
  const std::string wrong = noise(kBytes, 2);
  server_.put("/model.bin", {wrong});
  EXPECT_EQ(failure(item()), "what " + server_.url("/model.bin") +
                                 " sent was deleted: " + partial().string() + " has SHA-256 " +
                                 sha256_hex(wrong) + ", expected " + sha256_hex(content_));
  EXPECT_THAT(tree(to()), IsEmpty());
}

TEST_F(FetchingAFile, AWrongSizeIsReportedBeforeAnythingIsStored) {
  server_.put("/model.bin", {content_ + "x"});
  EXPECT_EQ(failure(item()), server_.url("/model.bin") + " has 300,001 bytes, expected 300,000");
  put(source() / "model.bin", content_.substr(1));
  options_.from = source().string();
  EXPECT_EQ(failure(item()),
            (source() / "model.bin").string() + " has 299,999 bytes, expected 300,000");
  EXPECT_THAT(tree(to()), IsEmpty());
}

TEST_F(FetchingAFile, ASourceOfUnannouncedSizeIsCutOffAtTheExpectedOne) {
  ServedFile endless{content_ + content_};
  endless.with_length = false;
  server_.put("/model.bin", endless);
  EXPECT_EQ(failure(item()),
            server_.url("/model.bin") + " sends more than the expected 300,000 bytes");
  EXPECT_THAT(tree(to()), IsEmpty());
}

TEST_F(FetchingAFile, ALostConnectionIsTakenUpWhereItBroke) {
  ServedFile cut{content_};
  cut.drop_after = 100'000;
  server_.put("/model.bin", cut);
  server_.put_next("/model.bin", {content_});
  fetched(item());
  EXPECT_EQ(content_of(target()), content_);
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].range, "");
  EXPECT_EQ(requests[1].range, "bytes=100000-");
  EXPECT_EQ(requests[1].if_range, "\"1\"");
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_THAT(notes_[0],
              StartsWith(server_.url("/model.bin") + " was cut off after 100,000 bytes"));
  EXPECT_THAT(notes_[0], HasSubstr("attempt 2 of 5 follows"));
}

TEST_F(FetchingAFile, AnUnannouncedEndIsALostConnectionToo) {
  ServedFile cut{content_};
  cut.drop_after = 1000;
  cut.with_length = false;
  server_.put("/model.bin", cut);
  server_.put_next("/model.bin", {content_});
  fetched(item());
  EXPECT_EQ(server_.requests()[1].range, "bytes=1000-");
}

TEST_F(FetchingAFile, GivesUpAfterTheAttemptsAndKeepsWhatItHas) {
  ServedFile cut{content_};
  cut.drop_after = 50'000;
  server_.put("/model.bin", cut);
  options_.attempts = 3;
  const std::string message = failure(item());
  EXPECT_THAT(message, HasSubstr("(3 attempts; the next fetch goes on from here)"));
  EXPECT_THAT(message, HasSubstr("To do it by hand"));
  EXPECT_EQ(server_.requests().size(), 3U);
  EXPECT_EQ(content_of(partial()), content_.substr(0, 150'000));
}

TEST_F(FetchingAFile, TheNextProcessGoesOnWhereTheLastOneWasKilled) {
  interrupt_after(123'456);
  const Fetched file = fetched(item())[0];
  EXPECT_EQ(file.resumed_at, 123'456U);
  EXPECT_EQ(server_.requests().back().range, "bytes=123456-");
  EXPECT_EQ(content_of(target()), content_);
  EXPECT_THAT(tree(to()), ElementsAre("model.bin"));
}

TEST_F(FetchingAFile, AChangedSourceIsFetchedFromTheStart) {
  interrupt_after(100'000, "\"old\"");
  server_.put("/model.bin", {content_, "\"new\""});
  // The old version's bytes would not fit the new version's.
  put(partial(), std::string(100'000, 'x'));
  const Fetched file = fetched(item())[0];
  EXPECT_EQ(server_.requests().back().if_range, "\"old\"");
  EXPECT_EQ(file.resumed_at, 0U);
  EXPECT_EQ(content_of(target()), content_);
}

TEST_F(FetchingAFile, AnotherSourceIsFetchedFromTheStart) {
  interrupt_after(100'000);
  server_.put("/mirror/model.bin", {content_});
  options_.from = server_.url("/mirror");
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
  EXPECT_EQ(server_.requests().back().range, "");
}

TEST_F(FetchingAFile, AServerWithoutRangesSendsItAllAgain) {
  interrupt_after(100'000);
  ServedFile whole{content_};
  whole.ranges = false;
  server_.put("/model.bin", whole);
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
  EXPECT_EQ(content_of(target()), content_);
}

TEST_F(FetchingAFile, AnAnswerFromElsewhereInTheFileIsNotUsed) {
  interrupt_after(100'000);
  ServedFile shifted{content_};
  shifted.shift_range = 7;
  server_.put("/model.bin", shifted);
  options_.attempts = 2;
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
  EXPECT_EQ(server_.requests().back().range, "");
  EXPECT_EQ(content_of(target()), content_);
}

TEST_F(FetchingAFile, BytesOfUnknownOriginAreNotUsed) {
  put(partial(), std::string(1000, 'x'));
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
  fs::remove(target());
  put(partial(), std::string(1000, 'x'));
  put(to() / "model.bin.partial.json", R"({"url": )");
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
  EXPECT_EQ(content_of(target()), content_);
}

TEST_F(FetchingAFile, AValidatorOnDiskCannotAddHeaders) {
  interrupt_after(100'000);
  put(to() / "model.bin.partial.json", R"({"url": ")" + server_.url("/model.bin") +
                                           R"(", "validator": "\"1\"\r\nRange: bytes=5-"})");
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
  EXPECT_EQ(server_.requests().back().range, "");
}

TEST_F(FetchingAFile, KilledBeforeTheCheckNothingIsSentAgain) {
  interrupt_after(100'000);
  const std::size_t requests = server_.requests().size();
  put(partial(), content_);
  EXPECT_EQ(fetched(item())[0].resumed_at, kBytes);
  EXPECT_EQ(server_.requests().size(), requests);
}

TEST_F(FetchingAFile, ADamagedPartialFileIsFoundOutAndDeleted) {
  interrupt_after(100'000);
  put(partial(), std::string(100'000, 'x'));
  EXPECT_THAT(failure(item()), HasSubstr("was deleted"));
  EXPECT_THAT(tree(to()), IsEmpty());
  fetched(item());
  EXPECT_EQ(content_of(target()), content_);
}

// While it lives, no file can grow beyond `bytes`: as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

TEST_F(FetchingAFile, ACopyThatFilledTheDiskGoesOnWhereItStopped) {
  put(source() / "model.bin", content_);
  options_.from = source().string();
  {
    const FullDisk disk(200'000);
    EXPECT_EQ(failure(item()),
              partial().string() + " cannot be written after 200000 bytes: File too large");
  }
  EXPECT_EQ(fetched(item())[0].resumed_at, 200'000U);
  EXPECT_EQ(content_of(target()), content_);
}

TEST_F(FetchingAFile, ACopyStartsAgainIfTheSourceChanged) {
  put(source() / "model.bin", content_);
  options_.from = source().string();
  {
    const FullDisk disk(200'000);
    EXPECT_THAT(failure(item()), HasSubstr("cannot be written"));
  }
  put(partial(), std::string(200'000, 'x'));
  fs::last_write_time(source() / "model.bin",
                      fs::last_write_time(source() / "model.bin") + std::chrono::seconds(1));
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
  EXPECT_EQ(content_of(target()), content_);
}

TEST_F(FetchingAFile, ADiskThatFillsDuringADownloadIsReported) {
  const FullDisk disk(200'000);
  EXPECT_EQ(failure(item()),
            partial().string() + " cannot be written after 200000 bytes: File too large");
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(FetchingAFile, BytesThatAreDroppedMakeRoom) {
  interrupt_after(100'000, "\"old\"");
  server_.put("/model.bin", {content_, "\"new\""});
  options_.free_bytes = [](const fs::path&) { return 200'000; };
  EXPECT_EQ(fetched(item())[0].resumed_at, 0U);
}

TEST_F(FetchingAFile, WithoutANetworkSaysWhatToDoByHand) {
  RegistryItem offline = item();
  offline.files[0].url = "http://127.0.0.1:1/model.bin";
  const std::string message = failure(offline);
  EXPECT_THAT(message, StartsWith("http://127.0.0.1:1/model.bin cannot be reached: "));
  EXPECT_EQ(message.substr(message.find('\n') + 1),
            "To do it by hand, on a machine with a network get\n"
            "  http://127.0.0.1:1/model.bin\n"
            "    size:    300,000 bytes\n"
            "    SHA-256: " +
                sha256_hex(content_) +
                "\n"
                "    put at:  " +
                target().string() +
                "\n"
                "and run `qyolo fetch model --to " +
                to().string() + "` again, which checks it.");
  EXPECT_THAT(tree(to()), IsEmpty());
}

TEST_F(FetchingAFile, AnAddressWithoutTheFileSaysSoAtOnce) {
  RegistryItem gone = item();
  gone.files[0].url = server_.url("/gone.bin");
  EXPECT_THAT(failure(gone),
              StartsWith(server_.url("/gone.bin") + " answers with HTTP status 404\n"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(FetchingAFile, AServerInTroubleIsAskedAgain) {
  ServedFile trouble;
  trouble.status = 503;
  server_.put("/model.bin", trouble);
  server_.put_next("/model.bin", {content_});
  fetched(item());
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("HTTP status 503")));
}

TEST_F(FetchingAFile, TooLittleSpaceIsFoundBeforeAnythingIsAsked) {
  options_.free_bytes = [](const fs::path&) { return 299'999; };
  EXPECT_EQ(failure(item()),
            to().string() + " has 299,999 bytes free, but model needs 300,000 more");
  EXPECT_THAT(server_.requests(), IsEmpty());
  options_.free_bytes = [](const fs::path&) { return 300'000; };
  fetched(item());
}

TEST_F(FetchingAFile, WhatHasArrivedNeedsNoSpace) {
  interrupt_after(100'000);
  options_.free_bytes = [](const fs::path&) { return 200'000; };
  EXPECT_EQ(fetched(item())[0].resumed_at, 100'000U);
}

TEST_F(FetchingAFile, ASizeThatOnlyTheServerKnowsNeedsSpaceToo) {
  RegistryItem unknown = item();
  unknown.files[0].bytes.reset();
  options_.free_bytes = [](const fs::path&) { return 299'999; };
  EXPECT_THAT(failure(unknown), HasSubstr("needs 300,000 more"));
  EXPECT_THAT(tree(to()), IsEmpty());
}

TEST_F(FetchingAFile, WithoutAPublishedHashTheFoundOneIsKeptBesideIt) {
  const Fetched file = fetched(without_hash())[0];
  EXPECT_FALSE(file.verified);
  EXPECT_EQ(file.sha256, sha256_hex(content_));
  EXPECT_EQ(content_of(to() / "model.bin.sha256"), sha256_hex(content_) + "  model.bin\n");

  const Fetched again = fetched(without_hash())[0];
  EXPECT_TRUE(again.source.empty());
  EXPECT_FALSE(again.verified);

  put(target(), noise(kBytes, 3));
  EXPECT_THAT(failure(without_hash()), HasSubstr("has changed since it was fetched"));
}

TEST_F(FetchingAFile, WithoutHashAndValidatorNothingIsResumed) {
  interrupt_after(100'000, "");
  EXPECT_EQ(fetched(without_hash())[0].resumed_at, 0U);
  EXPECT_EQ(server_.requests().back().range, "");
}

TEST_F(FetchingAFile, TwoAtATimeAreRefused) {
  ASSERT_TRUE(create_folder(to()).ok());
  const int other = ::open(to().c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(failure(item()), "another fetch is at work in " + to().string());
  ::close(other);
  fetched(item());
}

TEST_F(FetchingAFile, SomethingInTheWayIsReported) {
  put(to(), "a file");
  EXPECT_THAT(failure(item()), HasSubstr(to().string()));
  fs::remove(to());
  fs::create_directories(target());
  EXPECT_THAT(failure(item()), HasSubstr("is not a regular file"));
}

}  // namespace
}  // namespace qyolo::datasets
