// QYOLO_TARGET_CLONES("avx2", "default"): a function compiled for several instruction sets of
// x86-64, the best of which the dynamic linker takes. Elsewhere nothing, and under ThreadSanitizer:
// its runtime is not there yet when the dynamic linker asks.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define QYOLO_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QYOLO_THREAD_SANITIZER
#endif
#endif

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(QYOLO_THREAD_SANITIZER)
#define QYOLO_TARGET_CLONES(...) __attribute__((target_clones(__VA_ARGS__)))
#else
#define QYOLO_TARGET_CLONES(...)
#endif
