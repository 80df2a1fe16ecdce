// QYOLO_ROW_LOOP: a loop over one row, compiled for several instruction sets, the best of which is
// taken at run time.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define QYOLO_ROW_LOOP __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QYOLO_ROW_LOOP
#endif
