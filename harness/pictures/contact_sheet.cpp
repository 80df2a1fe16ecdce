#include "harness/pictures/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>
#include <string>

#include "common/file.h"
#include "harness/pictures/picture_colours.h"
#include "harness/pictures/source_images.h"
#include "results/text.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;
using metrics::Sighting;

// Pixels of the sheet.
constexpr int kPanelWidth = 440;
constexpr int kPanelHeight = 330;
constexpr int kPanelGap = 6;
constexpr int kMargin = 24;
constexpr int kHeader = 84;
constexpr int kCaption = 44;
constexpr std::size_t kColumns = 2;
constexpr std::size_t kPerSheet = 6;
constexpr int kPairWidth = 2 * kPanelWidth + kPanelGap;
constexpr int kPairHeight = kCaption + kPanelHeight;
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr int kSheetQuality = 93;

// Okabe & Ito's colour-blind safe palette, BGR.
const cv::Scalar kGreen(115, 158, 0);
const cv::Scalar kPurple(150, 60, 150);
const cv::Scalar kInk(40, 40, 40);
const cv::Scalar kGrey(110, 110, 110);
const cv::Scalar kEmpty(236, 236, 236);

struct Mark {
  BoxXywh box{};  // pixels of the image
  cv::Scalar colour;
  bool dashed = false;
  bool changed = false;
  std::string label;  // of changed ones
};

// The built-in font has ASCII only.
std::string ascii(const std::string& text) {
  std::string plain;
  for (const char c : results::plain_text(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      plain += c;
    } else if (byte >= 0xc0) {
      plain += '?';
    }
  }
  return plain;
}

int width_of(const std::string& text, double size) {
  int below = 0;
  return cv::getTextSize(text, kFont, size, 1, &below).width;
}

// Shortened in its middle, so that both ends of a path stay.
std::string fitted(std::string text, double size, int width) {
  if (width_of(text, size) <= width) return text;
  std::size_t keep = text.size();
  std::string shorter;
  do {
    --keep;
    shorter = text.substr(0, keep / 2) + "..." + text.substr(text.size() - (keep - keep / 2));
  } while (keep > 1 && width_of(shorter, size) > width);
  return shorter;
}

void write(cv::Mat& sheet, const std::string& text, cv::Point place, double size,
           const cv::Scalar& colour) {
  cv::putText(sheet, text, place, kFont, size, colour, 1, cv::LINE_AA);
}

void dashed_line(cv::Mat& picture, cv::Point from, cv::Point to, const cv::Scalar& colour,
                 int width) {
  constexpr int kDash = 7;
  constexpr int kSpace = 5;
  const double length = std::hypot(to.x - from.x, to.y - from.y);
  const auto at = [&](double along) {
    const double share = length > 0 ? std::min(along, length) / length : 0;
    return cv::Point(from.x + static_cast<int>(std::lround(share * (to.x - from.x))),
                     from.y + static_cast<int>(std::lround(share * (to.y - from.y))));
  };
  for (double along = 0; along < length; along += kDash + kSpace)
    cv::line(picture, at(along), at(along + kDash), colour, width);
}

void draw_box(cv::Mat& picture, const cv::Rect& box, const cv::Scalar& colour, int width,
              bool dashed) {
  if (!dashed) {
    cv::rectangle(picture, box, colour, width);
    return;
  }
  const cv::Point right(box.width - 1, 0), down(0, box.height - 1);
  const cv::Point corner = box.tl();
  dashed_line(picture, corner, corner + right, colour, width);
  dashed_line(picture, corner, corner + down, colour, width);
  dashed_line(picture, corner + right, corner + right + down, colour, width);
  dashed_line(picture, corner + down, corner + right + down, colour, width);
}

// One network's view of one image.
class Panel {
 public:
  Panel(cv::Mat picture, double scale) : picture_(std::move(picture)), scale_(scale) {}

  void draw(const std::vector<Mark>& marks) {
    for (const bool changed : {false, true}) {
      for (const Mark& mark : marks) {
        if (mark.changed != changed) continue;
        const cv::Rect box = place(mark.box);
        // A light seam, so that the box shows on any background.
        if (changed) draw_box(picture_, box, kWhite, 5, mark.dashed);
        draw_box(picture_, box, mark.colour, changed ? 3 : 2, mark.dashed);
      }
    }
    std::vector<cv::Rect> boxes;
    for (const Mark& mark : marks) {
      if (mark.changed) boxes.push_back(place(mark.box));
    }
    std::vector<cv::Rect> labels;
    for (const Mark& mark : marks) {
      if (mark.changed) draw_label(mark, boxes, labels);
    }
  }

