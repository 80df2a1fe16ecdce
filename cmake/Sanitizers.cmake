# QYOLO_SANITIZE=address,undefined builds everything of ours with those sanitizers.
set(QYOLO_SANITIZE "" CACHE STRING "Sanitizers to build with, comma-separated (e.g. address,undefined)")
if(QYOLO_SANITIZE)
  add_compile_options(-fsanitize=${QYOLO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${QYOLO_SANITIZE})
  add_library(qyolo_sanitizer_options OBJECT cmake/sanitizer_options.cpp)
  link_libraries("$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:qyolo_sanitizer_options>")
endif()
