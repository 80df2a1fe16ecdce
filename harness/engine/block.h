// Memory for maps and weights: aligned, in large pages where the system gives them (some hundred
// megabytes are read in one forward, more than small pages' translations cover).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace qyolo::engine {

// Only grows. What it held is lost when it does.
class Block {
 public:
  // At least `bytes`; throws std::bad_alloc.
  std::byte* reserve(std::size_t bytes) {
    if (bytes <= size_) return block_.get();
    const std::size_t page = bytes >= kLargePage ? kLargePage : kPage;
    block_.reset();
    size_ = (bytes + page - 1) / page * page;
    block_.reset(static_cast<std::byte*>(std::aligned_alloc(page, size_)));
    if (!block_) {
      size_ = 0;
      throw std::bad_alloc();
    }
    if (page == kLargePage) (void)madvise(block_.get(), size_, MADV_HUGEPAGE);
    return block_.get();
  }
  [[nodiscard]] std::byte* data() const { return block_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kPage = 4096, kLargePage = std::size_t{1} << 21;
  struct Free {
    void operator()(std::byte* block) const { std::free(block); }
  };
  std::unique_ptr<std::byte, Free> block_;
  std::size_t size_ = 0;
};

}  // namespace qyolo::engine
