// The elements of a tensor inside its storage, whatever the strides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/model/pickle.h"

namespace qyolo::model {

// Walks over the tensor in row-major order. REQUIRES: a tensor that TensorReader::check accepts,
// which outlives the walk, and as many steps as it has elements.
class ElementWalk {
 public:
  explicit ElementWalk(const TensorRef& tensor)
      : tensor_(&tensor), index_(tensor.size.size(), 0), position_(tensor.offset) {}

  // The element's index in the storage.
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(position_); }

  void next() {
    for (std::size_t i = index_.size(); i-- > 0;) {
      position_ += tensor_->stride[i];
      if (++index_[i] < tensor_->size[i]) break;
      position_ -= tensor_->size[i] * tensor_->stride[i];
      index_[i] = 0;
    }
  }

 private:
  const TensorRef* tensor_;
  std::vector<std::int64_t> index_;
  std::int64_t position_;
};

}  // namespace qyolo::model
