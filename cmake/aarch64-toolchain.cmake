# Cross-builds for 64-bit ARM Linux with Debian's compiler (g++-aarch64-linux-gnu) against Debian's arm64 packages, which
# scripts/arm64-sysroot unpacks:
#   cmake -B build-arm64 --toolchain cmake/aarch64-toolchain.cmake -DQYOLO_ARM64_SYSROOT=DIR -DQYOLO_WITH_TORCH=OFF
# Where qemu-aarch64 is installed, tests and tools of the build run under it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

set(QYOLO_ARM64_SYSROOT "$ENV{QYOLO_ARM64_SYSROOT}" CACHE PATH "Folder with Debian's arm64 packages (scripts/arm64-sysroot)")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES QYOLO_ARM64_SYSROOT)
if(NOT EXISTS "${QYOLO_ARM64_SYSROOT}/usr/lib/aarch64-linux-gnu")
  message(FATAL_ERROR "QYOLO_ARM64_SYSROOT (\"${QYOLO_ARM64_SYSROOT}\") holds no arm64 packages; scripts/arm64-sysroot makes it")
endif()
set(CMAKE_SYSROOT "${QYOLO_ARM64_SYSROOT}")
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# GCC notes that ABIs of GCC 9 and 10 differ in how some pairs are passed; one compiler builds everything here.
set(CMAKE_CXX_FLAGS_INIT -Wno-psabi)

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${QYOLO_ARM64_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
  "${QYOLO_ARM64_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${QYOLO_ARM64_SYSROOT}/usr/share/pkgconfig")

find_program(QYOLO_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
mark_as_advanced(QYOLO_QEMU_AARCH64)
if(QYOLO_QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${QYOLO_QEMU_AARCH64};-L;${QYOLO_ARM64_SYSROOT}")
endif()
