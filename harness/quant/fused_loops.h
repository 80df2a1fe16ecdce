// Functions compiled for several instruction sets, with fused multiply-adds where the CPU has them.
// The order of every sum is that of the source, whatever the width of the vectors.
#pragma once

// ThreadSanitizer's runtime is not there yet when the dynamic linker asks which version to use.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__AVX512F__) && \
    !defined(__SANITIZE_THREAD__)
#define QYOLO_FUSED_LOOPS __attribute__((target_clones("avx512f", "fma", "default")))
#else
#define QYOLO_FUSED_LOOPS
#endif
