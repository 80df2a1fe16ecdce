#include "datasets/image_header.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "common/crc32.h"
#include "common/file.h"
#include "common/file_kind.h"
#include "common/limits.h"

namespace qyolo::datasets {
namespace {

using Bytes = std::span<const std::byte>;

enum class Endian { kBig, kLittle };

// An unsigned integer of `count` bytes at `at`, or nothing where the bytes end before it does.
std::optional<std::uint32_t> read_uint(Bytes bytes, std::size_t at, std::size_t count,
                                       Endian endian) {
  if (at > bytes.size() || bytes.size() - at < count) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = endian == Endian::kBig ? at + i : at + count - 1 - i;
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[index]);
  }
  return value;
}

bool starts_with(Bytes bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() &&
         std::memcmp(bytes.data(), prefix.data(), prefix.size()) == 0;
}

bool swaps_axes(int orientation) { return orientation >= 5; }

Result<ImageSize> oriented_size(std::uint32_t width, std::uint32_t height, int orientation) {
  constexpr std::uint32_t kMax = std::numeric_limits<int>::max();
  if (width == 0 || height == 0 || width > kMax || height > kMax) {
    return error("its header says {} x {} pixels, expected a positive size", width, height);
  }
  ImageSize size{static_cast<int>(width), static_cast<int>(height)};
  if (swaps_axes(orientation)) std::swap(size.width, size.height);
  return size;
}

namespace jpeg {

constexpr std::uint8_t kEndOfImage = 0xD9;
constexpr std::uint8_t kStartOfScan = 0xDA;
constexpr std::uint8_t kApp1 = 0xE1;

bool stands_alone(std::uint8_t marker) {
  return marker == 0x01 || (marker >= 0xD0 && marker <= kEndOfImage);  // TEM, RSTn, SOI, EOI
}

bool starts_frame(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

struct Segment {
  std::uint8_t marker = 0;
  std::size_t begin = 0;  // of the payload
  std::size_t end = 0;
};

// The next marker at or after `at`, with its payload; stuffed zeros in a scan's data are no
// markers. Nothing where the bytes end first.
std::optional<Segment> next_segment(Bytes bytes, std::size_t at) {
  while (at < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at, 0xFF, bytes.size() - at);
    if (found == nullptr) return std::nullopt;
    at = static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
    while (at < bytes.size() && bytes[at] == std::byte{0xFF}) ++at;
    if (at == bytes.size()) return std::nullopt;
    const auto marker = std::to_integer<std::uint8_t>(bytes[at++]);
    if (marker == 0) continue;
    if (stands_alone(marker)) return Segment{marker, at, at};
    const auto length = read_uint(bytes, at, 2, Endian::kBig);
    if (!length || *length < 2 || *length > bytes.size() - at) return std::nullopt;
    return Segment{marker, at + 2, at + *length};
  }
  return std::nullopt;
}

Result<ImageHeader> parse(Bytes bytes) {
  constexpr std::size_t kExifSignature = 6;  // "Exif\0\0", before the TIFF file
  std::optional<std::pair<std::uint32_t, std::uint32_t>> frame;
  int components = 0;
  std::optional<int> orientation;
  for (std::size_t at = 2;;) {
    const std::optional<Segment> segment = next_segment(bytes, at);
    if (!segment) return error("the JPEG ends inside its header");
    const Bytes payload = bytes.subspan(segment->begin, segment->end - segment->begin);
    if (starts_frame(segment->marker)) {
      const auto height = read_uint(payload, 1, 2, Endian::kBig);
      const auto width = read_uint(payload, 3, 2, Endian::kBig);
      if (!height || !width) return error("the JPEG's frame header is too short");
      frame = {*width, *height};
      components = static_cast<int>(read_uint(payload, 5, 1, Endian::kBig).value_or(0));
    } else if (segment->marker == kApp1 && !orientation) {
      orientation =
          payload.size() > kExifSignature ? exif_orientation(payload.subspan(kExifSignature)) : 1;
    } else if (segment->marker == kEndOfImage) {
      return error("the JPEG holds no image");
    } else if (segment->marker == kStartOfScan) {
      if (!frame) return error("the JPEG has no frame header before its first scan");
      ImageHeader header;
      header.orientation = orientation.value_or(1);
      QYOLO_TRY(header.stored, oriented_size(frame->first, frame->second, 1));
      QYOLO_TRY(header.size, oriented_size(frame->first, frame->second, header.orientation));
      header.scan_offset = segment->end;
      header.components = components;
      return header;
    }
    at = segment->end;
  }
}

bool reaches_end(Bytes bytes, std::size_t scan_offset) {
  for (std::size_t at = scan_offset;;) {
    const std::optional<Segment> segment = next_segment(bytes, at);
    if (!segment) return false;
    if (segment->marker == kEndOfImage) return true;
    at = segment->end;
  }
}

}  // namespace jpeg

