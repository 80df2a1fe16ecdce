# Completion scripts and manual pages, printed by the binary itself: build/documents/{qyolo.bash,_qyolo,man/*.1.gz}.
# The target qyolo_documents makes them. A cross-built binary runs under CMAKE_CROSSCOMPILING_EMULATOR; without one they
# are taken from QYOLO_DOCUMENTS, the documents/ folder of a build of the same sources for this machine.
set(QYOLO_DOCUMENTS "" CACHE PATH "Folder documents/ of another build, where the binary cannot run here")

if(QYOLO_DOCUMENTS)
  get_filename_component(qyolo_documents "${QYOLO_DOCUMENTS}" ABSOLUTE)
  if(NOT EXISTS "${qyolo_documents}/qyolo.bash" OR NOT IS_DIRECTORY "${qyolo_documents}/man")
    message(FATAL_ERROR "QYOLO_DOCUMENTS=${QYOLO_DOCUMENTS} holds no qyolo.bash and man/, expected the folder "
      "documents/ of another build")
  endif()
  add_custom_target(qyolo_documents)
elseif(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  set(qyolo_documents "")
  message(STATUS "No completion and manual pages: the binary cannot run here; set QYOLO_DOCUMENTS or "
    "CMAKE_CROSSCOMPILING_EMULATOR")
  add_custom_target(qyolo_documents)
else()
  set(qyolo_documents "${PROJECT_BINARY_DIR}/documents")
  set(_stamp "${PROJECT_BINARY_DIR}/documents.stamp")
  find_program(QYOLO_GZIP gzip)
  mark_as_advanced(QYOLO_GZIP)
  set(_compress "")
  if(QYOLO_GZIP)
    set(_compress COMMAND "${QYOLO_GZIP}" -9nr "${qyolo_documents}/man")
  endif()
  add_custom_command(OUTPUT "${_stamp}"
    COMMAND ${CMAKE_COMMAND} -E rm -rf "${qyolo_documents}"
    COMMAND qyolo manual --out "${qyolo_documents}/man"
    COMMAND qyolo completion bash > "${qyolo_documents}/qyolo.bash"
    COMMAND qyolo completion zsh > "${qyolo_documents}/_qyolo"
    ${_compress}
    COMMAND ${CMAKE_COMMAND} -E touch "${_stamp}"
    DEPENDS qyolo COMMENT "Completion and manual pages" VERBATIM)
  add_custom_target(qyolo_documents ALL DEPENDS "${_stamp}")
endif()
