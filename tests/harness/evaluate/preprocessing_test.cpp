// Another program's mistakes with its images are named. The program is one of these tests: it has
// a letterbox of its own, of OpenCV's functions, and makes one mistake at a time.
#include "harness/evaluate/preprocessing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "common/file.h"
#include "common/json.h"
#include "datasets/dataset.h"
#include "harness/engine/engine.h"
#include "harness/model/postprocess.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kParts = testing::source_dir() / "datasets/parts";
constexpr int kSide = 320;

EvaluatorConfig on_parts() {
  EvaluatorConfig config;
  config.model = kParts / "parts-yolov7-w025.pt";
  config.images = kParts / "val/images";
  config.annotations = kParts / "val/annotations.json";
  config.options.image_size = kSide;
  config.options.rect = false;
  config.options.limit = {.images = 5, .first = true};
  config.threads = 1;
  return config;
}

Result<std::unique_ptr<model::Executor>> engine_of(const model::Graph& graph, int threads) {
  QYOLO_TRY(auto made, engine::make_engine(graph, engine::Precision::kFp32, threads));
  return std::unique_ptr<model::Executor>(std::move(made));
}

Cell unquantized() { return read_cell(Json::parse(R"({"scheme": "fp32"})"), "test").value(); }

struct Slip {
  const char* name;
  bool bgr = false;
  float scale = 1.0F / 255;
  enum { kMiddle, kCorner, kWhole } placing = kMiddle;
  enum {
    kBack,
    kBackFromMiddle,
    kNotBack,
    kBackBefore,
    kShares,
    kCentre,
    kTwoCorners
  } boxes = kBack;
  const char* said = "";
};
std::ostream& operator<<(std::ostream& out, const Slip& slip) { return out << slip.name; }

// An image in its input, and the way back.
struct Fed {
  std::vector<float> values;  // [3, kSide, kSide]
  double x_ratio = 1, y_ratio = 1, left = 0, top = 0, middle_left = 0, middle_top = 0;
  double width = 0, height = 0;

  [[nodiscard]] std::array<double, 4> back(const model::Candidate& box, bool from_middle) const {
    const double ratio = std::min(kSide / width, kSide / height);
    const double x = from_middle ? middle_left : left, y = from_middle ? middle_top : top;
    const double across = from_middle ? ratio : x_ratio, down = from_middle ? ratio : y_ratio;
    return {std::clamp((box.x1 - x) / across, 0.0, width),
            std::clamp((box.y1 - y) / down, 0.0, height),
            std::clamp((box.x2 - x) / across, 0.0, width),
            std::clamp((box.y2 - y) / down, 0.0, height)};
  }
};

Fed feed(const std::filesystem::path& path, const Slip& slip) {
  cv::Mat image = cv::imread(path.string(), cv::IMREAD_COLOR);
  Fed fed;
  fed.width = image.cols;
  fed.height = image.rows;
  const double ratio = std::min(kSide / fed.width, kSide / fed.height);
  const cv::Size size = slip.placing == Slip::kWhole
                            ? cv::Size(kSide, kSide)
                            : cv::Size(static_cast<int>(std::lround(fed.width * ratio)),
                                       static_cast<int>(std::lround(fed.height * ratio)));
  fed.x_ratio = size.width / fed.width;
  fed.y_ratio = size.height / fed.height;
  fed.middle_left = (kSide - fed.width * ratio) / 2;
  fed.middle_top = (kSide - fed.height * ratio) / 2;
  cv::resize(image, image, size, 0, 0, ratio < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  const int left = slip.placing == Slip::kMiddle ? (kSide - size.width) / 2 : 0;
  const int top = slip.placing == Slip::kMiddle ? (kSide - size.height) / 2 : 0;
  fed.left = left;
  fed.top = top;
  cv::copyMakeBorder(image, image, top, kSide - size.height - top, left, kSide - size.width - left,
                     cv::BORDER_CONSTANT, cv::Scalar(114, 114, 114));
  for (int channel = 0; channel < 3; ++channel) {
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const cv::Vec3b pixel = image.at<cv::Vec3b>(y, x);
        fed.values.push_back(static_cast<float>(pixel[slip.bgr ? channel : 2 - channel]) *
                             slip.scale);
      }
    }
  }
  return fed;
}

// Runs the network on inputs of its own, whatever pixels it is given.
class OtherProgram final : public model::Executor {
 public:
  OtherProgram(const model::Graph& graph, std::vector<std::filesystem::path> paths, Slip slip)
      : graph_(graph),
        paths_(std::move(paths)),
        slip_(slip),
        engine_(engine::make_engine(graph, engine::Precision::kFp32, 1).value()) {}

