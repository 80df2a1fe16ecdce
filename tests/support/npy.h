// Reads NumPy's .npy files (format 1.0, little-endian float32, C order): what reference outputs
// come in.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace qyolo::testing {

struct Npy {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

inline Npy read_npy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto length = [&](std::size_t at) {
    return std::size_t{static_cast<unsigned char>(bytes.at(at))};
  };
  const std::size_t header_size = length(8) + 256 * length(9);
  const std::string header = bytes.substr(10, header_size);
  if (bytes.compare(0, 6, "\x93NUMPY") != 0 || header.find("'<f4'") == std::string::npos ||
      header.find("'fortran_order': False") == std::string::npos) {
    throw std::runtime_error(path.string() + " is not a float32 .npy file");
  }
  Npy npy;
  std::size_t count = 1;
  std::size_t at = header.find("'shape': (") + 10;
  while (header.at(at) != ')') {
    if (std::isdigit(static_cast<unsigned char>(header[at])) == 0) {
      ++at;
      continue;
    }
    std::size_t digits = 0;
    npy.shape.push_back(std::stoll(header.substr(at), &digits));
    count *= static_cast<std::size_t>(npy.shape.back());
    at += digits;
  }
  npy.values.resize(count);
  if (bytes.size() != 10 + header_size + count * sizeof(float))
    throw std::runtime_error(path.string() + " has another size than its header says");
  std::memcpy(npy.values.data(), bytes.data() + 10 + header_size, count * sizeof(float));
  return npy;
}

}  // namespace qyolo::testing
