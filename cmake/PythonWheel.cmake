# What scikit-build-core puts into the wheel beside the package's own Python files: the extension module and the libraries
# that it loads when they are needed, all of them in the package's folder.
if(QYOLO_PYTHON_PREBUILT)
  file(GLOB _module "${QYOLO_PYTHON_PREBUILT}/python/qyolo/_native*.so")
  if(NOT _module)
    message(FATAL_ERROR "${QYOLO_PYTHON_PREBUILT} has no extension module; it was configured without QYOLO_BUILD_PYTHON")
  endif()
  install(PROGRAMS ${_module} "${QYOLO_PYTHON_PREBUILT}/libqyolo_engine.so" "${QYOLO_PYTHON_PREBUILT}/libqyolo_images.so"
    DESTINATION qyolo COMPONENT python)
  foreach(_target qyolo_python qyolo_backend_engine qyolo_backend_images)  # those that pyproject.toml asks to be built
    add_custom_target(${_target})
  endforeach()
else()
  install(TARGETS qyolo_python qyolo_backend_engine qyolo_backend_images LIBRARY DESTINATION qyolo COMPONENT python
    EXCLUDE_FROM_ALL)
endif()
