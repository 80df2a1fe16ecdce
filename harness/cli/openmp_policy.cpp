// How OpenMP threads wait, decided before the OpenMP runtime starts.
//
// By default a thread that waits at the end of a parallel loop spins. As soon as anything else
// wants a core, the spinning threads take it from the ones that still work: on two busy cores a
// forward pass was measured 2 to 5 times slower than with sleeping threads. The runtime reads its
// setting when it is loaded: with the backend (harness/backend/), or, should anything link it to
// the binary, before main() and before our constructors, but after the functions of .preinit_array.
#include <cstdlib>

namespace {

void prefer_sleeping_openmp_threads(int /*argc*/, char** /*argv*/, char** /*environment*/) {
  setenv("OMP_WAIT_POLICY", "PASSIVE", 0);  // what the user has set stays
}

__attribute__((section(".preinit_array"),
               used)) void (*const kPreinit)(int, char**, char**) = &prefer_sleeping_openmp_threads;

}  // namespace
