// No command replaces what it reads: each of them, as its own definitions list it, with every
// output it has being each of its inputs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "common/file.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Option {
  std::string name;  // of a positional argument: empty
  std::string type;  // FILE, FOLDER or another
  bool written = false;
  bool required = false;
  bool number = false;
};

struct Command {
  std::string name;
  std::vector<Option> options;
};

// What `qyolo manual --definitions` lists: the options by the program's own definitions.
std::vector<Command> commands() {
  std::vector<Command> found;
  const ProcessResult result = qyolo({"manual", "--definitions"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  auto document = parse_json(result.out, "definitions");
  EXPECT_TRUE(document.ok());
  for (const Json& command : *document) {
    Command one{command["name"].get<std::string>(), {}};
    for (const Json& option : command["options"]) {
      one.options.push_back({option["name"].get<std::string>(), option["type"].get<std::string>(),
                             option["written"].get<bool>(), option["required"].get<bool>(),
                             option["number"].get<bool>()});
    }
    found.push_back(std::move(one));
  }
  return found;
}

class OutputsOfCommands : public ::testing::Test {
 protected:
  fs::path file(const std::string& name) {
    const fs::path path = folder_.path() / name;
    EXPECT_TRUE(write_file(path, "content of " + name).ok());
    return path;
  }
  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(OutputsOfCommands, AnOutputFileThatIsAnInputIsRefusedByEveryCommand) {
  const fs::path input = file("input.jpg");
  std::size_t tried = 0;
  for (const Command& command : commands()) {
    for (const Option& output : command.options) {
      if (!output.written || output.type != "FILE") continue;
      for (const Option& read : command.options) {
        if (read.written || (read.type != "FILE" && read.type != "FOLDER")) continue;
        std::vector<std::string> arguments = {command.name};
        const auto give = [&](const Option& option, const std::string& value) {
          if (!option.name.empty()) arguments.push_back(option.name);
          arguments.push_back(value);
        };
        for (const Option& option : command.options) {
          const bool same = option.name == read.name;
          if (same) {
            give(option, read.type == "FILE" ? input.string() : folder().string());
          } else if (option.required && option.name != output.name) {
            give(option, option.number ? "1" : (folder() / "absent").string());
          }
        }
        give(output, input.string());
        if (output.name == "--histogram") arguments.insert(arguments.end(), {"--layer", "a"});
        const ProcessResult result = qyolo(arguments);
        EXPECT_EQ(result.exit_code, 2) << result.err;
        EXPECT_THAT(result.err, HasSubstr("write to another file"));
        EXPECT_EQ(content_of(input), "content of input.jpg") << command_line(arguments);
        ++tried;
      }
    }
  }
  EXPECT_GE(tried, 15U);
}

TEST_F(OutputsOfCommands, DetectDoesNotOverwriteItsPhotos) {
  fs::create_directories(folder() / "a");
  fs::create_directories(folder() / "b");
  for (const char* name : {"a/photo.jpg", "b/photo.jpg"})
    fs::copy_file(parts("val/images/000001.jpg"), folder() / name);
  const std::string before = content_of(folder() / "a/photo.jpg");
  const auto detect = [&](std::vector<std::string> images, const fs::path& out) {
    images.insert(images.begin(), "detect");
    for (const std::string& more : {std::string("--model"), parts_model(), std::string("--img"),
                                    std::string("320"), std::string("--out"), out.string()})
      images.push_back(more);
    return qyolo(images);
  };
  const std::string a = (folder() / "a/photo.jpg").string();
  const std::string b = (folder() / "b/photo.jpg").string();
  expect_one_sentence(detect({a}, folder() / "a"), "write to another file");
  expect_one_sentence(detect({a, b}, folder() / "out"), "are one file");
  EXPECT_FALSE(fs::exists(folder() / "out"));
  fs::create_directory_symlink(folder() / "a", folder() / "link");
  expect_one_sentence(detect({a}, folder() / "link"), "write to another file");
  EXPECT_EQ(content_of(folder() / "a/photo.jpg"), before);
  EXPECT_EQ(detect({a}, folder() / "out").exit_code, 0);
  EXPECT_TRUE(fs::exists(folder() / "out/photo.jpg"));
}

// Labels are inputs like the data.yaml that leads to them; polygons would be lost in boxes.
TEST_F(OutputsOfCommands, ADatasetIsNotConvertedOntoItself) {
  const fs::path image = folder() / "d/images/val/a.jpg", label = folder() / "d/labels/val/a.txt";
  const std::string polygon = "0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n";
  const std::string yaml = "val: images/val\nnames: [nut]\n";
  fs::create_directories(image.parent_path());
  fs::create_directories(label.parent_path());
  fs::copy_file(parts("val/images/000001.jpg"), image);
  ASSERT_TRUE(write_file(label, polygon).ok());
  const std::string data = (folder() / "d/data.yaml").string();
  ASSERT_TRUE(write_file(data, yaml).ok());
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"convert", "--data", data, "--to", "yolo", "-o",
                                 (folder() / "d").string()},
        {"convert", "--data", data, "-o", data},
        {"convert", "--data", data, "-o", label.string()},
        {"eval", "--model", parts_model(), "--img", "320", "--data", data, "--save-detections",
         label.string()},
        {"eval", "--model", parts_model(), "--img", "320", "--data", data, "--save-detections",
         image.string()}})
    expect_one_sentence(qyolo(arguments), "write to another file");
  EXPECT_EQ(content_of(label), polygon);
  EXPECT_EQ(content_of(data), yaml);
  EXPECT_EQ(content_of(image), content_of(parts("val/images/000001.jpg")));
  EXPECT_FALSE(fs::exists(folder() / "d/images/a.jpg"));
}

