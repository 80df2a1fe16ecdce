// Files that were made to do harm: none takes much time or memory, none passes as good; and inputs
// that are no files at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/sha256.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kMostSeconds = 5;  // of processor time
constexpr long kMostKilobytes = 1L << 20;

fs::path hostile(const std::string& name) { return shared_dir() / "cases/hostile" / name; }

struct Measured : ProcessResult {
  double seconds = 0;  // of processor time
  long kilobytes = 0;  // resident, at most
};

// run_process() with what the process took.
Measured measured(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kQyolo);
  const TemporaryFolder folder;
  const auto out = folder.path() / "out", err = folder.path() / "err";
  const pid_t child = fork();
  if (child == 0) {
    dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  Measured result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.out = content_of(out);
  result.err = content_of(err);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  result.seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  result.kilobytes = used.ru_maxrss;
  EXPECT_LT(result.seconds, kMostSeconds) << command_line(arguments);
  EXPECT_LT(result.kilobytes, kMostKilobytes) << command_line(arguments);
  return result;
}

// A dataset of this one image.
class OneImage {
 public:
  explicit OneImage(const fs::path& image) {
    fs::create_directories(folder_.path() / "images");
    fs::copy_file(image, folder_.path() / "images" / image.filename());
    const std::string json = fmt::format(
        R"({{"images": [{{"id": 1, "file_name": "{}"}}], "annotations": [{{"id": 1, "image_id": 1,
           "category_id": 1, "bbox": [2, 2, 9, 9], "area": 81, "iscrowd": 0}}],
           "categories": [{{"id": 1, "name": "nut"}}]}})",
        image.filename().string());
    EXPECT_TRUE(write_file(folder_.path() / "gt.json", json).ok());
  }
  [[nodiscard]] std::vector<std::string> as(const std::string& command,
                                            const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {command, "--images", (folder_.path() / "images").string(),
                                          "--annotations", (folder_.path() / "gt.json").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  [[nodiscard]] Measured eval() const {
    return measured(as("eval", {"--model", parts_model(), "--img", "320"}));
  }
  [[nodiscard]] Measured doctor() const { return measured(as("doctor")); }
  [[nodiscard]] Measured detect() const {
    std::vector<std::string> arguments = {"detect",
                                          "--model",
                                          parts_model(),
                                          "--img",
                                          "320",
                                          "--out",
                                          (folder_.path() / "out").string()};
    for (const auto& entry : fs::directory_iterator(folder_.path() / "images"))
      arguments.push_back(entry.path().string());
    return measured(arguments);
  }

 private:
  TemporaryFolder folder_;
};

// Nothing but the program's own sentences: no decoder prints.
void expect_only_own_words(const std::string& err) {
  EXPECT_THAT(err, Not(HasSubstr("libpng")));
  EXPECT_THAT(err, Not(HasSubstr("\nCorrupt JPEG")));
  EXPECT_THAT(err, Not(::testing::StartsWith("Corrupt JPEG")));
}

TEST(HostileImages, LargePicturesInSmallFilesAreRefusedByTheirHeader) {
  QYOLO_NEEDS_SHARED("cases/hostile/webp-16383.webp");
  const OneImage webp(hostile("webp-16383.webp"));
  for (const Measured& result : {webp.eval(), webp.detect()}) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("is 16383 x 16383 pixels, expected at most 67108864 "
                                      "(QYOLO_MAX_MEGAPIXELS=269 allows it)"));
  }
  EXPECT_THAT(webp.doctor().out, HasSubstr("damaged or truncated: 1"));
}

TEST(HostileImages, OtherDecodersOfOpenCvAreNotReached) {
  QYOLO_NEEDS_SHARED("cases/hostile/jpeg2000-large.jp2");
  const OneImage jp2(hostile("jpeg2000-large.jp2"));
  for (const Measured& result : {jp2.eval(), jp2.detect()}) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("a JPEG 2000 image is not supported (JPEG, PNG, BMP, TIFF "
                                      "and WebP are)"));
  }
  EXPECT_THAT(jp2.doctor().out, HasSubstr("image files of a kind that is not supported: 1"));
}

