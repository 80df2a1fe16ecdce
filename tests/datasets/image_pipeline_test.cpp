#include "datasets/image_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include <string>
#include <utility>
#include <vector>

#include "common/file.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "datasets/image_decoding.h"
#include "tests/datasets/test_images.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using testing::big_endian;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::encoded;
using testing::exif_segment;
using ::testing::HasSubstr;
using testing::jpeg_with;

using Shape = std::pair<int, int>;  // height, width

std::vector<Shape> shapes_of(const std::vector<RectBatch>& batches) {
  std::vector<Shape> shapes;
  for (const RectBatch& batch : batches) shapes.emplace_back(batch.height, batch.width);
  return shapes;
}

std::vector<std::size_t> order_of(const std::vector<RectBatch>& batches) {
  std::vector<std::size_t> order;
  for (const RectBatch& batch : batches) {
    order.insert(order.end(), batch.images.begin(), batch.images.end());
  }
  return order;
}

// Expected orders and shapes: numpy with the official expressions,
// np.ceil(np.array(shapes) * img_size / stride + 0.5).astype(int) * stride over a stable argsort.
const std::vector<ImageSize> kSizes = {{640, 480}, {480, 640}, {640, 427}, {500, 375}, {375, 500},
                                       {612, 612}, {640, 640}, {640, 101}, {100, 1000}};

TEST(RectBatches, SortsByAspectRatioAndKeepsTheOrderOfTies) {
  for (const int batch : {1, 2, 32}) {
    const auto batches = rect_batches(kSizes, {640, 32, batch, true});
    EXPECT_THAT(order_of(batches), ElementsAre(7, 2, 0, 3, 5, 6, 1, 4, 8));
  }
}

TEST(RectBatches, PadsEachBatchToItsExtremeAspectRatio) {
  const auto shapes = [](int batch) {
    return shapes_of(rect_batches(kSizes, {640, 32, batch, true}));
  };
  EXPECT_THAT(shapes(1), ElementsAre(Shape(128, 672), Shape(448, 672), Shape(512, 672),
                                     Shape(512, 672), Shape(672, 672), Shape(672, 672),
                                     Shape(672, 512), Shape(672, 512), Shape(672, 96)));
  EXPECT_THAT(shapes(2), ElementsAre(Shape(448, 672), Shape(512, 672), Shape(672, 672),
                                     Shape(672, 512), Shape(672, 96)));
  EXPECT_THAT(shapes(3), ElementsAre(Shape(512, 672), Shape(672, 672), Shape(672, 512)));
  EXPECT_THAT(shapes(4), ElementsAre(Shape(512, 672), Shape(672, 672), Shape(672, 96)));
  EXPECT_THAT(shapes(32), ElementsAre(Shape(672, 672)));
}

TEST(RectBatches, UsesTheModelsStride) {
  EXPECT_THAT(shapes_of(rect_batches(kSizes, {1280, 64, 2, true})),
              ElementsAre(Shape(896, 1344), Shape(1024, 1344), Shape(1344, 1344), Shape(1344, 1024),
                          Shape(1344, 192)));
}

TEST(RectBatches, WithoutRectEveryBatchIsASquareInTheGivenOrder) {
  const auto batches = rect_batches(kSizes, {640, 32, 4, false});
  EXPECT_THAT(shapes_of(batches), ElementsAre(Shape(640, 640), Shape(640, 640), Shape(640, 640)));
  EXPECT_THAT(order_of(batches), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(batches.back().images, ElementsAre(8));
}

TEST(RectBatches, NoImagesMakeNoBatches) {
  EXPECT_TRUE(rect_batches({}, PipelineOptions{}).empty());
}

// The file in a folder of its own, under its name.
class ImageFiles : public ::testing::Test {
 protected:
  fs::path file(const std::string& name, std::string_view content) {
    const fs::path path = folder_.path() / name;
    EXPECT_TRUE(write_file(path, content).ok());
    return path;
  }
  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }

  // One grey row of these values, `height` times.
  fs::path grey_rows(const std::vector<std::uint8_t>& row, int height) {
    cv::Mat image(height, static_cast<int>(row.size()), CV_8UC3);
    for (int y = 0; y < image.rows; ++y) {
      for (int x = 0; x < image.cols; ++x) {
        image.at<cv::Vec3b>(y, x) = cv::Vec3b::all(row[static_cast<std::size_t>(x)]);
      }
    }
    return file("grey.png", encoded(image, ".png"));
  }

 private:
  testing::TemporaryFolder folder_;
};