TEST_F(OutputsOfCommands, CaseOutputOverTheInput) {
  QYOLO_NEEDS_SHARED("cases/31-output-over-the-input");
  const fs::path shared = shared_dir() / "cases/31-output-over-the-input";
  const fs::path truth = folder() / "annotations.json";
  const fs::path net = folder() / "net.pt";
  fs::copy_file(shared / "annotations.json", truth);
  fs::copy_file(shared / "net.pt", net);
  const std::string truth_before = content_of(truth);
  const std::string net_before = content_of(net);
  const std::vector<std::vector<std::string>> commands = {
      {"eval", "--model", parts_model(), "--images", (shared / "images").string(), "--annotations",
       truth.string(), "--img", "320", "--save-detections", truth.string()},
      {"quantize", net.string(), "--scheme", "affine", "--bits", "4", "-o", net.string()},
      {"inspect", net.string(), "--scheme", "affine", "--layer", "model.0.conv", "--histogram",
       net.string()},
      {"bench", net.string(), "--img", "64", "--rounds", "1", "--precision", "fp32", "--no-memory",
       "--save", net.string()},
      {"quantize", net.string(), "--scheme", "affine", "--bits", "4", "--dequantize",
       net.string()}};
  for (const auto& arguments : commands) {
    const ProcessResult result = qyolo(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr("write to another file"));
  }
  EXPECT_EQ(content_of(truth), truth_before);
  EXPECT_EQ(content_of(net), net_before);
}

TEST_F(OutputsOfCommands, GeneratedNamesDoNotReplaceAnInputEither) {
  // `sensitivity --out` writes sensitivity.json, `score --arrays` precision.f64.
  const fs::path truth = folder() / "precision.f64";
  fs::copy_file(parts("val/annotations.json"), truth);
  const fs::path detections = file("dt.json");
  ASSERT_TRUE(write_file(detections, "[]").ok());
  const ProcessResult result =
      qyolo({"score", truth.string(), detections.string(), "--arrays", folder().string()});
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(content_of(truth), content_of(parts("val/annotations.json")));
}

}  // namespace
}  // namespace qyolo::testing
