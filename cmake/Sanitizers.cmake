# QYOLO_SANITIZE=address,undefined builds everything of ours with those sanitizers.
set(QYOLO_SANITIZE "" CACHE STRING "Sanitizers to build with, comma-separated (e.g. address,undefined)")
if(QYOLO_SANITIZE)
  add_compile_options(-fsanitize=${QYOLO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${QYOLO_SANITIZE})
  # What every sanitized program runs with, where the environment says nothing else. Where a library that is opened at run
  # time has thread-local data, the address sanitizers guess its place from what lies before it in memory. The guess is wrong
  # for threads that OpenMP keeps (GCC 12, glibc 2.36), and the search for leaks at the end faults on it.
  set(options_source "${CMAKE_BINARY_DIR}/generated/sanitizer_options.cpp")
  file(CONFIGURE OUTPUT "${options_source}" CONTENT
    [[extern "C" const char* __asan_default_options() { return "intercept_tls_get_addr=0"; }
]])
  add_library(qyolo_sanitizer_options OBJECT "${options_source}")
  link_libraries("$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:qyolo_sanitizer_options>")
endif()