Letterboxed load(const fs::path& path, int height, int width, int image_size) {
  auto loaded = load_letterboxed(path, height, width, image_size);
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
  return loaded.ok() ? std::move(loaded).value() : Letterboxed{};
}

std::string failure(const fs::path& path, int height = 64, int width = 64, int image_size = 64) {
  const auto loaded = load_letterboxed(path, height, width, image_size);
  EXPECT_FALSE(loaded.ok());
  return loaded.ok() ? "" : loaded.error().message;
}

TEST_F(ImageFiles, BecomeRgbPlanesCentredOnPadding) {
  const cv::Mat image(1, 2, CV_8UC3, cv::Scalar(10, 20, 30));  // BGR
  const Letterboxed box = load(file("a.png", encoded(image, ".png")), 4, 3, 2);
  // dh = 1.5: one row above, two below; dw = 0.5: none to the left, one to the right.
  EXPECT_EQ(box.height, 4);
  EXPECT_EQ(box.width, 3);
  EXPECT_THAT(box.rgb, ElementsAre(114, 114, 114, 30, 30, 114, 114, 114, 114, 114, 114, 114,  //
                                   114, 114, 114, 20, 20, 114, 114, 114, 114, 114, 114, 114,  //
                                   114, 114, 114, 10, 10, 114, 114, 114, 114, 114, 114, 114));
  EXPECT_EQ(box.image_height, 1);
  EXPECT_EQ(box.image_width, 2);
  EXPECT_EQ(box.pad_y, 1.5);
  EXPECT_EQ(box.pad_x, 0.5);
  EXPECT_EQ(box.ratio_y, 1);
  EXPECT_EQ(box.ratio_x, 1);
}

TEST_F(ImageFiles, ShrinkByAreaMeans) {
  const Letterboxed box = load(grey_rows({0, 0, 90, 30, 60, 0}, 3), 1, 2, 2);
  EXPECT_THAT(box.rgb, ElementsAre(30, 30, 30, 30, 30, 30));
  EXPECT_EQ(box.ratio_y, 1.0 / 3);
}

TEST_F(ImageFiles, GrowByLinearInterpolation) {
  const Letterboxed box = load(grey_rows({0, 200}, 1), 2, 4, 4);
  const std::vector<int> row = {0, 50, 150, 200};
  for (std::size_t i = 0; i < box.rgb.size(); ++i) EXPECT_EQ(box.rgb[i], row[i % 4]) << i;
  EXPECT_EQ(box.ratio_x, 2);
}

TEST_F(ImageFiles, TruncateTheResizedSidesAsPythonDoes) {
  // 100 * (320 / 333) = 96.096; 308 * (320 / 308) = 319.99999999999994 in double.
  const Letterboxed box = load(file("a.png", encoded(333, 100, ".png")), 128, 352, 320);
  EXPECT_EQ(box.ratio_y, 96.0 / 100);
  EXPECT_EQ(box.pad_y, 16);
  const Letterboxed quirk = load(file("b.png", encoded(308, 154, ".png")), 192, 352, 320);
  EXPECT_EQ(quirk.ratio_x, 319.0 / 308);
  EXPECT_EQ(quirk.pad_x, 16.5);
}

TEST_F(ImageFiles, AreTurnedByTheirExifOrientation) {
  const fs::path path = file("a.jpg", jpeg_with(encoded(40, 20, ".jpg"), exif_segment(6)));
  const auto size = read_image_size(path);
  ASSERT_TRUE(size.ok()) << size.error().message;
  EXPECT_EQ(size->width, 20);
  EXPECT_EQ(size->height, 40);
  const Letterboxed box = load(path, 64, 32, 40);
  EXPECT_EQ(box.image_width, 20);
  EXPECT_EQ(box.image_height, 40);
}