namespace png {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1A\n";

struct Chunk {
  Bytes whole;  // length, type, payload, checksum
  Bytes payload;

  [[nodiscard]] bool is(std::string_view type) const { return starts_with(whole.subspan(4), type); }
  [[nodiscard]] bool critical() const {
    constexpr auto kLowerCase = std::byte{0x20};
    return (whole[4] & kLowerCase) == std::byte{0};
  }
  [[nodiscard]] bool sound() const {
    return crc32(whole.subspan(4, whole.size() - 8)) ==
           read_uint(whole, whole.size() - 4, 4, Endian::kBig);
  }
};

// The whole chunk at `at`; nothing where the bytes end before it does.
std::optional<Chunk> chunk_at(Bytes bytes, std::size_t at) {
  constexpr std::size_t kAroundPayload = 12;
  const auto length = read_uint(bytes, at, 4, Endian::kBig);
  if (!length || bytes.size() - at < kAroundPayload || *length > bytes.size() - at - kAroundPayload)
    return std::nullopt;
  Chunk chunk;
  chunk.whole = bytes.subspan(at, kAroundPayload + *length);
  chunk.payload = bytes.subspan(at + 8, *length);
  return chunk;
}

// Calls `see` with each whole chunk until it says false.
template <class See>
void for_each_chunk(Bytes bytes, const See& see) {
  std::size_t at = kSignature.size();
  while (const auto chunk = chunk_at(bytes, at)) {
    if (!see(*chunk)) return;
    at += chunk->whole.size();
  }
}

// The first sound chunk of this type, in front of or behind the pixels.
std::optional<Bytes> find_chunk(Bytes bytes, std::string_view type) {
  std::optional<Bytes> found;
  for_each_chunk(bytes, [&](const Chunk& chunk) {
    if (chunk.is(type) && chunk.sound()) found = chunk.payload;
    return !found;
  });
  return found;
}

bool has_end(Bytes bytes) {
  bool found = false;
  for_each_chunk(bytes, [&](const Chunk& chunk) { return !(found = chunk.is("IEND")); });
  return found;
}

Result<ImageHeader> parse(Bytes bytes) {
  const std::size_t at = kSignature.size();
  const auto width = read_uint(bytes, at + 8, 4, Endian::kBig);
  const auto height = read_uint(bytes, at + 12, 4, Endian::kBig);
  if (!width || !height || !starts_with(bytes.subspan(at + 4), "IHDR")) {
    return error("the PNG ends inside its header, or does not begin with one");
  }
  ImageHeader header;
  header.format = ImageFormat::kPng;
  QYOLO_TRY(header.stored, oriented_size(*width, *height, 1));
  const auto exif = find_chunk(bytes, "eXIf");
  if (!exif || !swaps_axes(exif_orientation(*exif))) header.size = header.stored;
  constexpr std::uint32_t kAlphaBit = 4;  // of the colour type
  header.sixteen_bit = read_uint(bytes, at + 16, 1, Endian::kBig).value_or(8) == 16;
  header.alpha = (read_uint(bytes, at + 17, 1, Endian::kBig).value_or(0) & kAlphaBit) != 0 ||
                 find_chunk(bytes, "tRNS").has_value();
  return header;
}

}  // namespace png

