# nanobind as the Python that was found has it (pip install nanobind).
execute_process(COMMAND "${Python_EXECUTABLE}" -m nanobind --cmake_dir
  OUTPUT_VARIABLE nanobind_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _status ERROR_QUIET)
if(NOT _status EQUAL 0)
  message(FATAL_ERROR "QYOLO_BUILD_PYTHON: ${Python_EXECUTABLE} has no nanobind; install it there (pip install nanobind), or name another Python by -DPython_EXECUTABLE=...")
endif()
find_package(nanobind CONFIG REQUIRED)
