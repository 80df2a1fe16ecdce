#include "datasets/jpeg_scan.h"

#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it
#include <cstring>
#include <utility>

// After <cstdio>.
#include <jerror.h>
#include <jpeglib.h>

namespace qyolo::datasets {
namespace {

constexpr int kMostScans = 500;

// What libjpeg calls with its messages; errors leave it by a jump, as its documentation wants it.
struct Messages {
  jpeg_error_mgr base;
  std::jmp_buf back;
  std::size_t warnings;
  bool unended;
  std::array<char, JMSG_LENGTH_MAX> first, fatal;
};

Messages& messages_of(j_common_ptr info) { return *reinterpret_cast<Messages*>(info->err); }

[[noreturn]] void on_error(j_common_ptr info) {
  Messages& messages = messages_of(info);
  (*info->err->format_message)(info, messages.fatal.data());
  std::longjmp(messages.back, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // traces
  Messages& messages = messages_of(info);
  if (info->err->msg_code == JWRN_JPEG_EOF) {
    messages.unended = true;
  } else if (messages.warnings++ == 0) {
    (*info->err->format_message)(info, messages.first.data());
  }
}

void on_progress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
  Messages& messages = messages_of(info);
  std::snprintf(messages.fatal.data(), messages.fatal.size(), "it has more than %d scans",
                kMostScans);
  std::longjmp(messages.back, 1);
}

// No object with a destructor lives between setjmp and the end: a jump skips destructors.
// `bgr`: where `pixels` bytes of the picture go, or none: it is decoded at an eighth and dropped.
bool read(std::span<const std::byte> jpeg, Messages& messages, std::uint8_t* bgr,
          std::size_t pixels) {
  jpeg_decompress_struct info;
  jpeg_progress_mgr progress;
  std::memset(&info, 0, sizeof info);
  std::memset(&progress, 0, sizeof progress);
  std::memset(&messages, 0, sizeof messages);
  info.err = jpeg_std_error(&messages.base);
  messages.base.error_exit = on_error;
  messages.base.emit_message = on_message;
  progress.progress_monitor = on_progress;
  if (setjmp(messages.back) != 0) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  info.progress = &progress;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(jpeg.data()),
               static_cast<unsigned long>(jpeg.size()));
  (void)jpeg_read_header(&info, TRUE);
  if (bgr == nullptr) {
    info.scale_num = 1;
    info.scale_denom = 8;
  } else {
    info.out_color_space = JCS_RGB;
  }
  (void)jpeg_start_decompress(&info);
  const std::size_t row_bytes =
      std::size_t{info.output_width} * static_cast<std::size_t>(info.output_components);
  if (bgr != nullptr && row_bytes * info.output_height != pixels) {
    std::snprintf(messages.fatal.data(), messages.fatal.size(), "its frames differ in size");
    std::longjmp(messages.back, 1);
  }
  JSAMPARRAY row = (*info.mem->alloc_sarray)(reinterpret_cast<j_common_ptr>(&info), JPOOL_IMAGE,
                                             static_cast<JDIMENSION>(row_bytes), 1);
  std::size_t written = 0;
  while (info.output_scanline < info.output_height) {
    (void)jpeg_read_scanlines(&info, row, 1);
    if (bgr == nullptr) continue;
    for (std::size_t x = 0; x + 2 < row_bytes; x += 3) {
      bgr[written + x] = row[0][x + 2];
      bgr[written + x + 1] = row[0][x + 1];
      bgr[written + x + 2] = row[0][x];
    }
    written += row_bytes;
  }
  (void)jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return true;
}

JpegScan scan_of(const Messages& messages) {
  return {messages.warnings, messages.first.data(), messages.unended};
}

}  // namespace

Result<JpegScan> examine_jpeg(std::span<const std::byte> jpeg) {
  Messages messages;
  if (!read(jpeg, messages, nullptr, 0)) return error("{}", messages.fatal.data());
  return scan_of(messages);
}

Result<std::optional<JpegPicture>> decode_jpeg(std::span<const std::byte> jpeg,
                                               const ImageHeader& header) {
  constexpr int kCmyk = 4;
  if (header.components >= kCmyk) return std::optional<JpegPicture>();
  JpegPicture picture;
  picture.bgr.resize(3 * static_cast<std::size_t>(header.stored.width) *
                     static_cast<std::size_t>(header.stored.height));
  Messages messages;
  if (!read(jpeg, messages, picture.bgr.data(), picture.bgr.size()))
    return error("{}", messages.fatal.data());
  picture.scan = scan_of(messages);
  return std::optional(std::move(picture));
}

}  // namespace qyolo::datasets