namespace tiff {

// The first value of a tag of the first directory (TIFF 6.0, section 2); values of one or two bytes
// are read where they lie.
std::optional<std::uint32_t> first_value(Bytes bytes, Endian endian, std::uint32_t wanted) {
  constexpr std::size_t kEntryBytes = 12;
  constexpr std::uint32_t kShort = 3;
  const auto directory = read_uint(bytes, 4, 4, endian);
  if (!directory) return std::nullopt;
  const std::size_t begin = *directory;
  const auto entries = read_uint(bytes, begin, 2, endian);
  for (std::size_t i = 0; i < entries.value_or(0); ++i) {
    const std::size_t entry = begin + 2 + i * kEntryBytes;
    const auto tag = read_uint(bytes, entry, 2, endian);
    if (!tag) return std::nullopt;
    if (*tag != wanted) continue;
    const auto type = read_uint(bytes, entry + 2, 2, endian);
    const auto count = read_uint(bytes, entry + 4, 4, endian);
    constexpr std::uint32_t kLong = 4;
    if (type == kLong && count == 1U) return read_uint(bytes, entry + 8, 4, endian);
    if (type != kShort || !count) return std::nullopt;
    if (*count <= 2) return read_uint(bytes, entry + 8, 2, endian);
    const auto offset = read_uint(bytes, entry + 8, 4, endian);
    return offset ? read_uint(bytes, *offset, 2, endian) : std::nullopt;
  }
  return std::nullopt;
}

Result<ImageHeader> parse(Bytes bytes, Endian endian) {
  constexpr std::uint32_t kBitsPerSample = 258, kExtraSamples = 338, kSampleFormat = 339;
  constexpr std::uint32_t kFloatingPoint = 3;
  ImageHeader header;
  header.format = ImageFormat::kTiff;
  const std::uint32_t bits = first_value(bytes, endian, kBitsPerSample).value_or(8);
  if (first_value(bytes, endian, kSampleFormat) == kFloatingPoint || bits > 16)
    return error("a TIFF of {}-bit samples is not supported (8 and 16 bits are)", bits);
  header.sixteen_bit = bits > 8;
  header.alpha = first_value(bytes, endian, kExtraSamples).has_value();
  constexpr std::uint32_t kWidth = 256, kHeight = 257, kOrientation = 274;
  const auto width = first_value(bytes, endian, kWidth);
  const auto height = first_value(bytes, endian, kHeight);
  if (!width || !height) return error("the TIFF does not say its size");
  QYOLO_TRY(header.stored, oriented_size(*width, *height, 1));
  if (first_value(bytes, endian, kOrientation).value_or(1) == 1) header.size = header.stored;
  return header;
}

}  // namespace tiff

// Width and height of a Windows bitmap: BITMAPCOREHEADER, or BITMAPINFOHEADER and later, where a
// negative height is a top-down picture's.
std::optional<ImageSize> bitmap_size(Bytes bytes) {
  constexpr std::uint32_t kCoreHeader = 12, kInfoHeader = 36;
  const std::uint32_t header = read_uint(bytes, 14, 4, Endian::kLittle).value_or(0);
  const bool core = header == kCoreHeader;
  if (!core && header < kInfoHeader) return std::nullopt;
  const auto width = read_uint(bytes, 18, core ? 2 : 4, Endian::kLittle);
  const auto height = read_uint(bytes, core ? 20 : 22, core ? 2 : 4, Endian::kLittle);
  if (!width || !height) return std::nullopt;
  const std::int64_t rows = core ? std::int64_t{*height} : static_cast<std::int32_t>(*height);
  const auto size = oriented_size(*width, static_cast<std::uint32_t>(rows < 0 ? -rows : rows), 1);
  return size.ok() ? std::optional(*size) : std::nullopt;
}

// Of a WebP (RFC 9649): the canvas, or the only picture's size.
std::optional<ImageSize> webp_size(Bytes bytes, bool& alpha) {
  const Bytes chunk = bytes.subspan(12);
  std::uint32_t width = 0, height = 0;
  if (starts_with(chunk, "VP8X")) {
    constexpr std::uint32_t kAlpha = 0x10;
    alpha = (read_uint(chunk, 8, 1, Endian::kLittle).value_or(0) & kAlpha) != 0;
    width = read_uint(chunk, 12, 3, Endian::kLittle).value_or(0) + 1;
    height = read_uint(chunk, 15, 3, Endian::kLittle).value_or(0) + 1;
  } else if (starts_with(chunk, "VP8L")) {
    const std::uint32_t bits = read_uint(chunk, 9, 4, Endian::kLittle).value_or(0);
    width = (bits & 0x3FFFU) + 1;
    height = (bits >> 14U & 0x3FFFU) + 1;
    alpha = (bits >> 28U & 1U) != 0;
  } else if (starts_with(chunk, "VP8 ")) {
    width = read_uint(chunk, 14, 2, Endian::kLittle).value_or(0) & 0x3FFFU;
    height = read_uint(chunk, 16, 2, Endian::kLittle).value_or(0) & 0x3FFFU;
  }
  if (width == 0 || height == 0) return std::nullopt;
  return ImageSize{static_cast<int>(width), static_cast<int>(height)};
}

}  // namespace

