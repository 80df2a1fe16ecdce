# qyolo_unity(TARGET): with QYOLO_UNITY, sources are compiled in batches, so that heavy headers and what they
# instantiate are paid for once a batch. Names in unnamed namespaces must therefore differ within a target.
function(qyolo_unity target)
  if(QYOLO_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
  endif()
endfunction()

# qyolo_optimize(TARGET LEVEL): where the work is done elsewhere, an optimized build is not worth its time.
function(qyolo_optimize target level)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${level}>)
endfunction()

# One result on every machine: a compiler may otherwise fuse a multiplication and an addition, which rounds once instead of
# twice, wherever the target has the instruction (64-bit ARM always does, baseline x86-64 never). The engine's kernels,
# whose numbers are compared within a tolerance, take it back.
add_compile_options(-ffp-contract=off)

# qyolo_library(NAME [OBJECT] SOURCES ... [LIBRARIES ...] [PRIVATE_LIBRARIES ...]): the static library qyolo::NAME. OBJECT:
# linked whole by those who name it; for functions that are declared in one place and have two homes (harness/backend/).
function(qyolo_library name)
  cmake_parse_arguments(arg "OBJECT" "" "SOURCES;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  set(kind STATIC)
  if(arg_OBJECT)
    set(kind OBJECT)
  endif()
  add_library(qyolo_${name} ${kind} ${arg_SOURCES})
  add_library(qyolo::${name} ALIAS qyolo_${name})
  qyolo_unity(qyolo_${name})
  target_include_directories(qyolo_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(qyolo_${name} PUBLIC ${arg_LIBRARIES} PRIVATE qyolo_warnings ${arg_PRIVATE_LIBRARIES})
endfunction()

# qyolo_test(NAME SOURCES ... LIBRARIES ... [LABELS label ...] [REFERENCE pattern ...] [SLOW pattern ...]): a GoogleTest binary
# whose cases become tests of their own. Several run at a time (ctest --parallel), so each has one CPU to itself, which is
# what `0 threads: all` is there: two threads on half a CPU each wait for one another most of the time. Where threads
# matter a test asks for them by number; waiting ones sleep. Tests find the repository through QYOLO_SOURCE_DIR and the
# shared reference data beside it.
# Labels (CONTRIBUTING.md says what they mean): LABELS are those of all its cases, `unit` where nothing is said. Cases whose
# names match a REFERENCE pattern have `reference`, too; those that match a SLOW one have `slow`, and not `unit`.
function(qyolo_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES;LABELS;REFERENCE;SLOW" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE qyolo_warnings qyolo_testing ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  qyolo_unity(${name})
  # Test code is compiled once and runs briefly; what it tests keeps its optimisation.
  target_compile_options(${name} PRIVATE -O0 -g0)
  set(prefix "")
  if(QYOLO_SANITIZE)
    set(prefix "sanitized.")
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${prefix}" DISCOVERY_TIMEOUT 60 
    PROPERTIES TIMEOUT 600 PROCESSORS 1 PROCESSOR_AFFINITY ON ENVIRONMENT "OMP_WAIT_POLICY=PASSIVE")

  # The cases are known when ctest reads them; this file is read behind theirs.
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  set(labels_file "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
  file(CONFIGURE OUTPUT "${labels_file}" @ONLY CONTENT [==[
set(labels "@arg_LABELS@")
set(reference [=[@arg_REFERENCE@]=])
set(slow [=[@arg_SLOW@]=])
set(tests "${@name@_TESTS}")
include("@PROJECT_SOURCE_DIR@/cmake/label_tests.cmake")
]==])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels_file}")
endfunction()
