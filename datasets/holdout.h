// Holding images out: some are chosen on, the others say what the choice is worth.
#pragma once

#include <vector>

#include "datasets/dataset.h"

namespace qyolo::datasets {

// One mark per truth.images: which are held out, about `fraction` of them, with about that fraction
// of the images of each kind. Images are of one kind where their rarest class is the same; within a
// kind they are taken evenly by their number of objects. Depends on nothing but the dataset.
// REQUIRES: 0 < fraction < 1.
[[nodiscard]] std::vector<bool> stratified_holdout(const GroundTruth& truth, double fraction);

// The images whose mark is `mark`, and their annotations. REQUIRES: one mark per image.
void keep_images(Dataset& dataset, const std::vector<bool>& marks, bool mark);

}  // namespace qyolo::datasets