 private:
  [[nodiscard]] cv::Rect place(const BoxXywh& box) const {
    const auto clamped = [this](double value, int most) {
      return static_cast<int>(std::lround(std::clamp(value * scale_, 0.0, most - 1.0)));
    };
    const cv::Point from(clamped(box[0], picture_.cols), clamped(box[1], picture_.rows));
    const cv::Point to(clamped(box[0] + box[2], picture_.cols),
                       clamped(box[1] + box[3], picture_.rows));
    return {from, to + cv::Point(1, 1)};
  }

  // Above, below or at the sides of its box, where it hides least.
  void draw_label(const Mark& mark, const std::vector<cv::Rect>& boxes,
                  std::vector<cv::Rect>& labels) {
    constexpr double kSize = 0.4;
    constexpr int kPad = 3;
    const std::string text = fitted(ascii(mark.label), kSize, picture_.cols - 2 * kPad);
    int below = 0;
    const cv::Size size = cv::getTextSize(text, kFont, kSize, 1, &below);
    const cv::Size outer(size.width + 2 * kPad, size.height + below + kPad);
    const cv::Rect box = place(mark.box);
    const cv::Point above = box.tl() - cv::Point(2, outer.height + 2);
    const cv::Point under(box.x - 2, box.br().y + 2);
    const int to_right = box.width + 4 - outer.width;
    const std::array<cv::Point, 6> places = {above,
                                             under,
                                             above + cv::Point(to_right, 0),
                                             under + cv::Point(to_right, 0),
                                             cv::Point(box.br().x + 3, box.y),
                                             cv::Point(box.x - 3 - outer.width, box.y)};
    cv::Rect chosen;
    double least = -1;
    for (const cv::Point& wanted : places) {
      const cv::Point corner(std::clamp(wanted.x, 0, std::max(0, picture_.cols - outer.width)),
                             std::clamp(wanted.y, 0, std::max(0, picture_.rows - outer.height)));
      const cv::Rect candidate(corner, outer);
      double hidden = 0;
      for (const cv::Rect& other : labels) hidden += 4 * (candidate & other).area();
      for (const cv::Rect& other : boxes) hidden += (candidate & other).area();
      if (least >= 0 && hidden >= least) continue;
      least = hidden;
      chosen = candidate;
    }
    labels.push_back(chosen);
    cv::rectangle(picture_, chosen & cv::Rect({}, picture_.size()), mark.colour, cv::FILLED);
    write(picture_, text, {chosen.x + kPad, chosen.y + outer.height - below}, kSize, kWhite);
  }

  cv::Mat picture_;
  double scale_;
};

// Of the baseline (`before`), or of the other network.
std::vector<Mark> marks_of(const Diff& diff, const metrics::ImageChanges& image, bool before) {
  const std::vector<Detection>& file = before ? diff.baseline : diff.other;
  const auto label = [&](const Detection& detection) {
    return fmt::format("{} {:.2f}", diff.class_name(detection.category_id), detection.score);
  };
  const auto place_of = [before](const auto& seen) {
    return before ? seen.baseline_detection : seen.other_detection;
  };
  std::set<std::uint32_t> on_objects;  // false detections that are drawn with the object they show
  std::set<std::uint32_t> changed_detections;
  for (const metrics::FalseDetection& one : image.false_detections) {
    if ((one.newly_false() || one.no_longer_false()) && place_of(one))
      changed_detections.insert(*place_of(one));
  }
  std::vector<Mark> marks;
  for (const metrics::SeenObject& object : image.objects) {
    const Annotation& truth = diff.truth.annotations[object.annotation];
    const std::string name = diff.class_name(truth.category_id);
    const bool changed = object.newly_missed() || object.newly_found();
    const auto place = place_of(object);
    switch (before ? object.baseline : object.other) {
      case Sighting::kFound:
        marks.push_back({file[*place].bbox, kGreen, false, changed, label(file[*place])});
        break;
      case Sighting::kOtherClass:
        on_objects.insert(*place);
        marks.push_back({file[*place].bbox, kPurple, false,
                         changed || changed_detections.contains(*place),
                         name + " as " + label(file[*place])});
        break;
      case Sighting::kMissed:
        marks.push_back({truth.bbox, kVermillion, true, changed, name + " missed"});
        break;
    }
  }
  for (const metrics::FalseDetection& one : image.false_detections) {
    const auto place = place_of(one);
    if (!place || on_objects.contains(*place)) continue;
    marks.push_back({file[*place].bbox, kBlue, false, changed_detections.contains(*place),
                     label(file[*place])});
  }
  return marks;
}