  Result<std::vector<model::HeadOutput>> forward(std::span<const std::uint8_t> /*rgb*/, int batch,
                                                 int height, int width) override {
    std::vector<float> inputs;
    std::vector<Fed> all;
    for (int i = 0; i < batch; ++i) {
      all.push_back(feed(paths_[next_++], slip_));
      inputs.insert(inputs.end(), all.back().values.begin(), all.back().values.end());
    }
    auto outputs = engine_->forward(std::span<const float>(inputs), batch, height, width);
    if (slip_.boxes != Slip::kBackBefore || !outputs.ok()) return outputs;
    return mapped_back(*outputs, all);
  }
  Result<std::vector<model::HeadOutput>> forward(std::span<const float> /*input*/, int /*batch*/,
                                                 int /*height*/, int /*width*/) override {
    return error("it has inputs of its own");
  }
  void set_weights(int /*node*/, std::span<const float> /*weights*/) override {}
  void set_bias(int /*node*/, std::span<const float> /*bias*/) override {}
  [[nodiscard]] std::string description() const override { return "another program"; }

 private:
  // Rows with boxes of the image.
  [[nodiscard]] std::vector<model::HeadOutput> mapped_back(
      const std::vector<model::HeadOutput>& outputs, const std::vector<Fed>& fed) const {
    const auto columns = static_cast<int>(graph_.class_names.size()) + 5;
    model::HeadOutput rows{static_cast<int>(fed.size()), columns, 0, 1, {}, true};
    for (std::size_t image = 0; image < fed.size(); ++image) {
      std::vector<float> decoded = model::decode_rows(graph_, outputs, static_cast<int>(image));
      for (std::size_t at = 0; at < decoded.size(); at += static_cast<std::size_t>(columns)) {
        float* row = decoded.data() + at;
        const model::Candidate box{row[0] - row[2] / 2,
                                   row[1] - row[3] / 2,
                                   row[0] + row[2] / 2,
                                   row[1] + row[3] / 2,
                                   0,
                                   0};
        const auto [x1, y1, x2, y2] = fed[image].back(box, false);
        row[0] = static_cast<float>(x1 + x2) / 2;
        row[1] = static_cast<float>(y1 + y2) / 2;
        row[2] = static_cast<float>(x2 - x1);
        row[3] = static_cast<float>(y2 - y1);
      }
      rows.height = static_cast<int>(decoded.size()) / columns;
      rows.values.insert(rows.values.end(), decoded.begin(), decoded.end());
    }
    return {rows};
  }

  const model::Graph& graph_;
  std::vector<std::filesystem::path> paths_;
  Slip slip_;
  std::unique_ptr<engine::Engine> engine_;
  std::size_t next_ = 0;
};

class OutputsOfAnotherProgram : public ::testing::TestWithParam<Slip> {};

