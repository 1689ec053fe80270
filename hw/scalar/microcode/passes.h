// Sums of a tile over the taps of a plan.
#ifndef WEFT_PASSES_H
#define WEFT_PASSES_H

#include "plan.h"

// input: bytes added to each address; weights: byte offset of the tiles in the weight memory;
// resumes: go on from the sums that are there.
void run_passes(uint32_t input, uint32_t weights, bool resumes);

#endif  // WEFT_PASSES_H