int exif_orientation(Bytes tiff) {
  constexpr std::size_t kEntryBytes = 12;
  constexpr std::uint32_t kOrientationTag = 0x0112;
  // As OpenCV's reader, which takes all but "II" as big-endian: the mark decides.
  const Endian endian = starts_with(tiff, "II") ? Endian::kLittle : Endian::kBig;
  const auto mark = read_uint(tiff, 2, 2, endian);
  const auto directory = read_uint(tiff, 4, 4, endian);
  if (mark != 0x2AU || !directory) return 1;
  const std::size_t begin = *directory;
  const auto entries = read_uint(tiff, begin, 2, endian);
  for (std::size_t i = 0; i < entries.value_or(0); ++i) {
    const std::size_t entry = begin + 2 + i * kEntryBytes;
    const auto tag = read_uint(tiff, entry, 2, endian);
    if (!tag) return 1;
    if (*tag != kOrientationTag) continue;
    const std::uint32_t value = read_uint(tiff, entry + 8, 2, endian).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Result<ImageHeader> parse_image_header(Bytes bytes) {
  if (starts_with(bytes, "\xFF\xD8\xFF")) return jpeg::parse(bytes);
  if (starts_with(bytes, png::kSignature)) return png::parse(bytes);
  if (starts_with(bytes, {"II*\0", 4})) return tiff::parse(bytes, Endian::kLittle);
  if (starts_with(bytes, {"MM\0*", 4})) return tiff::parse(bytes, Endian::kBig);
  ImageHeader other;
  std::optional<ImageSize> size;
  if (starts_with(bytes, "BM")) {
    other.format = ImageFormat::kBmp;
    size = bitmap_size(bytes);
    if (!size) return error("the BMP ends inside its header, or says no size");
  } else if (starts_with(bytes, "RIFF") && bytes.size() > 30 &&
             starts_with(bytes.subspan(8), "WEBP")) {
    other.format = ImageFormat::kWebp;
    size = webp_size(bytes, other.alpha);
    if (!size) return error("the WebP says no size");
  } else {
    constexpr std::string_view kRead = "JPEG, PNG, BMP, TIFF and WebP are";
    const auto kind = kind_of_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (kind && kind->name.ends_with(" image"))
      return error("{} is not supported ({})", kind->name, kRead);
    return error("it is {} ({} read)", kind ? kind->name : "no image", kRead);
  }
  other.stored = other.size = *size;
  return other;
}

Status check_pixels(const ImageHeader& header) {
  const auto& [width, height] = header.stored;
  const std::int64_t pixels = std::int64_t{width} * height;
  if (pixels <= most_pixels()) return {};
  return error("{} x {} pixels, expected at most {} ({}={} allows it)", width, height,
               most_pixels(), kMegapixels.variable, (pixels + 999999) / 1000000);
}

PngDamage png_damage(Bytes png) {
  PngDamage damage;
  png::for_each_chunk(png, [&](const png::Chunk& chunk) {
    if (!chunk.sound()) {
      if (damage.chunks++ == 0)
        damage.first.assign(reinterpret_cast<const char*>(chunk.whole.data()) + 4, 4);
      damage.critical |= chunk.critical();
    }
    return !chunk.is("IEND");
  });
  return damage;
}

std::vector<std::byte> needed_chunks(Bytes png) {
  std::vector<std::byte> kept(png.begin(),
                              png.begin() + static_cast<std::ptrdiff_t>(png::kSignature.size()));
  kept.reserve(png.size());
  png::for_each_chunk(png, [&](const png::Chunk& chunk) {
    const bool needed =
        chunk.critical() || ((chunk.is("tRNS") || chunk.is("eXIf")) && chunk.sound());
    if (needed) kept.insert(kept.end(), chunk.whole.begin(), chunk.whole.end());
    return !chunk.is("IEND");
  });
  return kept;
}

bool is_unsupported(const Error& failure) {
  return failure.message.find("is not supported") != std::string::npos;
}

Result<ImageFacts> read_image_facts(const std::filesystem::path& path) {
  QYOLO_TRY(const MappedFile file, MappedFile::open(path));
  if (file.bytes().empty()) return error("{} is empty, expected an image", path.string());
  auto header = parse_image_header(file.bytes());
  if (!header) return error("{} cannot be read: {}", path.string(), header.error().message);
  if (const Status fits = check_pixels(*header); !fits.ok())
    return error("{} is {}", path.string(), fits.error().message);
  return ImageFacts{*header, is_complete(file.bytes(), *header)};
}

bool is_complete(Bytes bytes, const ImageHeader& header) {
  switch (header.format) {
    case ImageFormat::kJpeg:
      return jpeg::reaches_end(bytes, header.scan_offset);
    case ImageFormat::kPng:
      return png::has_end(bytes);
    case ImageFormat::kTiff:
    case ImageFormat::kBmp:
    case ImageFormat::kWebp:
      return true;
  }
  return true;
}

}  // namespace qyolo::datasets