TEST_P(OutputsOfAnotherProgram, TellWhatWasDoneToItsImages) {
  const EvaluatorConfig config = on_parts();
  const auto paths =
      datasets::open_dataset(config.images, config.annotations, config.options.limit).value();
  const auto evaluator =
      Evaluator::open(config, [&](const model::Graph& graph, int /*threads*/) {
        return Result<std::unique_ptr<model::Executor>>(
            std::make_unique<OtherProgram>(graph, paths.image_paths, GetParam()));
      }).value();
  const Cell cell = evaluator->resolve(unquantized());
  const auto result = evaluator->evaluate(cell).value();
  const auto check = check_outputs(*evaluator, cell, engine_of, result.detections);
  ASSERT_TRUE(check.ok()) << check.error().message;
  EXPECT_EQ(check->images, 5U);
  if (GetParam().said[0] != '\0') {
    EXPECT_THAT(check->sentence("outputs"), HasSubstr(GetParam().said));
  } else {
    EXPECT_EQ(check->mistake, "") << check->sentence("outputs");
    EXPECT_GT(check->as_written, 0.9);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Slips, OutputsOfAnotherProgram,
    ::testing::Values(
        Slip{.name = "None"}, Slip{.name = "Bgr", .bgr = true, .said = "order BGR"},
        Slip{.name = "NotDivided", .scale = 1, .said = "not divided by 255"},
        Slip{.name = "DividedTwice", .scale = 1.0F / 65025, .said = "divided by 255 twice"},
        Slip{.name = "Stretched", .placing = Slip::kWhole, .said = "stretched to the input"},
        Slip{.name = "Corner", .placing = Slip::kCorner, .said = "top left corner"},
        Slip{.name = "BackBefore",
             .boxes = Slip::kBackBefore,
             .said = "in coordinates of the image already"}),
    [](const auto& test) { return test.param.name; });

class DetectionsOfAnotherProgram : public ::testing::TestWithParam<Slip> {};

// What the program writes as the box of what it found.
BoxXywh written_box(const model::Candidate& box, const Fed& fed, const Slip& slip) {
  const auto [x1, y1, x2, y2] = fed.back(box, slip.boxes == Slip::kBackFromMiddle);
  switch (slip.boxes) {
    case Slip::kNotBack:
      return {box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1};
    case Slip::kShares:
      return {x1 / fed.width, y1 / fed.height, (x2 - x1) / fed.width, (y2 - y1) / fed.height};
    case Slip::kCentre:
      return {(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1};
    case Slip::kTwoCorners:
      return {x1, y1, x2, y2};
    default:
      return {x1, y1, x2 - x1, y2 - y1};
  }
}

TEST_P(DetectionsOfAnotherProgram, TellWhatWasDoneToItsImages) {
  EvaluatorConfig config = on_parts();
  const auto data =
      datasets::open_dataset(config.images, config.annotations, config.options.limit).value();
  SourceNetwork source = SourceNetwork::open(config.model).value();
  const auto engine = engine::make_engine(source.graph(), engine::Precision::kFp32, 1).value();
  model::PostprocessOptions options;  // its own
  options.confidence = 0.05F;
  options.multi_label = false;
  Json results = Json::array();
  for (std::size_t i = 0; i < data.image_paths.size(); ++i) {
    const Fed fed = feed(data.image_paths[i], GetParam());
    const auto outputs =
        engine->forward(std::span<const float>(fed.values), 1, kSide, kSide).value();
    for (const model::Candidate& found : model::detect(source.graph(), outputs, 0, options)) {
      results.push_back(
          {{"image_id", data.truth.images[i].id},
           {"category_id", data.truth.categories[static_cast<std::size_t>(found.class_index)].id},
           {"bbox", written_box(found, fed, GetParam())},
           {"score", found.score}});
    }
  }
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "theirs.json";
  ASSERT_TRUE(write_file(file, results.dump()).ok());
  const auto check = check_detections(config, engine_of, file);
  ASSERT_TRUE(check.ok()) << check.error().message;
  if (GetParam().said[0] != '\0') {
    EXPECT_THAT(check->sentence("detections"), HasSubstr(GetParam().said));
  } else {
    EXPECT_EQ(check->mistake, "") << check->sentence("detections");
    EXPECT_GT(check->as_written, 0.9);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Slips, DetectionsOfAnotherProgram,
    ::testing::Values(
        Slip{.name = "None"}, Slip{.name = "Bgr", .bgr = true, .said = "order BGR"},
        Slip{.name = "NotBack", .boxes = Slip::kNotBack, .said = "left in coordinates of the"},
        Slip{.name = "Stretched", .placing = Slip::kWhole, .said = "input, not letterboxed"},
        Slip{.name = "StretchedAndBackFromMiddle",
             .placing = Slip::kWhole,
             .boxes = Slip::kBackFromMiddle,
             .said = "mapped back as from a letterbox"},
        Slip{.name = "CornerAndBackFromMiddle",
             .placing = Slip::kCorner,
             .boxes = Slip::kBackFromMiddle,
             .said = "mapped back as from its middle"},
        Slip{.name = "Shares", .boxes = Slip::kShares, .said = "in shares of the image"},
        Slip{.name = "Centre", .boxes = Slip::kCentre, .said = "by their centre"},
        Slip{.name = "TwoCorners", .boxes = Slip::kTwoCorners, .said = "by two corners"}),
    [](const auto& test) { return test.param.name; });

TEST(NoDetections, OfAnyImageAreSaidToBeSo) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "none.json", "[]").ok());
  const auto check = check_detections(on_parts(), engine_of, folder.path() / "none.json");
  ASSERT_TRUE(check.ok()) << check.error().message;
  EXPECT_EQ(check->sentence("detections"),
            "the detections find nothing on 5 images, where the network as it is run here does; it "
            "finds nothing if pixels were divided by 255 twice");
}

}  // namespace
}  // namespace qyolo::harness
