// NumPy arrays that own their memory.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace qyolo::python {

// C order. REQUIRES: as many values as the shape has cells.
template <class T>
nanobind::object array_of(std::vector<T> values, const std::vector<std::size_t>& shape) {
  auto kept = std::make_unique<std::vector<T>>(std::move(values));
  kept->reserve(1);  // an array without cells has an address, too
  T* data = kept->data();
  const nanobind::capsule owner(
      kept.get(), [](void* memory) noexcept { delete static_cast<std::vector<T>*>(memory); });
  (void)kept.release();
  return nanobind::cast(
      nanobind::ndarray<nanobind::numpy, T>(data, shape.size(), shape.data(), owner));
}

}  // namespace qyolo::python