// Header: the two networks, the confidence, and what the colours mean.
void draw_header(cv::Mat& sheet, const Diff& diff) {
  const int width = sheet.cols - 2 * kMargin;
  const std::string title =
      fmt::format("left: {}   right: {}   confidence {:.4g}, IoU {:g}", diff.baseline_name,
                  diff.other_name, diff.changes.options.confidence, diff.changes.options.iou);
  write(sheet, fitted(ascii(title), 0.6, width), {kMargin, 32}, 0.6, kInk);
  struct Entry {
    const char* text;
    cv::Scalar colour;
    bool dashed;
  };
  const std::array<Entry, 4> entries = {{{"found", kGreen, false},
                                         {"missed", kVermillion, true},
                                         {"false", kBlue, false},
                                         {"shown as another class", kPurple, false}}};
  int x = kMargin;
  for (const Entry& entry : entries) {
    draw_box(sheet, {x, 48, 26, 16}, entry.colour, 3, entry.dashed);
    write(sheet, entry.text, {x + 34, 62}, 0.5, kInk);
    x += 34 + width_of(entry.text, 0.5) + 26;
  }
  write(sheet, "thick, with a label: differs between the two; thin: as in the other one", {x, 62},
        0.5, kGrey);
}

// Caption and two panels, with the top left corner at `corner`.
void draw_pair(cv::Mat& sheet, cv::Point corner, const Diff& diff,
               const metrics::ImageChanges& image, const cv::Mat& picture) {
  const std::string name = ascii(diff.image_name(image.image_id));
  write(sheet, fitted(name, 0.5, kPairWidth), corner + cv::Point(0, 16), 0.5, kInk);
  write(sheet, fitted(change_text(image.counts), 0.45, kPairWidth), corner + cv::Point(0, 36), 0.45,
        kGrey);
  const double scale = std::min(static_cast<double>(kPanelWidth) / picture.cols,
                                static_cast<double>(kPanelHeight) / picture.rows);
  const auto scaled = [scale](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  const cv::Size size(scaled(picture.cols), scaled(picture.rows));
  cv::Mat small;
  cv::resize(picture, small, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  for (const bool before : {true, false}) {
    cv::Mat drawn = small.clone();
    Panel(drawn, scale).draw(marks_of(diff, image, before));
    const cv::Rect panel(corner.x + (before ? 0 : kPanelWidth + kPanelGap), corner.y + kCaption,
                         kPanelWidth, kPanelHeight);
    sheet(panel).setTo(kEmpty);
    const cv::Point inside((kPanelWidth - size.width) / 2, (kPanelHeight - size.height) / 2);
    drawn.copyTo(sheet(cv::Rect(panel.tl() + inside, size)));
  }
}

Result<cv::Mat> draw_sheet(const Diff& diff, std::span<const std::size_t> places,
                           SourceImages& images) {
  const auto rows = static_cast<int>((places.size() + kColumns - 1) / kColumns);
  const auto columns = static_cast<int>(kColumns);
  cv::Mat sheet(kHeader + rows * (kPairHeight + kMargin),
                kMargin + columns * (kPairWidth + kMargin), CV_8UC3, kWhite);
  draw_header(sheet, diff);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const metrics::ImageChanges& image = diff.changes.images[places[i]];
    QYOLO_TRY(const cv::Mat picture, images.load(image.image_id));
    const auto row = static_cast<int>(i / kColumns);
    const auto column = static_cast<int>(i % kColumns);
    draw_pair(sheet,
              {kMargin + column * (kPairWidth + kMargin), kHeader + row * (kPairHeight + kMargin)},
              diff, image, picture);
  }
  return sheet;
}

}  // namespace

Result<std::vector<fs::path>> draw_contact_sheets(const Diff& diff, std::size_t count,
                                                  const fs::path& images, const fs::path& folder) {
  const std::vector<std::size_t> worst = diff.changes.worst_images(count);
  if (!worst.empty()) QYOLO_CHECK_OK(create_folder(folder));
  SourceImages source(diff, images);
  std::vector<fs::path> paths;
  for (std::size_t first = 0; first < worst.size(); first += kPerSheet) {
    const std::size_t on_sheet = std::min(kPerSheet, worst.size() - first);
    const fs::path path = contact_sheet_path(folder, paths.size() + 1);
    try {
      QYOLO_TRY(const cv::Mat sheet,
                draw_sheet(diff, std::span(worst).subspan(first, on_sheet), source));
      std::vector<std::uint8_t> jpeg;
      if (!cv::imencode(".jpg", sheet, jpeg, {cv::IMWRITE_JPEG_QUALITY, kSheetQuality}))
        return error("{} cannot be encoded", path.string());
      QYOLO_CHECK_OK(write_file(path, {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()}));
    } catch (const cv::Exception& failure) {
      return error("{} cannot be drawn: {}", path.string(), failure.err);
    }
    paths.push_back(path);
  }
  return paths;
}

}  // namespace qyolo::harness