TEST_F(ImageFiles, OfOtherFormatsAreDecodedForTheirSize) {
  const auto size = read_image_size(file("a.bmp", encoded(7, 5, ".bmp")));
  ASSERT_TRUE(size.ok()) << size.error().message;
  EXPECT_EQ(size->width, 7);
  EXPECT_EQ(size->height, 5);
}

TEST_F(ImageFiles, AlwaysFitTheBatchTheyDetermine) {
  std::vector<ImageSize> sizes;
  for (int side = 1; side <= 97; side += 3) {
    sizes.push_back({97, side});
    sizes.push_back({side, 89});
  }
  for (const int batch : {1, 5}) {
    for (const RectBatch& rect : rect_batches(sizes, {64, 32, batch, true})) {
      for (const std::size_t i : rect.images) {
        const ImageSize size = sizes[i];
        const auto loaded = load_letterboxed(
            file("a.bmp", encoded(size.width, size.height, ".bmp")), rect.height, rect.width, 64);
        const bool vanishes =
            64 * std::min(size.width, size.height) < std::max(size.width, size.height);
        EXPECT_EQ(loaded.ok(), !vanishes) << size.width << " x " << size.height;
      }
    }
  }
}

TEST_F(ImageFiles, ThatCannotBeUsedAreErrorsThatNameThem) {
  const std::string jpeg = encoded(64, 48, ".jpg");
  const fs::path missing = folder() / "missing.jpg";
  EXPECT_EQ(failure(missing), missing.string() + " cannot be opened: No such file or directory");
  EXPECT_EQ(failure(folder()), folder().string() + " is not a regular file");
  const fs::path empty = file("empty.jpg", "");
  EXPECT_EQ(failure(empty), empty.string() + " is empty, expected an image");
  const fs::path text = file("text.jpg", "not an image at all");
  EXPECT_EQ(failure(text), text.string() +
                               " cannot be read: it is no image (JPEG, PNG, BMP, TIFF and WebP are "
                               "read)");
  const fs::path cut = file("cut.jpg", jpeg.substr(0, jpeg.size() - 20));
  EXPECT_EQ(failure(cut), cut.string() + " cannot be decoded: it is truncated");
  const fs::path header = file("header.jpg", jpeg.substr(0, 30));
  EXPECT_EQ(failure(header), header.string() + " cannot be read: the JPEG ends inside its header");
  for (const fs::path& path : {missing, folder(), empty, text, header}) {
    EXPECT_FALSE(read_image_size(path).ok()) << path;
  }
}

TEST_F(ImageFiles, DamagedInsideAreErrorsWhereTheFormatHasAChecksum) {
  const std::string png = encoded(8, 8, ".png");
  const fs::path cut = file("cut.png", png.substr(0, png.size() - 12));
  EXPECT_EQ(failure(cut), cut.string() + " cannot be decoded: it is truncated");
  std::string damaged = png;
  damaged[damaged.find("IDAT") + 8] ^= 0x55;
  const fs::path path = file("damaged.png", damaged);
  EXPECT_EQ(failure(path),
            path.string() + " cannot be decoded: the checksum of its IDAT chunk is wrong");
}

std::string encoded_with(const cv::Mat& image, const std::vector<int>& parameters) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", image, bytes, parameters);
  return {bytes.begin(), bytes.end()};
}

