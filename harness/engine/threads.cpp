#include "harness/engine/threads.h"

#include <omp.h>

namespace qyolo::engine {

int grant_threads(int wanted) {
  // Else (OMP_DYNAMIC) each region may be granted another number.
  omp_set_dynamic(0);
  omp_set_num_threads(wanted);
  int granted = 1;
#pragma omp parallel
  {
#pragma omp master
    granted = omp_get_num_threads();
  }
  if (granted < wanted) omp_set_num_threads(granted);
  return granted;
}

}  // namespace qyolo::engine
