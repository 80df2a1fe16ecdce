// Situations out of public reports by people who evaluate detectors on their own data: the shared
// cases, and further ones of the same kinds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kAp = 0.742654;  // of the cases' four images
constexpr double kDigits = 5e-7;

fs::path case_folder(const std::string& name) { return shared_dir() / "cases" / name; }

ProcessResult eval_in(const fs::path& folder, const std::vector<std::string>& more = {},
                      const std::string& images = "images", const std::string& size = "320") {
  std::vector<std::string> arguments = {"eval",
                                        "--model",
                                        parts_model(),
                                        "--images",
                                        (folder / images).string(),
                                        "--annotations",
                                        (folder / "annotations.json").string(),
                                        "--img",
                                        size,
                                        "-o",
                                        "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return qyolo(arguments);
}

double ap_of(const ProcessResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto document = parse_json(result.out, "result");
  return document.ok() ? member(*document, "AP").get<double>() : -1;
}

double score_of(const fs::path& truth, const fs::path& detections, std::string* said = nullptr) {
  const ProcessResult result = qyolo({"score", truth.string(), detections.string(), "-o", "json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  if (said != nullptr) *said = result.err;
  const auto document = parse_json(result.out, "result");
  return document.ok() ? (*document)["metrics"]["AP"].get<double>() : -1;
}

// A writable copy of a case.
class Copy {
 public:
  explicit Copy(const std::string& name) {
    fs::copy(case_folder(name), folder_.path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
      fs::permissions(entry.path(), fs::perms::owner_all);
    fs::permissions(folder_.path(), fs::perms::owner_all);
  }
  [[nodiscard]] const fs::path& path() const { return folder_.path(); }
  [[nodiscard]] Json annotations() const { return *read_json(folder_.path() / "annotations.json"); }
  void annotate(const Json& json) const {
    ASSERT_TRUE(write_file(folder_.path() / "annotations.json", json.dump()).ok());
  }

 private:
  TemporaryFolder folder_;
};

constexpr const char* kSound = "20-image-size-not-a-multiple-of-the-stride";

TEST(Cases, RoboflowsRootCategory) {
  QYOLO_NEEDS_SHARED("cases/01-roboflow-root-category");
  const fs::path folder = case_folder("01-roboflow-root-category");
  const ProcessResult result = eval_in(folder);
  EXPECT_NEAR(ap_of(result), kAp, kDigits);
  EXPECT_THAT(result.err, HasSubstr("has no annotation and is no class of the network: parts"));
  EXPECT_NEAR(ap_of(eval_in(folder, {"--ignore-class-names"})), kAp, kDigits);
  const ProcessResult same =
      qyolo({"eval", "--model", parts_model(), "--images", (folder / "images").string(),
             "--annotations", (folder / "same-name.json").string(), "--img", "320", "-o", "json"});
  EXPECT_NEAR(ap_of(same), kAp, kDigits);
}

TEST(Cases, AnnotationIdZero) {
  QYOLO_NEEDS_SHARED("cases/03-annotation-id-zero");
  const fs::path folder = case_folder("03-annotation-id-zero");
  std::string said;
  EXPECT_NEAR(score_of(folder / "annotations.json", folder / "detections.json", &said), kAp,
              kDigits);
  EXPECT_THAT(said, HasSubstr("pycocotools may print another AP"));
}

TEST(Cases, BackslashesInFileNames) {
  QYOLO_NEEDS_SHARED("cases/05-backslashes-in-file-names");
  const ProcessResult result = eval_in(case_folder("05-backslashes-in-file-names"), {}, ".");
  EXPECT_NEAR(ap_of(result), kAp, kDigits);
  EXPECT_THAT(result.err, HasSubstr("4 of 4 file names backslashes are read as separators"));
}

TEST(Cases, StringIdsThroughout) {
  QYOLO_NEEDS_SHARED("cases/08-string-ids-throughout");
  const fs::path folder = case_folder("08-string-ids-throughout");
  EXPECT_NEAR(score_of(folder / "annotations.json", folder / "detections.json"), kAp, kDigits);
  const TemporaryFolder out;
  const std::string saved = (out.path() / "dt.json").string();
  EXPECT_NEAR(ap_of(eval_in(folder, {"--save-detections", saved})), kAp, kDigits);
  EXPECT_THAT(content_of(saved), HasSubstr(R"("image_id": "scene_0001")"));
  EXPECT_NEAR(score_of(folder / "annotations.json", saved), kAp, kDigits);
}

TEST(Cases, JpegWithoutEndMarker) {
  QYOLO_NEEDS_SHARED("cases/10-jpeg-without-end-marker");
  const Copy copy("10-jpeg-without-end-marker");
  const ProcessResult result = eval_in(copy.path());
  EXPECT_NEAR(ap_of(result), kAp, kDigits);
  EXPECT_THAT(result.err, AllOf(HasSubstr("end marker"), HasSubstr("000001.jpg")));
  // Missing scan lines are another matter: half of the file, and all but its last hundred bytes.
  const fs::path image = copy.path() / "images/000001.jpg";
  const std::string whole = content_of(image);
  for (const std::size_t kept : {whole.size() / 2, whole.size() - 100}) {
    ASSERT_TRUE(write_file(image, whole.substr(0, kept)).ok());
    const ProcessResult cut = eval_in(copy.path());
    EXPECT_EQ(cut.exit_code, 2);
    EXPECT_THAT(cut.err, HasSubstr("000001.jpg cannot be decoded: it is truncated"));
  }
  // Half of the marker is as good as none.
  ASSERT_TRUE(write_file(image, whole + "\xFF").ok());
  EXPECT_NEAR(ap_of(eval_in(copy.path())), kAp, kDigits);
}

TEST(Cases, BoxesOfAnotherSize) {
  QYOLO_NEEDS_SHARED("cases/12-boxes-of-another-size");
  const fs::path folder = case_folder("12-boxes-of-another-size");
  const ProcessResult result = eval_in(folder);
  EXPECT_THAT(result.err,
              HasSubstr("4 of 4 images have another size in the annotations than in their file, "
                        "the first is"));
  const ProcessResult diff =
      qyolo({"diff", "--model", parts_model(), "--images", (folder / "images").string(),
             "--annotations", (folder / "annotations.json").string(), "--img", "320", "--scheme",
             "affine", "--bits", "4", "--conf", "0.3"});
  EXPECT_THAT(diff.err, HasSubstr("have another size in the annotations"));
}

TEST(Cases, AppleDoubleInCalibration) {
  QYOLO_NEEDS_SHARED("cases/15-appledouble-in-calibration");
  const fs::path folder = case_folder("15-appledouble-in-calibration");
  const ProcessResult result =
      eval_in(folder, {"--scheme", "symmetric", "--bits", "8", "--activation-bits", "8",
                       "--calibration", (folder / "calibration").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST(Cases, PathInCheckpoint) {
  QYOLO_NEEDS_SHARED("cases/19-path-in-checkpoint");
  for (const char* name : {"with-path.pt", "with-date.pt"}) {
    const ProcessResult result =
        qyolo({"inspect", (case_folder("19-path-in-checkpoint") / name).string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }
}

TEST(Cases, ImageSizeNotAMultipleOfTheStride) {
  QYOLO_NEEDS_SHARED("cases/20-image-size-not-a-multiple-of-the-stride");
  const fs::path folder = case_folder(kSound);
  for (const char* size : {"300", "289", "320"}) {
    const ProcessResult result = eval_in(folder, {}, "images", size);
    EXPECT_NEAR(ap_of(result), kAp, kDigits) << size;
    EXPECT_EQ(result.err.find("320 is used") != std::string::npos, std::string(size) != "320");
  }
  EXPECT_EQ(eval_in(folder, {"--square"}, "images", "300").out.substr(0, 30),
            eval_in(folder, {"--square"}, "images", "320").out.substr(0, 30));
  const ProcessResult bench = qyolo({"bench", parts_model(), "--img", "300", "--rounds", "1",
                                     "--precision", "fp32", "--no-memory", "--no-energy"});
  EXPECT_EQ(bench.exit_code, 0) << bench.err;
  EXPECT_THAT(bench.err, HasSubstr("320 x 320 is used"));
}

TEST(Cases, NoJsonButAnotherFile) {
  QYOLO_NEEDS_SHARED("cases/22-no-json-but-another-file");
  const fs::path folder = case_folder("22-no-json-but-another-file");
  const std::pair<const char*, const char*> files[] = {
      {"zipped.json", "a ZIP archive, expected JSON: unpack it"},
      {"gzipped.json", "a gzip archive, expected JSON"},
      {"utf16.json", "UTF-16"},
      {"comma.json", "annotations[13]"}};
  for (const auto& [name, piece] : files) {
    expect_one_sentence(
        qyolo({"score", (folder / name).string(), (folder / "detections.json").string()}), piece);
  }
  EXPECT_THAT(
      qyolo({"score", (folder / "comma.json").string(), (folder / "detections.json").string()}).err,
      ::testing::ContainsRegex("line (209|210)"));
}

TEST(Cases, AnnotationsOfUnlistedImages) {
  QYOLO_NEEDS_SHARED("cases/23-annotations-of-unlisted-images");
  const fs::path folder = case_folder("23-annotations-of-unlisted-images");
  std::string said;
  EXPECT_NEAR(score_of(folder / "annotations.json", folder / "detections.json", &said), 0.791820,
              kDigits);
  EXPECT_THAT(said, HasSubstr("11 of 27 annotations are of images that the file does not list"));
  EXPECT_NEAR(ap_of(eval_in(folder)), 0.791820, kDigits);
  const ProcessResult doctor = qyolo({"doctor", "--images", (folder / "images").string(),
                                      "--annotations", (folder / "annotations.json").string()});
  EXPECT_THAT(doctor.out, HasSubstr("annotations of images that are not listed: 11"));
}

TEST(Cases, ImagesWithoutFileName) {
  QYOLO_NEEDS_SHARED("cases/25-images-without-file-name");
  const fs::path folder = case_folder("25-images-without-file-name");
  expect_one_sentence(eval_in(folder), "annotations.json: images[0]: 'file_name' is missing");
  const ProcessResult doctor = qyolo({"doctor", "--images", (folder / "images").string(),
                                      "--annotations", (folder / "annotations.json").string()});
  EXPECT_EQ(doctor.exit_code, 1) << doctor.err;
  EXPECT_THAT(doctor.out, HasSubstr("listed images without file_name: 4"));
}

// ---- Further ones. ----

TEST(UserData, CategoriesInAnyOrderAndUnderAnyNameGiveTheSameAp) {
  QYOLO_NEEDS_SHARED(std::string("cases/") + kSound);
  const Copy copy(kSound);
  const Json original = copy.annotations();
  Json turned = original;  // ids 1000 - id, in reverse, with a class map for one of them
  std::reverse(turned["categories"].begin(), turned["categories"].end());
  for (Json& category : turned["categories"]) {
    category["id"] = 1000 - category["id"].get<int>();
    if (category["name"] == "gear") category["name"] = "Zahnrad";
  }
  for (Json& annotation : turned["annotations"])
    annotation["category_id"] = 1000 - annotation["category_id"].get<int>();
  copy.annotate(turned);
  expect_one_sentence(eval_in(copy.path()), "Zahnrad");
  ASSERT_TRUE(write_file(copy.path() / "map.json", R"({"Zahnrad": "gear"})").ok());
  const std::vector<std::string> mapped = {"--class-map", (copy.path() / "map.json").string()};
  EXPECT_NEAR(ap_of(eval_in(copy.path(), mapped)), kAp, kDigits);
  const ProcessResult doctor =
      qyolo({"doctor", "--images", (copy.path() / "images").string(), "--annotations",
             (copy.path() / "annotations.json").string(), "--model", parts_model(), "--class-map",
             (copy.path() / "map.json").string(), "-o", "json"});
  EXPECT_THAT(doctor.out, Not(HasSubstr("class_unknown")));
}

TEST(UserData, NamesNullSizesAndTextIdsTogether) {
  QYOLO_NEEDS_SHARED(std::string("cases/") + kSound);
  const Copy copy(kSound);
  Json json = copy.annotations();
  for (Json& image : json["images"]) {
    image["width"] = nullptr;
    image["height"] = 0;
    image["file_name"] = "data%2Fimages\\" + image["file_name"].get<std::string>();
    image["id"] = fmt::format("id {}", image["id"].get<int>());
  }
  for (Json& annotation : json["annotations"])
    annotation["image_id"] = fmt::format("id {}", annotation["image_id"].get<int>());
  fs::create_directories(copy.path() / "data");
  fs::rename(copy.path() / "images", copy.path() / "data/images");
  copy.annotate(json);
  EXPECT_NEAR(ap_of(eval_in(copy.path(), {}, "data/images")), kAp, kDigits);
}

// parts as labels, as VOC and as COCO: the same AP to the last digit.
TEST(UserData, EveryLayoutGivesTheSameAp) {
  const TemporaryFolder folder;
  const auto at = [&](const char* name) { return (folder.path() / name).string(); };
  const std::vector<std::string> coco = {"--images", parts("val/images"), "--annotations",
                                         parts("val/annotations.json")};
  const auto run = [](std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return qyolo(arguments);
  };
  ASSERT_EQ(run({"convert", "--to", "yolo", "-o", at("yolo")}, coco).exit_code, 0);
  ASSERT_EQ(run({"convert", "--to", "voc", "-o", at("voc")}, coco).exit_code, 0);
  ASSERT_EQ(
      run({"convert", "--voc", at("voc"), "--images", parts("val/images"), "-o", at("voc.json")},
          {})
          .exit_code,
      0);
  const std::vector<std::string> eval = {"eval",    "--model",  parts_model(), "--img", "320",
                                         "--limit", "first:60", "-o",          "json"};
  const double expected = ap_of(run(eval, coco));
  EXPECT_GT(expected, 0.7);
  EXPECT_EQ(ap_of(run(eval, {"--data", at("yolo/data.yaml")})), expected);
  EXPECT_EQ(ap_of(run(eval, {"--images", parts("val/images"), "--annotations", at("voc.json")})),
            expected);
  // An experiment in YAML on it.
  ASSERT_TRUE(write_file(folder.path() / "e.yaml",
                         "name: yolo\nmodel: " + parts_model() +
                             "\ndataset: {data: yolo/data.yaml}\n"
                             "evaluation: {img: 320, limit: 'first:60'}\nlatency: {rounds: 0}\n"
                             "uncertainty: {resamples: 0}\n"
                             "matrix: [{scheme: affine, bits: 8, granularity: filter}]\n")
                  .ok());
  const ProcessResult ran = qyolo({"run", at("e.yaml"), "--out", at("run"), "-q", "-o", "json"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const ProcessResult doctor =
      qyolo({"doctor", "--data", at("yolo/data.yaml"), "--model", parts_model(), "--strict"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out;
}

TEST(UserData, DetectTakesFoldersAndPatterns) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "in/deep");
  fs::copy_file(parts("val/images/000001.jpg"), folder.path() / "in/a.jpg");
  fs::copy_file(parts("val/images/000002.jpg"), folder.path() / "in/deep/a.jpg");
  ASSERT_TRUE(write_file(folder.path() / "in/._a.jpg", "no image").ok());
  const auto detect = [&](const std::string& what, const char* out) {
    return qyolo({"detect", what, "--model", parts_model(), "--img", "320", "--out",
                  (folder.path() / out).string()});
  };
  EXPECT_EQ(detect((folder.path() / "in").string(), "out").exit_code, 0);
  EXPECT_TRUE(fs::exists(folder.path() / "out/a.jpg"));
  EXPECT_TRUE(fs::exists(folder.path() / "out/deep/a.jpg"));
  EXPECT_EQ(detect((folder.path() / "in/*/*.jpg").string(), "matched").exit_code, 0);
  EXPECT_TRUE(fs::exists(folder.path() / "matched/a.jpg"));
  expect_one_sentence(detect((folder.path() / "in/*.png").string(), "none"), "matches no file");
  expect_one_sentence(detect((folder.path() / "out/deep/none.jpg").string(), "none"), "none.jpg");
  // Hidden folders are left out, links to files are followed, and folders without images are said.
  fs::create_directories(folder.path() / "in/.trash");
  fs::copy_file(parts("val/images/000003.jpg"), folder.path() / "in/.trash/b.jpg");
  fs::create_symlink(parts("val/images/000004.jpg"), folder.path() / "in/link.jpg");
  EXPECT_EQ(detect((folder.path() / "in").string(), "again").exit_code, 0);
  EXPECT_FALSE(fs::exists(folder.path() / "again/.trash"));
  EXPECT_TRUE(fs::exists(folder.path() / "again/link.jpg"));
  fs::create_directories(folder.path() / "empty");
  expect_one_sentence(detect((folder.path() / "empty").string(), "none"), "has no images");
  // Two inputs of one name would be one picture.
  fs::create_directories(folder.path() / "other");
  fs::copy_file(parts("val/images/000005.jpg"), folder.path() / "other/a.jpg");
  expect_one_sentence(detect((folder.path() / "*/a.jpg").string(), "none"), "are one file");
}

// The image size is one for every command that takes one.
TEST(UserData, SizesBesideTheGridAreRoundedByEveryCommand) {
  QYOLO_NEEDS_SHARED(std::string("cases/") + kSound);
  const Copy copy(kSound);
  const auto at = [&](const char* name) { return (copy.path() / name).string(); };
  const std::vector<std::string> data = {"--model",    parts_model(),   "--images",
                                         at("images"), "--annotations", at("annotations.json")};
  const auto with = [&](std::vector<std::string> arguments, const std::string& size) {
    arguments.insert(arguments.end(), data.begin(), data.end());
    arguments.insert(arguments.end(), {"--img", size});
    return qyolo(arguments);
  };
  const ProcessResult diff =
      with({"diff", "--scheme", "affine", "--bits", "8", "--conf", "0.3"}, "290");
  EXPECT_EQ(diff.exit_code, 0) << diff.err;
  EXPECT_THAT(diff.err, HasSubstr("320 is used"));
  const ProcessResult odd = with({"eval", "-o", "json"}, "33");
  EXPECT_EQ(odd.exit_code, 0) << odd.err;
  EXPECT_THAT(odd.err, HasSubstr("64 is used"));
  EXPECT_EQ(ap_of(odd), ap_of(with({"eval", "-o", "json"}, "64")));
  const ProcessResult detect = qyolo({"detect", at("images/000001.jpg"), "--model", parts_model(),
                                      "--img", "319", "--out", at("out")});
  EXPECT_EQ(detect.exit_code, 0) << detect.err;
  EXPECT_THAT(detect.err, HasSubstr("320 is used"));
  ASSERT_TRUE(
      write_file(at("e.yaml"), "name: e\nmodel: " + parts_model() +
                                   "\ndataset: {images: images, annotations: annotations.json}\n"
                                   "evaluation: {img: 300}\nlatency: {rounds: 0}\n"
                                   "uncertainty: {resamples: 0}\n"
                                   "matrix: [{scheme: affine, bits: 8, granularity: filter}]\n")
          .ok());
  const ProcessResult run = qyolo({"run", at("e.yaml"), "--out", at("run")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("320 is used"));
  EXPECT_THAT(run.out + run.err, HasSubstr("| 74.27 |"));
}

TEST(UserData, DeviceAndLinkOutputsStayWhatTheyAre) {
  QYOLO_NEEDS_SHARED(std::string("cases/") + kSound);
  const Copy copy(kSound);
  const fs::path link = copy.path() / "link.json", target = copy.path() / "target.json";
  ASSERT_TRUE(write_file(target, "old").ok());
  fs::create_symlink("target.json", link);
  const ProcessResult linked = eval_in(copy.path(), {"--save-detections", link.string()});
  EXPECT_EQ(linked.exit_code, 0) << linked.err;
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_THAT(content_of(target), HasSubstr("image_id"));
  EXPECT_EQ(eval_in(copy.path(), {"--save-detections", "/dev/null"}).exit_code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

// The doctor, diff's sheets and evaluation look for files in one way.
TEST(UserData, EveryCommandFindsTheSameFiles) {
  QYOLO_NEEDS_SHARED(std::string("cases/") + kSound);
  const Copy copy(kSound);
  Json json = copy.annotations();
  const fs::path outside = copy.path() / "elsewhere.jpg";
  fs::rename(copy.path() / "images/000004.jpg", outside);
  fs::create_symlink(outside, copy.path() / "images/000004.jpg");  // the user's own link
  const char* names[] = {"images\\000001.jpg", "%30%30%30002.jpg", "images/000003.JPG",
                         "000004.jpg"};
  for (std::size_t i = 0; i < 4; ++i) json["images"][i]["file_name"] = names[i];
  copy.annotate(json);
  const std::vector<std::string> data = {"--images", (copy.path() / "images").string(),
                                         "--annotations",
                                         (copy.path() / "annotations.json").string()};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), data.begin(), data.end());
    return qyolo(arguments);
  };
  const std::vector<std::string> diff = {
      "diff",     "--model", parts_model(), "--img",    "320",
      "--scheme", "affine",  "--bits",      "4",        "--granularity",
      "layer",    "--conf",  "0.3",         "--sheets", (copy.path() / "sheets").string()};
  EXPECT_NEAR(ap_of(eval_in(copy.path())), kAp, kDigits);
  const ProcessResult doctor = run({"doctor", "--min-objects", "0"});
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("no errors, no warnings"),
                                HasSubstr("spelled in another way than their files': 3")));
  const ProcessResult sheets = run(diff);
  EXPECT_EQ(sheets.exit_code, 0) << sheets.err;
  EXPECT_TRUE(fs::exists(copy.path() / "sheets/sheet-01.jpg"));
  for (const char* name : {"../elsewhere.jpg", "..\\elsewhere.jpg", "%2e%2e/elsewhere.jpg"}) {
    json["images"][3]["file_name"] = name;
    copy.annotate(json);
    EXPECT_EQ(eval_in(copy.path()).exit_code, 2);
    EXPECT_EQ(run(diff).exit_code, 2);
    EXPECT_THAT(run({"doctor"}).out, HasSubstr("image names that lead out of the folder: 1"));
  }
}

TEST(UserData, UnsupportedImagesAreSaidToBeSo) {
  QYOLO_NEEDS_SHARED(std::string("cases/") + kSound);
  const Copy copy(kSound);
  const fs::path image = copy.path() / "images/000001.jpg";
  const std::pair<std::string, const char*> kinds[] = {
      {"GIF89a\x01", "a GIF image is not supported"},
      {std::string("\0\0\0\x20", 4) + "ftypavif\0\0\0\0", "an AVIF image is not supported"},
      {std::string("II*\0\x08\0\0\0\x01\0\x53\x01\x03\0\x01\0\0\0\x03\0\0\0", 22),
       "is not supported"}};
  for (const auto& [content, piece] : kinds) {
    ASSERT_TRUE(write_file(image, content).ok());
    const ProcessResult result = eval_in(copy.path());
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr(piece));
  }
}

}  // namespace
}  // namespace qyolo::testing
