# Finds OpenCV's core, imgproc and imgcodecs: by OpenCV's own configuration file where there is one, else by headers
# and libraries. Debian keeps the file in a package that brings every module of OpenCV, and with them twice the
# download. Defines OpenCV_FOUND, OpenCV_VERSION, OpenCV_INCLUDE_DIRS and the targets opencv_core, opencv_imgproc and
# opencv_imgcodecs; and opencv_videoio, where that is there, too.
include(FindPackageHandleStandardArgs)

find_package(OpenCV CONFIG QUIET COMPONENTS core imgproc imgcodecs)
if(OpenCV_FOUND)
  find_package_handle_standard_args(OpenCV REQUIRED_VARS OpenCV_INCLUDE_DIRS VERSION_VAR OpenCV_VERSION)
  return()
endif()

find_path(OpenCV_INCLUDE_DIR opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4)
set(_libraries "")
foreach(_module core imgproc imgcodecs)
  find_library(OpenCV_${_module}_LIBRARY opencv_${_module})
  list(APPEND _libraries OpenCV_${_module}_LIBRARY)
endforeach()
mark_as_advanced(OpenCV_INCLUDE_DIR ${_libraries})

if(OpenCV_INCLUDE_DIR)
  file(STRINGS "${OpenCV_INCLUDE_DIR}/opencv2/core/version.hpp" _lines
    REGEX "#define CV_VERSION_(MAJOR|MINOR|REVISION) +[0-9]+")
  string(REGEX REPLACE "[^0-9;]" "" OpenCV_VERSION "${_lines}")
  string(REPLACE ";" "." OpenCV_VERSION "${OpenCV_VERSION}")
endif()

find_package_handle_standard_args(OpenCV
  REQUIRED_VARS OpenCV_INCLUDE_DIR ${_libraries}
  VERSION_VAR OpenCV_VERSION
  REASON_FAILURE_MESSAGE "install libopencv-imgcodecs-dev, or set CMAKE_PREFIX_PATH to an OpenCV")

if(OpenCV_FOUND)
  set(OpenCV_INCLUDE_DIRS "${OpenCV_INCLUDE_DIR}")
  foreach(_module core imgproc imgcodecs)
    if(NOT TARGET opencv_${_module})
      add_library(opencv_${_module} UNKNOWN IMPORTED)
      set_target_properties(opencv_${_module} PROPERTIES
        IMPORTED_LOCATION "${OpenCV_${_module}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIR}")
    endif()
  endforeach()
  set_property(TARGET opencv_imgcodecs APPEND PROPERTY INTERFACE_LINK_LIBRARIES opencv_imgproc opencv_core)
  set_property(TARGET opencv_imgproc APPEND PROPERTY INTERFACE_LINK_LIBRARIES opencv_core)
  find_library(OpenCV_videoio_LIBRARY opencv_videoio)
  find_path(OpenCV_videoio_INCLUDE_DIR opencv2/videoio.hpp HINTS "${OpenCV_INCLUDE_DIR}" PATH_SUFFIXES opencv4)
  mark_as_advanced(OpenCV_videoio_LIBRARY OpenCV_videoio_INCLUDE_DIR)
  if(OpenCV_videoio_LIBRARY AND OpenCV_videoio_INCLUDE_DIR AND NOT TARGET opencv_videoio)
    add_library(opencv_videoio UNKNOWN IMPORTED)
    set_target_properties(opencv_videoio PROPERTIES
      IMPORTED_LOCATION "${OpenCV_videoio_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_videoio_INCLUDE_DIR}"
      INTERFACE_LINK_LIBRARIES "opencv_imgcodecs")
  endif()
endif()
