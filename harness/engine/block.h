// Memory for maps and weights: aligned, in large pages where the system gives them (some hundred
// megabytes are read in one forward, more than small pages' translations cover).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

namespace qyolo::engine {

// Only grows. What it held is lost when it does.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    return *this;
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { release(); }

  // At least `bytes`; throws std::bad_alloc.
  std::byte* reserve(std::size_t bytes) {
    if (bytes <= size_) return block_;
    release();
    const std::size_t size = (bytes + kPage - 1) / kPage * kPage;
    void* const fresh =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) throw std::bad_alloc();
    if (size >= kLargePage) (void)madvise(fresh, size, MADV_HUGEPAGE);
    block_ = static_cast<std::byte*>(fresh);
    size_ = size;
    return block_;
  }
  [[nodiscard]] std::byte* data() const { return block_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kPage = 4096, kLargePage = std::size_t{1} << 21;

  void release() {
    if (block_ != nullptr) munmap(block_, size_);
    block_ = nullptr;
    size_ = 0;
  }

  std::byte* block_ = nullptr;
  std::size_t size_ = 0;
};

// Whether so many bytes more can be had now. oneDNN does not look at what it is given when it makes
// its kernels.
[[nodiscard]] inline bool can_reserve(std::size_t bytes) {
  void* const tried = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (tried == MAP_FAILED) return false;
  munmap(tried, bytes);
  return true;
}

}  // namespace qyolo::engine
