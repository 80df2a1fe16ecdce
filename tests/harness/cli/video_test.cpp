// detect on videos. Where OpenCV's videoio is not there: that it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "tests/harness/cli/qyolo.h"

#ifdef QYOLO_HAS_VIDEOIO
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>
#endif

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class DetectOnVideos : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const {
    return (folder_.path() / name).string();
  }
  [[nodiscard]] ProcessResult detect(const std::string& video,
                                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"detect", video, "--model", parts_model(),
                                          "--img",  "320", "--out",   at("out")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return qyolo(arguments);
  }

 private:
  TemporaryFolder folder_;
};

#ifdef QYOLO_HAS_VIDEOIO

constexpr int kFrames = 5;

// Motion JPEG, which OpenCV writes and reads without FFmpeg: frames 320 x 320 of the parts set.
void write_video(const std::string& path) {
  cv::VideoWriter writer(path, cv::CAP_OPENCV_MJPEG, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'),
                         10, {320, 320});
  ASSERT_TRUE(writer.isOpened());
  for (int i = 0; i < kFrames; ++i)
    writer.write(cv::imread(parts("val/images/000001.jpg"), cv::IMREAD_COLOR));
}

TEST_F(DetectOnVideos, EveryFrameIsDrawnAndWrittenDown) {
  write_video(at("a.avi"));
  const ProcessResult result = detect(at("a.avi"), {"-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto printed = parse_json(result.out, "result");
  const auto written = read_json(at("out/a.avi.json"));
  ASSERT_TRUE(printed.ok() && written.ok());
  EXPECT_EQ((*printed)[0], *written);
  EXPECT_EQ((*written)["width"].get<int>(), 320);
  EXPECT_EQ((*written)["frames_per_second"].get<double>(), 10);
  const Json& frames = (*written)["frames"];
  ASSERT_EQ(frames.size(), std::size_t{kFrames});
  // What the image itself shows, up to one more compression.
  const ProcessResult image = detect(parts("val/images/000001.jpg"), {"-o", "json"});
  const std::size_t objects = parse_json(image.out, "image")->at(0)["detections"].size();
  for (int i = 0; i < kFrames; ++i) {
    const Json& frame = frames[static_cast<std::size_t>(i)];
    EXPECT_EQ(frame["frame"].get<int>(), i);
    EXPECT_DOUBLE_EQ(frame["seconds"].get<double>(), i / 10.0);
    EXPECT_NEAR(static_cast<double>(frame["detections"].size()), static_cast<double>(objects), 2);
    EXPECT_TRUE(fs::exists(frame["drawn"].get<std::string>()));
    EXPECT_EQ(frame["detections"], frames[0]["detections"]);
  }
}

TEST_F(DetectOnVideos, OnlyEveryNthFrameWhereAskedFor) {
  write_video(at("a.avi"));
  ASSERT_EQ(detect(at("a.avi"), {"--every", "2"}).exit_code, 0);
  const auto written = read_json(at("out/a.avi.json"));
  ASSERT_TRUE(written.ok());
  const Json& frames = (*written)["frames"];
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[2]["frame"].get<int>(), 4);
  EXPECT_FALSE(fs::exists(at("out/a.avi.frames/000001.jpg")));
}

TEST_F(DetectOnVideos, PatternsFindThemAndFoldersLeaveThemOut) {
  write_video(at("a.avi"));
  fs::copy_file(parts("val/images/000002.jpg"), at("b.jpg"));
  EXPECT_EQ(detect(at("*.a*"), {"--every", "5"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(at("out/a.avi.frames/000000.jpg")));
  fs::create_directories(at("in"));
  fs::rename(at("a.avi"), at("in/a.AVI"));
  fs::rename(at("b.jpg"), at("in/b.jpg"));
  const ProcessResult folder = detect(at("in"));
  EXPECT_EQ(folder.exit_code, 0) << folder.err;
  EXPECT_THAT(folder.err, HasSubstr("1 videos of the folder"));
}

TEST_F(DetectOnVideos, ACutOneSaysHowManyFramesItLacks) {
  write_video(at("a.avi"));
  const std::string whole = content_of(at("a.avi"));
  ASSERT_TRUE(write_file(at("cut.avi"), whole.substr(0, whole.size() / 2)).ok());
  const ProcessResult cut = detect(at("cut.avi"));
  if (cut.exit_code == 0) {
    EXPECT_THAT(cut.err, HasSubstr("frames that its header says could be read"));
  } else {
    expect_one_sentence(cut, "cut.avi");
  }
}

TEST_F(DetectOnVideos, WhatIsNoVideoIsOneSentence) {
  const std::pair<const char*, std::string> files[] = {
      {"text.mp4", "ffconcat version 1.0\nfile /etc/passwd\n"},
      {"list.mkv", "#EXTM3U\nhttp://localhost/a.ts\n"},
      {"empty.avi", ""},
      {"head.avi", std::string("RIFF\x10\0\0\0AVI LIST", 16)},
      {"image.mov", content_of(parts("val/images/000001.jpg"))}};
  for (const auto& [name, content] : files) {
    ASSERT_TRUE(write_file(at(name), content).ok());
    expect_one_sentence(detect(at(name)), name);
  }
  expect_one_sentence(detect(at("none.mp4")), "none.mp4 cannot be opened");
  EXPECT_FALSE(fs::exists(at("out")));
}

#else

TEST_F(DetectOnVideos, WithoutVideoioSayWhereItComesFrom) {
  ASSERT_TRUE(write_file(at("a.avi"), "RIFF").ok());
  expect_one_sentence(detect(at("a.avi")), "which reads videos");
}

#endif

}  // namespace
}  // namespace qyolo::testing
