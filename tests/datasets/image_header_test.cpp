#include "datasets/image_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/crc32.h"
#include "tests/datasets/test_images.h"

namespace qyolo::datasets {
namespace {

using testing::big_endian;
using testing::bytes_of;
using testing::encoded;
using testing::exif_block;
using testing::exif_segment;
using testing::jpeg_segment;
using testing::jpeg_with;

ImageHeader header_of(std::string_view bytes) {
  const auto header = parse_image_header(bytes_of(bytes));
  EXPECT_TRUE(header.ok()) << header.error().message;
  return header.ok() ? *header : ImageHeader{};
}

std::string failure_of(std::string_view bytes) {
  const auto header = parse_image_header(bytes_of(bytes));
  EXPECT_FALSE(header.ok());
  return header.ok() ? "" : header.error().message;
}

void expect_size(const ImageHeader& header, int width, int height) {
  EXPECT_EQ(header.size.width, width);
  EXPECT_EQ(header.size.height, height);
}

TEST(ImageHeader, ReadsTheSizeOfAJpegAndAPng) {
  const ImageHeader jpeg = header_of(encoded(31, 17, ".jpg"));
  EXPECT_EQ(jpeg.format, ImageFormat::kJpeg);
  expect_size(jpeg, 31, 17);
  const ImageHeader png = header_of(encoded(31, 17, ".png"));
  EXPECT_EQ(png.format, ImageFormat::kPng);
  expect_size(png, 31, 17);
}

TEST(ImageHeader, ReadsTheSizeOfABmpAWebpAndATiff) {
  const std::pair<const char*, ImageFormat> formats[] = {
      {".bmp", ImageFormat::kBmp}, {".webp", ImageFormat::kWebp}, {".tif", ImageFormat::kTiff}};
  for (const auto& [extension, format] : formats) {
    const ImageHeader header = header_of(encoded(31, 17, extension));
    EXPECT_EQ(header.format, format);
    expect_size(header, 31, 17);
  }
}

TEST(ImageHeader, RefusesWhatIsNoImageThatIsRead) {
  EXPECT_EQ(failure_of("hello"), "it is no image (JPEG, PNG, BMP, TIFF and WebP are read)");
  EXPECT_EQ(failure_of(""), "it is no image (JPEG, PNG, BMP, TIFF and WebP are read)");
  EXPECT_EQ(failure_of("BM and no more"), "the BMP ends inside its header, or says no size");
  for (const char* extension : {".ppm", ".ras"}) {
    const cv::Mat image(5, 6, CV_8UC3, cv::Scalar(1, 2, 3));
    const std::string bytes = encoded(image, extension);
    EXPECT_THAT(failure_of(bytes), ::testing::HasSubstr("is not supported"));
  }
}

std::string png_with_exif(const std::string& png, std::uint32_t orientation, std::uint32_t more) {
  const std::string chunk = "eXIf" + exif_block(orientation);
  return png.substr(0, 33) + big_endian(static_cast<std::uint32_t>(chunk.size() - 4), 4) + chunk +
         big_endian(crc32(bytes_of(chunk)) + more, 4) + png.substr(33);
}

TEST(ImageHeader, TurnsTheSizeAsImreadTurnsTheImage) {
  const std::string jpeg = encoded(40, 20, ".jpg");
  for (std::uint32_t orientation = 0; orientation <= 9; ++orientation) {
    const std::string bytes = jpeg_with(jpeg, exif_segment(orientation));
    const bool turned = orientation >= 5 && orientation <= 8;
    expect_size(header_of(bytes), turned ? 20 : 40, turned ? 40 : 20);
    const cv::Mat image =
        cv::imdecode(std::vector<char>(bytes.begin(), bytes.end()), cv::IMREAD_COLOR);
    expect_size(header_of(bytes), image.cols, image.rows);
  }
}

TEST(ImageHeader, OfAPngThatIsTurnedThePixelsTell) {
  const std::string png = encoded(40, 20, ".png");
  for (std::uint32_t orientation = 0; orientation <= 9; ++orientation) {
    const bool turned = orientation >= 5 && orientation <= 8;
    const ImageHeader header = header_of(png_with_exif(png, orientation, 0));
    expect_size(header, turned ? 0 : 40, turned ? 0 : 20);
    EXPECT_EQ(header.stored.width, 40);
    // libpng leaves out a chunk whose checksum is wrong.
    expect_size(header_of(png_with_exif(png, orientation, 1)), 40, 20);
  }
}

TEST(PngDamage, IsCountedByChunksAndLeftOutBeforeDecoding) {
  const std::string png = encoded(40, 20, ".png");
  EXPECT_EQ(png_damage(bytes_of(png)).chunks, 0U);
  const std::string wrong = png_with_exif(png, 6, 1);
  const PngDamage damage = png_damage(bytes_of(wrong));
  EXPECT_EQ(damage.chunks, 1U);
  EXPECT_EQ(damage.first, "eXIf");
  EXPECT_FALSE(damage.critical);
  const std::vector<std::byte> kept = needed_chunks(bytes_of(wrong));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(kept.data()), kept.size()), png);
  std::string broken = png;
  broken[broken.find("IDAT") + 8] ^= 0x55;
  EXPECT_TRUE(png_damage(bytes_of(broken)).critical);
}

