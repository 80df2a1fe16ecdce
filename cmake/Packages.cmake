# The packages that cpack makes, of the components of Install.cmake (scripts/package calls it):
#   qyolo_VERSION_ARCH.deb, qyolo-VERSION-linux-ARCH.tar.gz   runtime
#   qyolo-parts_VERSION_all.deb                               parts
# Dependencies are those of the system it was built on. What needs a compiler, tests and LibTorch are in none of them.
set(CPACK_PACKAGE_NAME qyolo)
set(CPACK_PACKAGE_VENDOR "qyolo developers")
set(CPACK_PACKAGE_CONTACT "qyolo developers <qyolo@localhost>")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_RESOURCE_FILE_README "${PROJECT_SOURCE_DIR}/README.md")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_COMPONENTS_ALL runtime parts)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_FILE_NAME "qyolo-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME qyolo)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS qyolo-parts)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "what quantizing a YOLOv7 saves and costs, and how fast it is here
Reads YOLOv7 checkpoints and packed artifacts, evaluates them by COCO mAP on
one's own images, quantizes them and times them on this host.
.
Images are decoded with OpenCV, which is recommended only: without it bench,
quantize, score and inspect work; eval and detect say what is missing.")
set(CPACK_DEBIAN_PARTS_PACKAGE_NAME qyolo-parts)
set(CPACK_DEBIAN_PARTS_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PARTS_PACKAGE_ENHANCES qyolo)
set(CPACK_COMPONENT_PARTS_DESCRIPTION "example network and images for qyolo
A small trained YOLOv7 and 272 annotated images of machine parts, which the
experiments of qyolo refer to.")

set(_architectures_x86_64 amd64)
set(_architectures_aarch64 arm64)
set(QYOLO_DEBIAN_ARCHITECTURE "${_architectures_${CMAKE_SYSTEM_PROCESSOR}}")
if(QYOLO_DEBIAN_ARCHITECTURE)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE "${QYOLO_DEBIAN_ARCHITECTURE}")
endif()

set(_host_architecture "")
if(CMAKE_CROSSCOMPILING AND QYOLO_DEBIAN_ARCHITECTURE)
  set(_host_architecture "DEB_HOST_ARCH=${QYOLO_DEBIAN_ARCHITECTURE}")
endif()

# Read by cpack once for each kind of package.
configure_file(cmake/package/options.cmake.in "${PROJECT_BINARY_DIR}/package-options.stage.cmake" @ONLY)
file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/package-options.cmake"
  INPUT "${PROJECT_BINARY_DIR}/package-options.stage.cmake")
set(CPACK_PROJECT_CONFIG_FILE "${PROJECT_BINARY_DIR}/package-options.cmake")
include(CPack)
