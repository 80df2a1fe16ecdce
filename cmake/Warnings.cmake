# Warnings for our own code. Errors only where they are developed: another compiler may know other warnings.
option(QYOLO_WERROR "Warnings are errors" OFF)
add_library(qyolo_warnings INTERFACE)
target_compile_options(qyolo_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor)
if(QYOLO_WERROR)
  target_compile_options(qyolo_warnings INTERFACE -Werror)
endif()
# GCC 12 reports these inside the standard library's own inlined code.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(qyolo_warnings INTERFACE -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow
    -Wno-error=array-bounds -Wno-error=restrict)
endif()

# Those of GCC 14's are about optionals of the standard library that are emptied.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  target_compile_options(qyolo_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
