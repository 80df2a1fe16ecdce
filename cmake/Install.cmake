# What `cmake --install` copies, all of it relative to the prefix, which may be moved as a whole: the binary looks for its
# libraries in ../lib/qyolo, so both places are fixed. Components:
#   runtime  binary, libraries, completion, manual pages, licence, experiments
#   parts    the embedded dataset and network, which experiments/*.json refer to
#   video    reading videos, only when asked for (--component video): OpenCV's videoio brings FFmpeg
#   torch    the reference executor, only when asked for (--component torch): it needs LibTorch where it was built
set(_bin bin)
set(_lib lib/qyolo)
set(_share share/qyolo)
set(_doc share/doc/qyolo)
# Debian's zsh looks in share/zsh/vendor-completions for what packages bring, and in site-functions below /usr/local.
set(QYOLO_ZSH_FOLDER share/zsh/site-functions CACHE STRING "Where zsh's completion is installed")
mark_as_advanced(QYOLO_ZSH_FOLDER)

install(TARGETS qyolo RUNTIME DESTINATION ${_bin} COMPONENT runtime)
install(TARGETS qyolo_backend_engine qyolo_backend_images LIBRARY DESTINATION ${_lib} COMPONENT runtime)
if(TARGET qyolo_backend_video)
  install(TARGETS qyolo_backend_video LIBRARY DESTINATION ${_lib} COMPONENT video EXCLUDE_FROM_ALL)
endif()
if(TARGET qyolo_backend_torch)
  set_target_properties(qyolo_backend_torch PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS qyolo_backend_torch LIBRARY DESTINATION ${_lib} COMPONENT torch EXCLUDE_FROM_ALL)
endif()

install(FILES README.md CHANGELOG.md LICENSE cmake/package/copyright DESTINATION ${_doc} COMPONENT runtime)
install(FILES SECURITY.md DESTINATION ${_doc} COMPONENT runtime)
install(DIRECTORY docs DESTINATION ${_doc} COMPONENT runtime FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
install(DIRECTORY experiments DESTINATION ${_share} COMPONENT runtime FILES_MATCHING PATTERN "*.json")
install(DIRECTORY cluster DESTINATION ${_share} COMPONENT runtime USE_SOURCE_PERMISSIONS)
install(PROGRAMS scripts/judge DESTINATION ${_share} COMPONENT runtime)
install(DIRECTORY datasets/parts DESTINATION ${_share}/datasets COMPONENT parts)
install(FILES cmake/package/copyright DESTINATION share/doc/qyolo-parts COMPONENT parts)

include(Documents)
if(qyolo_documents)
  install(FILES "${qyolo_documents}/qyolo.bash" DESTINATION share/bash-completion/completions RENAME qyolo
    COMPONENT runtime)
  install(FILES "${qyolo_documents}/_qyolo" DESTINATION ${QYOLO_ZSH_FOLDER} COMPONENT runtime)
  install(DIRECTORY "${qyolo_documents}/man/" DESTINATION share/man/man1 COMPONENT runtime)
endif()