TEST(ImageHeader, TakesTheOrientationFromTheFirstApp1SegmentOnlyAsImreadDoes) {
  const std::string jpeg = encoded(40, 20, ".jpg");
  const std::string xmp = jpeg_segment(0xE1, std::string("http://ns.adobe.com/xap/1.0/\0<x/>", 33));
  for (const std::string& segments :
       {exif_segment(6) + exif_segment(1), exif_segment(1) + exif_segment(6), xmp + exif_segment(6),
        exif_segment(6) + xmp}) {
    const std::string bytes = jpeg_with(jpeg, segments);
    const cv::Mat image =
        cv::imdecode(std::vector<char>(bytes.begin(), bytes.end()), cv::IMREAD_COLOR);
    expect_size(header_of(bytes), image.cols, image.rows);
  }
}

TEST(ImageHeader, ReadsLittleAndBigEndianExif) {
  EXPECT_EQ(exif_orientation(bytes_of(exif_block(8))), 8);
  const std::string little("II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 22);
  EXPECT_EQ(exif_orientation(bytes_of(little)), 6);
}

TEST(ImageHeader, TakesMalformedExifAsUpright) {
  const std::string whole = exif_block(6);
  for (std::size_t size = 0; size < 20; ++size) {
    EXPECT_EQ(exif_orientation(bytes_of(whole.substr(0, size))), 1) << size << " bytes";
  }
  EXPECT_EQ(exif_orientation(bytes_of(whole.substr(0, 20))), 6);
  std::string far = whole;
  far.replace(4, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(exif_orientation(bytes_of(far)), 1);
}

TEST(ImageHeader, IsNotFooledByAThumbnailInASegment) {
  const std::string thumbnail = jpeg_segment(0xE2, encoded(5, 5, ".jpg"));
  expect_size(header_of(jpeg_with(encoded(40, 20, ".jpg"), thumbnail)), 40, 20);
}

TEST(ImageHeader, SaysWhatIsWrongWithAJpeg) {
  const std::string jpeg = encoded(40, 20, ".jpg");
  const std::size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  std::string empty = jpeg;
  empty.replace(frame + 5, 2, std::string(2, '\0'));
  EXPECT_EQ(failure_of(empty), "its header says 40 x 0 pixels, expected a positive size");
  EXPECT_EQ(failure_of(jpeg.substr(0, frame + 6)), "the JPEG ends inside its header");
  EXPECT_EQ(failure_of(jpeg.substr(0, 3)), "the JPEG ends inside its header");
  EXPECT_EQ(failure_of("\xFF\xD8\xFF\xD9"), "the JPEG holds no image");
  EXPECT_EQ(failure_of("\xFF\xD8" + jpeg_segment(0xC0, "\x08\x01")),
            "the JPEG's frame header is too short");
  EXPECT_EQ(failure_of("\xFF\xD8" + jpeg_segment(0xDA, "")),
            "the JPEG has no frame header before its first scan");
}

TEST(ImageHeader, SaysWhatIsWrongWithAPng) {
  const std::string png = encoded(40, 20, ".png");
  EXPECT_EQ(failure_of(png.substr(0, 20)),
            "the PNG ends inside its header, or does not begin with one");
  std::string other = png;
  other.replace(12, 4, "IDAT");
  EXPECT_EQ(failure_of(other), "the PNG ends inside its header, or does not begin with one");
  std::string wide = png;
  wide.replace(16, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(failure_of(wide), "its header says 4294967295 x 20 pixels, expected a positive size");
}

TEST(IsComplete, AJpegNeedsItsEndMarkerAfterTheScan) {
  const std::string jpeg = encoded(64, 64, ".jpg");
  const ImageHeader header = header_of(jpeg);
  EXPECT_TRUE(is_complete(bytes_of(jpeg), header));
  EXPECT_TRUE(is_complete(bytes_of(jpeg + "trailing bytes"), header));
  EXPECT_FALSE(is_complete(bytes_of(jpeg.substr(0, jpeg.size() - 2)), header));
  EXPECT_FALSE(is_complete(bytes_of(jpeg.substr(0, header.scan_offset)), header));
}

TEST(IsComplete, ThumbnailsAndProgressiveScansDoNotMislead) {
  const std::string thumbnail = jpeg_segment(0xE2, encoded(5, 5, ".jpg"));
  const std::string jpeg = jpeg_with(encoded(64, 64, ".jpg"), thumbnail);
  const std::string cut = jpeg.substr(0, jpeg.size() - 2);
  EXPECT_TRUE(is_complete(bytes_of(jpeg), header_of(jpeg)));
  EXPECT_FALSE(is_complete(bytes_of(cut), header_of(cut)));

  cv::Mat noise(64, 64, CV_8UC3);
  cv::randu(noise, 0, 256);
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", noise, bytes, {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
  const std::string progressive(bytes.begin(), bytes.end());
  const ImageHeader header = header_of(progressive);
  EXPECT_TRUE(is_complete(bytes_of(progressive), header));
  EXPECT_FALSE(is_complete(bytes_of(progressive.substr(0, progressive.size() / 2)), header));
}

TEST(IsComplete, APngNeedsItsEndChunk) {
  const std::string png = encoded(40, 20, ".png");
  EXPECT_TRUE(is_complete(bytes_of(png), header_of(png)));
  EXPECT_FALSE(is_complete(bytes_of(png.substr(0, png.size() - 1)), header_of(png)));
  EXPECT_FALSE(is_complete(bytes_of(png.substr(0, png.size() - 12)), header_of(png)));
}

TEST(IsComplete, OtherFormatsAreLeftToTheirDecoder) {
  const std::string bmp = encoded(4, 4, ".bmp");
  EXPECT_TRUE(is_complete(bytes_of(bmp.substr(0, 60)), header_of(bmp)));
}

// Under the sanitizers: no byte of a header may lead outside the file.
TEST(ImageHeader, SurvivesRandomDamage) {
  std::mt19937 random(1);
  const std::string sources[] = {jpeg_with(encoded(40, 20, ".jpg"), exif_segment(6)),
                                 encoded(40, 20, ".png")};
  for (const std::string& source : sources) {
    for (int round = 0; round < 3000; ++round) {
      std::string bytes = source.substr(0, 1 + random() % source.size());
      for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
      const auto header = parse_image_header(bytes_of(bytes));
      if (!header.ok()) continue;
      EXPECT_GT(header->stored.width, 0);
      EXPECT_GT(header->stored.height, 0);
      EXPECT_LE(header->scan_offset, bytes.size());
      (void)is_complete(bytes_of(bytes), *header);
    }
  }
}

}  // namespace
}  // namespace qyolo::datasets
