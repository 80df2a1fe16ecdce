// Functions compiled for several instruction sets, with fused multiply-adds where the CPU has them.
// The order of every sum is that of the source, whatever the width of the vectors.
#pragma once

// ThreadSanitizer's runtime is not there yet when the dynamic linker asks which version to use.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__AVX512F__) && \
    !defined(__SANITIZE_THREAD__)
// By level, since a feature brings no others: "avx512f" alone has fused operations only for its
// longest vectors.
#ifdef __clang__
#define QYOLO_FUSED_LOOPS __attribute__((target_clones("fma", "default")))
#else
#define QYOLO_FUSED_LOOPS \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#else
#define QYOLO_FUSED_LOOPS
#endif
