// Functions compiled for several instruction sets, with fused multiply-adds where the CPU has them.
// The order of every sum is that of the source, whatever the width of the vectors.
#pragma once

#include "common/target_clones.h"

#ifndef __AVX512F__
// By level, since a feature brings no others: "avx512f" alone has fused operations only for its
// longest vectors.
#ifdef __clang__
#define QYOLO_FUSED_LOOPS QYOLO_TARGET_CLONES("fma", "default")
#else
#define QYOLO_FUSED_LOOPS QYOLO_TARGET_CLONES("arch=x86-64-v4", "arch=x86-64-v3", "default")
#endif
#else
#define QYOLO_FUSED_LOOPS
#endif