// JPEGs are decoded by libjpeg itself: the pixels must be those of OpenCV.
TEST_F(ImageFiles, ThatAreJpegsHaveThePixelsOfImread) {
  cv::Mat noise(50, 70, CV_8UC3);
  cv::randu(noise, 0, 256);
  cv::blur(noise, noise, {3, 3});
  cv::Mat grey;
  cv::extractChannel(noise, grey, 0);
  std::vector<std::string> files = {encoded(noise, ".jpg"),
                                    encoded(grey, ".jpg"),
                                    encoded_with(noise, {cv::IMWRITE_JPEG_QUALITY, 30}),
                                    encoded_with(noise, {cv::IMWRITE_JPEG_PROGRESSIVE, 1}),
                                    encoded_with(noise, {cv::IMWRITE_JPEG_RST_INTERVAL, 2}),
                                    encoded_with(noise, {cv::IMWRITE_JPEG_OPTIMIZE, 1})};
  for (std::uint32_t orientation = 1; orientation <= 8; ++orientation)
    files.push_back(jpeg_with(files[0], exif_segment(orientation)));
  std::string damaged = files[0];
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(damaged.size() / 2), damaged.end() - 2,
            '\0');
  files.push_back(damaged);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const fs::path path = file("a.jpg", files[i]);
    const auto decoded = decode_image(path);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    const cv::Mat expected =
        cv::imdecode(std::vector<char>(files[i].begin(), files[i].end()), cv::IMREAD_COLOR);
    ASSERT_EQ(decoded->size(), expected.size()) << i;
    EXPECT_EQ(cv::norm(*decoded, expected, cv::NORM_INF), 0) << i;
    const auto damage = examine_image(path);
    ASSERT_TRUE(damage.ok());
    EXPECT_EQ(damage->count > 0, i + 1 == files.size()) << i << damage->first;
  }
}

TEST_F(ImageFiles, WithDamagedDataSayWhatIsWrong) {
  const std::string jpeg = encoded(320, 240, ".jpg");
  std::string extra = jpeg;
  extra.insert(extra.size() - 2, "junk behind the data");
  const auto damage = examine_image(file("a.jpg", extra));
  ASSERT_TRUE(damage.ok());
  EXPECT_EQ(damage->count, 1U);
  EXPECT_THAT(damage->first, HasSubstr("extraneous bytes before marker 0xd9"));
  EXPECT_FALSE(damage->unended);
  const auto unended = examine_image(file("b.jpg", jpeg.substr(0, jpeg.size() - 2)));
  ASSERT_TRUE(unended.ok());
  EXPECT_TRUE(unended->unended);
  EXPECT_EQ(unended->count, 0U);
  EXPECT_FALSE(examine_image(file("c.jpg", jpeg.substr(0, jpeg.size() / 2))).ok());
}

