#include "common/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace qyolo {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t at;
  std::string_view bytes;
  FileKind kind;
};

constexpr std::string_view kUnpack = "unpack it";
constexpr std::string_view kUtf8 = "save it as UTF-8";

constexpr std::array kSignatures = {
    Signature{0, "PK\x03\x04"sv, {"a ZIP archive", kUnpack}},
    Signature{0, "PK\x05\x06"sv, {"an empty ZIP archive", ""}},
    Signature{0, "\x1F\x8B"sv, {"a gzip archive", "unpack it with gunzip"}},
    Signature{0, "BZh"sv, {"a bzip2 archive", "unpack it with bunzip2"}},
    Signature{0,
              "\xFD"
              "7zXZ\0"sv,
              {"an xz archive", "unpack it with unxz"}},
    Signature{0, "7z\xBC\xAF\x27\x1C"sv, {"a 7z archive", kUnpack}},
    Signature{0, "Rar!\x1A\x07"sv, {"a RAR archive", kUnpack}},
    Signature{0, "\x28\xB5\x2F\xFD"sv, {"a Zstandard archive", "unpack it with unzstd"}},
    Signature{257, "ustar"sv, {"a tar archive", kUnpack}},
    Signature{0, "\xFF\xFE\0\0"sv, {"text in UTF-32", kUtf8}},
    Signature{0, "\0\0\xFE\xFF"sv, {"text in UTF-32", kUtf8}},
    Signature{0, "\xFF\xFE"sv, {"text in UTF-16", kUtf8}},
    Signature{0, "\xFE\xFF"sv, {"text in UTF-16", kUtf8}},
    Signature{0, "{\0"sv, {"text in UTF-16", kUtf8}},
    Signature{0, "[\0"sv, {"text in UTF-16", kUtf8}},
    Signature{0, "\0{"sv, {"text in UTF-16", kUtf8}},
    Signature{0, "\0["sv, {"text in UTF-16", kUtf8}},
    Signature{0,
              "version https://git-lfs"sv,
              {"a Git LFS pointer in place of the file", "get the file with `git lfs pull`"}},
    Signature{0, "%PDF"sv, {"a PDF document", ""}},
    Signature{0, "\x89PNG"sv, {"a PNG image", ""}},
    Signature{0, "\xFF\xD8\xFF"sv, {"a JPEG image", ""}},
    Signature{0, "GIF8"sv, {"a GIF image", ""}},
    Signature{0, "\x89HDF"sv, {"an HDF5 file", ""}},
    Signature{0, "SQLite format 3"sv, {"an SQLite database", ""}},
    Signature{0, "\x80\x02"sv, {"a pickle", ""}},
    Signature{0, "\x80\x03"sv, {"a pickle", ""}},
    Signature{0, "\x80\x04"sv, {"a pickle", ""}},
    Signature{0, "\x80\x05"sv, {"a pickle", ""}},
    Signature{4, "TFL3"sv, {"a TensorFlow Lite model", ""}},
    Signature{4, "ftypavif"sv, {"an AVIF image", ""}},
    Signature{4, "ftypavis"sv, {"an AVIF image", ""}},
    Signature{4, "ftypheic"sv, {"an HEIC image", ""}},
    Signature{4, "ftypheix"sv, {"an HEIC image", ""}},
    Signature{4, "ftypmif1"sv, {"an HEIC image", ""}},
    Signature{4, "jP  \r\n\x87\n"sv, {"a JPEG 2000 image", ""}},
    Signature{0, "\xFF\x4F\xFF\x51"sv, {"a JPEG 2000 image", ""}},
    Signature{0, "\xFF\x0A"sv, {"a JPEG XL image", ""}},
    Signature{4, "JXL \r\n\x87\n"sv, {"a JPEG XL image", ""}},
    Signature{0, "\x76\x2F\x31\x01"sv, {"an OpenEXR image", ""}},
    Signature{0, "#?RADIANCE"sv, {"a Radiance HDR image", ""}},
    Signature{0, "#?RGBE"sv, {"a Radiance HDR image", ""}},
    Signature{0, "\x59\xA6\x6A\x95"sv, {"a Sun raster image", ""}},
    Signature{0, "8BPS"sv, {"a Photoshop image", ""}},
    Signature{0, "II\x2B\0"sv, {"a BigTIFF image", ""}},
    Signature{0, "MM\0\x2B"sv, {"a BigTIFF image", ""}},
    Signature{128, "DICM"sv, {"a DICOM image", ""}},
    Signature{0, "ftrt"sv, {"a TensorRT engine", ""}},
    Signature{0, "ptrt"sv, {"a TensorRT engine", ""}},
};

// "P6" and the like, then white space (netpbm).
bool is_pnm(std::string_view content) {
  return content.size() > 2 && content[0] == 'P' && content[1] >= '1' && content[1] <= '7' &&
         (content[2] == '\n' || content[2] == ' ' || content[2] == '\t' || content[2] == '\r');
}

// A protobuf message that begins as ONNX's ModelProto: ir_version, then one of its next fields.
bool is_onnx(std::string_view content) {
  if (content.size() < 16 || content[0] != '\x08' || content[1] < 1 || content[1] > 32)
    return false;
  return content[2] == '\x12' || content[2] == '\x1A' || content[2] == '\x3A' ||
         content[2] == '\x42';
}

std::string start_of_text(std::string_view content) {
  const std::size_t begin = content.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin == std::string_view::npos) return {};
  std::string text(content.substr(begin, 32));
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::optional<FileKind> kind_of_file(std::string_view content) {
  for (const Signature& signature : kSignatures) {
    if (content.size() > signature.at && content.substr(signature.at).starts_with(signature.bytes))
      return signature.kind;
  }
  if (is_pnm(content)) return FileKind{"a PNM image", ""};
  if (is_onnx(content)) return FileKind{"an ONNX model", ""};
  const std::string text = start_of_text(content);
  if (text.starts_with("<!doctype html") || text.starts_with("<html"))
    return FileKind{"an HTML page",
                    "it is probably a download page or an error; get the file itself"};
  if (text.starts_with("<?xml") || text.starts_with("<annotation"))
    return FileKind{"an XML file", ""};
  return std::nullopt;
}

}  // namespace qyolo
