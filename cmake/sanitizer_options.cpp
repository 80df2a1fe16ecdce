// What every sanitized program runs with, where the environment says nothing else.
//
// Where a library that is opened at run time has thread-local data, the address sanitizers guess its place from what lies
// before it in memory. The guess is wrong for threads that OpenMP keeps (GCC 12, glibc 2.36), and the search for leaks at the
// end faults on it.
extern "C" const char* __asan_default_options() { return "intercept_tls_get_addr=0"; }
