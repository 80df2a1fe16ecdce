# Finds LibTorch's CPU libraries without needing a CUDA toolkit (the stock TorchConfig.cmake of a CUDA
# wheel insists on one). Looked at in this order: CMAKE_PREFIX_PATH, then what scripts/setup unpacked
# under QYOLO_DEPS. Defines LibTorch::LibTorch, LibTorch_FOUND and LibTorch_VERSION.
include(FindPackageHandleStandardArgs)

set(_deps "$ENV{QYOLO_DEPS}")
if(NOT _deps)
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(_deps "$ENV{XDG_CACHE_HOME}/qyolo")
  else()
    set(_deps "$ENV{HOME}/.cache/qyolo")
  endif()
endif()
file(GLOB _unpacked LIST_DIRECTORIES true "${_deps}/libtorch-*/torch")
list(FILTER _unpacked EXCLUDE REGEX "\\.partial/")

find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/torch.h
  PATHS ${_unpacked} PATH_SUFFIXES include NO_CMAKE_SYSTEM_PATH)
find_path(LibTorch_API_INCLUDE_DIR torch/torch.h
  HINTS "${LibTorch_INCLUDE_DIR}/torch/csrc/api/include" NO_CMAKE_SYSTEM_PATH)
get_filename_component(_prefix "${LibTorch_INCLUDE_DIR}" DIRECTORY)
find_library(LibTorch_CPU_LIBRARY torch_cpu HINTS "${_prefix}/lib")
find_library(LibTorch_C10_LIBRARY c10 HINTS "${_prefix}/lib")

if(LibTorch_INCLUDE_DIR AND EXISTS "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h")
  set(_version_header "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h")
elseif(LibTorch_API_INCLUDE_DIR)
  set(_version_header "${LibTorch_API_INCLUDE_DIR}/torch/version.h")
endif()
if(_version_header AND EXISTS "${_version_header}")
  file(STRINGS "${_version_header}" _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH)")
  string(REGEX REPLACE "[^0-9;]" "" LibTorch_VERSION "${_lines}")
  string(REPLACE ";" "." LibTorch_VERSION "${LibTorch_VERSION}")
endif()

find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_INCLUDE_DIR LibTorch_API_INCLUDE_DIR LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run scripts/setup, or set CMAKE_PREFIX_PATH to a LibTorch folder")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    "${LibTorch_INCLUDE_DIR}" "${LibTorch_API_INCLUDE_DIR}")
  target_link_libraries(LibTorch::LibTorch INTERFACE "${LibTorch_CPU_LIBRARY}" "${LibTorch_C10_LIBRARY}")
  # The wheel's include folder has an fmt of its own, found before the system's and without a library of that
  # version to link. Its namespace carries the version, so the two live side by side.
  target_compile_definitions(LibTorch::LibTorch INTERFACE FMT_HEADER_ONLY)
  # libtorch_cpu.so of a CUDA wheel finds the CUDA runtime by its own RUNPATH, not by ours.
  target_link_options(LibTorch::LibTorch INTERFACE -Wl,--allow-shlib-undefined)
endif()
