// A difference and its interval, as several documents have it.
#pragma once

#include "results/fields.h"

namespace qyolo::results {

struct IntervalRecord {
  double value = 0, low = 0, high = 0;
};

template <class Fields>
void describe(Fields& fields, Of<Fields, IntervalRecord>& interval) {
  fields("value", interval.value);
  fields("low", interval.low);
  fields("high", interval.high);
}

}  // namespace qyolo::results