// By first bytes, whatever the name says.
TEST(HostileImages, KindsAreToldByTheirBytes) {
  const TemporaryFolder folder;
  const std::pair<std::string, const char*> kinds[] = {
      {"\x76\x2F\x31\x01 and more", "an OpenEXR image is not supported"},
      {"#?RADIANCE\n", "a Radiance HDR image is not supported"},
      {"P6\n2 2\n255\n............", "a PNM image is not supported"},
      {"\x59\xA6\x6A\x95 and more", "a Sun raster image is not supported"},
      {std::string(128, '\0') + "DICM", "a DICOM image is not supported"},
      {std::string("II\x2B\0\x08\0\0\0", 8), "a BigTIFF image is not supported"},
      {"\xFF\x4F\xFF\x51 and more", "a JPEG 2000 image is not supported"},
      {"PK\x03\x04 and more", "it is a ZIP archive"},
      {"text", "it is no image"}};
  for (const auto& [content, piece] : kinds) {
    const fs::path image = folder.path() / "a.jpg";
    ASSERT_TRUE(write_file(image, content).ok());
    expect_one_sentence(qyolo({"detect", image.string(), "--model", parts_model(), "--out",
                               (folder.path() / "out").string()}),
                        piece);
  }
}

TEST(HostileImages, DamagedDataIsCountedAndNamed) {
  QYOLO_NEEDS_SHARED("cases/hostile/scan-half-zeros.jpg");
  const OneImage jpeg(hostile("scan-half-zeros.jpg"));
  for (const Measured& result : {jpeg.eval(), jpeg.detect()}) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr("scan-half-zeros.jpg"),
                                  HasSubstr("Corrupt JPEG data: premature end of data segment")));
    expect_only_own_words(result.err);
  }
  const Measured doctor = jpeg.doctor();
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("image files whose data is damaged: 1"),
                                HasSubstr("scan-half-zeros.jpg")));
  expect_only_own_words(doctor.err);
}

TEST(HostileImages, PixelsDecideWhetherAPngIsTurned) {
  QYOLO_NEEDS_SHARED("cases/hostile/exif-wrong-checksum.png");
  const OneImage png(hostile("exif-wrong-checksum.png"));
  for (const Measured& result : {png.eval(), png.detect()}) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("the checksum of its eXIf chunk is wrong"));
    expect_only_own_words(result.err);
  }
  EXPECT_THAT(png.doctor().out, HasSubstr("image files whose data is damaged: 1"));
}

TEST(HostileModels, AreRefusedAtOnce) {
  QYOLO_NEEDS_SHARED("cases/hostile/name-pattern-backtracks.safetensors");
  const std::string patterns = hostile("name-pattern-backtracks.safetensors").string();
  const std::string maps = hostile("maps-alive.safetensors").string();
  const TemporaryFolder folder;
  const auto detect = [&](const std::string& model) {
    return measured({"detect", parts("val/images/000001.jpg"), "--model", model, "--img", "640",
                     "--out", folder.path().string()});
  };
  for (const Measured& result : {measured({"inspect", patterns}), detect(patterns), detect(maps)}) {
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, ::testing::StartsWith("qyolo: "));
  }
  // What it is can be looked at; it cannot be run.
  EXPECT_EQ(measured({"inspect", maps}).exit_code, 0);
  EXPECT_THAT(detect(maps).err, HasSubstr("the network's maps take"));
}

// As make_quadratic_header.py.
TEST(HostileModels, AHeaderOfManyEntriesTakesTimeInProportion) {
  const TemporaryFolder folder;
  const auto seconds = [&](std::size_t entries) {
    std::string header =
        R"({"__metadata__":{"header_sha256":")" + std::string(64, '0') + R"("},"x":[)";
    for (std::size_t i = 0; i < entries; ++i) header += i + 1 < entries ? "{}," : "{}]}";
    header.append((8 - header.size() % 8) % 8, ' ');
    std::string file;
    for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xFF);
    file += header;
    const std::string key = R"("header_sha256":")";
    file.replace(file.find(key) + key.size(), 64, sha256_hex(file));
    const fs::path path = folder.path() / "x.safetensors";
    EXPECT_TRUE(write_file(path, file).ok());
    const Measured result = measured({"inspect", path.string()});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("the entry is array, expected an object"));
    return result.seconds;
  };
  const double half = seconds(1000000), whole = seconds(2000000);
  EXPECT_LT(whole, 4 * half + 0.5);
}