// Each costs a pass over the picture: 4,000 of them took minutes.
TEST_F(ImageFiles, OfThousandsOfScansAreRefused) {
  cv::Mat noise(64, 64, CV_8UC3);
  cv::randu(noise, 0, 256);
  const std::string jpeg = encoded_with(noise, {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
  const std::size_t last = jpeg.rfind(std::string("\xFF\xDA\0", 3));
  ASSERT_NE(last, std::string::npos);
  const std::string scan = jpeg.substr(last, jpeg.size() - 2 - last);
  std::string many = jpeg.substr(0, last);
  for (int i = 0; i < 4000; ++i) many += scan;
  EXPECT_THAT(failure(file("a.jpg", many + "\xFF\xD9")), HasSubstr("it has more than 500 scans"));
}

TEST_F(ImageFiles, InMemoryAreLetterboxedAsFilesAre) {
  cv::Mat noise(48, 64, CV_8UC3);
  cv::randu(noise, 0, 256);
  const fs::path path = file("a.png", encoded(noise, ".png"));
  const Picture picture{64, 48, {noise.data, noise.data + noise.total() * 3}};
  const auto box = letterbox_picture(picture, "frame", 96, 128, 96);
  ASSERT_TRUE(box.ok()) << box.error().message;
  EXPECT_EQ(box->rgb, load(path, 96, 128, 96).rgb);
  EXPECT_THAT(letterbox_picture(picture, "frame", 9, 9, 96).error().message,
              HasSubstr("frame is 96 x 72 pixels"));
}

TEST_F(ImageFiles, OfEnormousSizeAreRefusedBeforeTheyAreDecoded) {
  std::string png = encoded(8, 8, ".png");
  png.replace(16, 8, big_endian(1 << 15, 4) + big_endian((1 << 13) + 1, 4));
  const fs::path path = file("bomb.png", png);
  const std::string sentence = path.string() +
                               " is 32768 x 8193 pixels, expected at most 67108864 "
                               "(QYOLO_MAX_MEGAPIXELS=269 allows it)";
  EXPECT_EQ(failure(path), sentence);
  EXPECT_EQ(read_image_size(path).error().message, sentence);
}

TEST_F(ImageFiles, ThatDoNotFitAreRefused) {
  const fs::path path = file("a.png", encoded(64, 48, ".png"));
  EXPECT_EQ(failure(path, 47, 64),
            path.string() +
                " is 64 x 48 pixels at image size 64, which does not fit its batch's "
                "64 x 47");
  EXPECT_EQ(
      failure(path, 0, 64),
      path.string() + ": an input of 64 x 0 pixels at image size 64, expected positive sizes");
  const fs::path thread = file("b.png", encoded(100, 1, ".png"));
  EXPECT_EQ(failure(thread, 64, 64),
            thread.string() +
                " is 100 x 1 pixels: nothing is left of its short side at a long "
                "side of 64");
}

// The first rect batch of the official pipeline on the embedded dataset at 320: names in batch
// order, and the SHA-256 of the uint8 [3, 256, 352] input of its first four images (two as they
// are, two shrunk from 400 x 300), from the reference run's saved tensors (numpy: sha256 of
// tobytes()).
TEST(OfficialPipeline, FirstBatchOfThePartsSetIsEqualByteForByte) {
  const fs::path images = testing::source_dir() / "datasets/parts/val/images";
  std::vector<fs::path> paths;
  for (const auto& file : fs::directory_iterator(images)) paths.push_back(file.path());
  std::sort(paths.begin(), paths.end());
  ASSERT_EQ(paths.size(), 240U);
  std::vector<ImageSize> sizes;
  for (const fs::path& path : paths) {
    const auto size = read_image_size(path);
    ASSERT_TRUE(size.ok()) << size.error().message;
    sizes.push_back(*size);
  }
  const auto batches = rect_batches(sizes, {320, 32, 32, true});
  EXPECT_THAT(shapes_of(batches),
              ElementsAre(Shape(256, 352), Shape(256, 352), Shape(256, 352), Shape(352, 352),
                          Shape(352, 352), Shape(352, 256), Shape(352, 256), Shape(352, 256)));

  std::vector<std::string> names;
  for (const std::size_t i : batches[0].images) names.push_back(paths[i].filename());
  EXPECT_THAT(
      names, ElementsAreArray({"000002.jpg", "000004.jpg", "000007.jpg", "000009.jpg", "000012.jpg",
                               "000014.jpg", "000017.jpg", "000019.jpg", "000022.jpg", "000024.jpg",
                               "000027.jpg", "000029.jpg", "000032.jpg", "000034.jpg", "000037.jpg",
                               "000039.jpg", "000042.jpg", "000044.jpg", "000047.jpg", "000049.jpg",
                               "000052.jpg", "000054.jpg", "000057.jpg", "000059.jpg", "000062.jpg",
                               "000064.jpg", "000067.jpg", "000069.jpg", "000072.jpg", "000074.jpg",
                               "000077.jpg", "000079.jpg"}));

  std::vector<std::string> hashes(4);
  parallel_for(4, 2, [&](std::size_t k) {
    const auto box = load_letterboxed(paths[batches[0].images[k]], 256, 352, 320);
    if (!box.ok()) return;
    hashes[k] = sha256_hex({reinterpret_cast<const char*>(box->rgb.data()), box->rgb.size()});
  });
  EXPECT_THAT(hashes,
              ElementsAre("d97e2dd7dfbaf82e3dad45ab4f70558142e695c62a1dc9ccd8a918c649002de0",
                          "bd5939afa6c42795b320e13153086b1904695fae1086f1bd665b481b4e580a2b",
                          "1fe5fe32feee43b47a53bb314174a7b6f6c6ea5c29902fda7ef5d3cdade6db79",
                          "22f4b33478fd579d50cfd0686abee6197269177d191e0cdf00bc5c655cac2163"));
}

}  // namespace
}  // namespace qyolo::datasets
