// A library to be preloaded into a process, in which the n-th call of one function fails:
//
//   FAULT_CALL=write FAULT_AT=3 FAULT_ERRNO=28 FAULT_COUNT=file LD_PRELOAD=... command
//
// FAULT_AT=0 fails none; how many calls there were is left in the file FAULT_COUNT. Calls by the
// project's own code count, not those by libraries that it uses.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

class Faults {
 public:
  Faults() {
    if (const char* call = std::getenv("FAULT_CALL")) call_ = call;
    if (const char* at = std::getenv("FAULT_AT")) at_ = std::atol(at);
    if (const char* code = std::getenv("FAULT_ERRNO")) code_ = std::atoi(code);
  }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
  ~Faults() {
    const char* path = std::getenv("FAULT_COUNT");
    if (path == nullptr) return;
    const int file =
        next<int (*)(const char*, int, ...)>("open")(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) return;
    char digits[24];
    int length = 0;
    for (long left = count_; left > 0 || length == 0; left /= 10)
      digits[length++] = static_cast<char>('0' + left % 10);
    const auto put = next<ssize_t (*)(int, const void*, size_t)>("write");
    while (length > 0) (void)!put(file, &digits[--length], 1);
    close(file);
  }
  bool fails(const char* call, const void* caller) {
    if (call_ == nullptr || std::strcmp(call, call_) != 0) return false;
    Dl_info place{};
    if (dladdr(caller, &place) == 0 || place.dli_fname == nullptr) return false;
    const char* slash = std::strrchr(place.dli_fname, '/');
    const char* name = slash == nullptr ? place.dli_fname : slash + 1;
    if (std::strncmp(name, "qyolo", 5) != 0 && std::strncmp(name, "libqyolo", 8) != 0) return false;
    if (++count_ != at_) return false;
    errno = code_;
    return true;
  }

 private:
  const char* call_ = nullptr;
  long at_ = 0;
  int code_ = 0;
  std::atomic<long> count_{0};
};

Faults& faults() {
  static Faults instance;
  return instance;
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* data, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return faults().fails("write", __builtin_return_address(0)) ? -1 : real(file, data, size);
}
ssize_t read(int file, void* data, size_t size) {
  static const auto real = next<ssize_t (*)(int, void*, size_t)>("read");
  return faults().fails("read", __builtin_return_address(0)) ? -1 : real(file, data, size);
}
int fsync(int file) {
  static const auto real = next<int (*)(int)>("fsync");
  return faults().fails("fsync", __builtin_return_address(0)) ? -1 : real(file);
}
int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return faults().fails("rename", __builtin_return_address(0)) ? -1 : real(from, to);
}
int mkostemp(char* name, int flags) {
  static const auto real = next<int (*)(char*, int)>("mkostemp");
  return faults().fails("mkostemp", __builtin_return_address(0)) ? -1 : real(name, flags);
}
int open(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return faults().fails("open", __builtin_return_address(0)) ? -1 : real(path, flags, mode);
}
void* mmap(void* at, size_t size, int access, int flags, int file, off_t offset) noexcept {
  static const auto real = next<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  return faults().fails("mmap", __builtin_return_address(0))
             ? MAP_FAILED
             : real(at, size, access, flags, file, offset);
}
}
