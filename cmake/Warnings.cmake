# Warnings for our own code; every one is an error.
add_library(qyolo_warnings INTERFACE)
target_compile_options(qyolo_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Werror)
# GCC 12 reports these inside the standard library's own inlined code.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(qyolo_warnings INTERFACE -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow
    -Wno-error=array-bounds -Wno-error=restrict)
endif()