TEST(HostileResults, CutBehindABracketAtTheEndOfAPage) {
  QYOLO_NEEDS_SHARED("cases/hostile/cut-behind-bracket.fuzz");
  const TemporaryFolder folder;
  const std::string cut = content_of(hostile("cut-behind-bracket.fuzz"));
  const fs::path path = folder.path() / "dt.json";
  constexpr std::size_t kPage = 4096;
  ASSERT_TRUE(write_file(path, std::string(kPage - cut.size() % kPage, ' ') + cut).ok());
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"score", parts("val/annotations.json"), path.string()},
        {"diagnose", parts("val/annotations.json"), path.string(), path.string()}}) {
    const Measured result = measured(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr("dt.json"));
  }
}

TEST(HostileResults, AClassWithoutCountedRowsScores) {
  QYOLO_NEEDS_SHARED("cases/hostile/no-counted-rows.gt.json");
  const Measured result = measured({"score", hostile("no-counted-rows.gt.json").string(),
                                    hostile("no-counted-rows.dt.json").string(), "--per-class"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

// ---- What is no file, as each input of each command. ----

ProcessResult qyolo_killed_after(const std::vector<std::string>& arguments, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  return qyolo(arguments, [end] { return std::chrono::steady_clock::now() > end; });
}

// What `qyolo manual --definitions` lists.
Json definitions() {
  const ProcessResult result = qyolo({"manual", "--definitions"});
  auto document = parse_json(result.out, "definitions");
  EXPECT_TRUE(document.ok());
  return document.ok() ? std::move(document).value() : Json::array();
}

std::string sound(const std::string& option, const Json& definition, const fs::path& folder) {
  if (definition["number"].get<bool>()) return "1";
  if (option == "--model" || option == "model" || option == "checkpoint") return parts_model();
  if (option == "--images") return parts("val/images");
  if (option == "--annotations") return parts("val/annotations.json");
  return (folder / "absent").string();
}

TEST(InputsThatAreNoFiles, AreRefusedByTypeAndNeverWaitedFor) {
  const TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe.json";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::size_t tried = 0;
  for (const Json& command : definitions()) {
    for (const Json& read : command["options"]) {
      if (read["written"].get<bool>() || read["type"].get<std::string>() != "FILE") continue;
      for (const std::string& input : {pipe.string(), std::string("/dev/zero")}) {
        std::vector<std::string> arguments = {command["name"].get<std::string>()};
        for (const Json& option : command["options"]) {
          const bool same = option == read;
          if (!same && !option["required"].get<bool>()) continue;
          const auto name = option["name"].get<std::string>();
          if (!name.empty()) arguments.push_back(name);
          arguments.push_back(same ? input : sound(name, option, folder.path()));
        }
        const ProcessResult result = qyolo_killed_after(arguments, 60);
        EXPECT_EQ(result.exit_code, 2) << result.err;
        ++tried;
      }
    }
  }
  EXPECT_GE(tried, 20U);
}

TEST(InputsThatAreNoFiles, AreCalledSo) {
  const TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe.json";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const fs::path yaml = folder.path() / "pipe.yaml";
  ASSERT_EQ(::mkfifo(yaml.c_str(), 0600), 0);
  const std::vector<std::vector<std::string>> commands = {
      {"score", parts("val/annotations.json"), pipe.string()},
      {"score", pipe.string(), pipe.string()},
      {"run", pipe.string(), "--out", (folder.path() / "out").string()},
      {"inspect", pipe.string()},
      {"eval", "--model", parts_model(), "--data", yaml.string()},
      {"doctor", "--images", parts("val/images"), "--annotations", pipe.string()},
      {"detect", pipe.string(), "--model", parts_model(), "--out",
       (folder.path() / "out").string()}};
  for (const auto& arguments : commands)
    expect_one_sentence(qyolo_killed_after(arguments, 60), "is not a regular file");
  expect_one_sentence(qyolo({"eval", "--model", parts_model(), "--data", "annotations.json"}),
                      "annotations.json is no data.yaml");
}

}  // namespace
}  // namespace qyolo::testing
