// QYOLO_ROW_LOOP: a loop over one row, compiled for several instruction sets, the best of which is
// taken at run time.
#pragma once

#include "common/target_clones.h"

#ifndef __clang__
#define QYOLO_ROW_LOOP QYOLO_TARGET_CLONES("avx512f", "avx2", "default")
#else
#define QYOLO_ROW_LOOP
#endif
