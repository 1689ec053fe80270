// What a command adds up at every pixel, prepared once for all of them.
#ifndef WEFT_PLAN_H
#define WEFT_PLAN_H

#include "machine.h"

// A window that a pixel reads: in convolution mode a descriptor's stream, in depthwise mode a
// row's.
struct Tap {
    weft_stream_t stream;  // but that the offset is from Plan::offset, of the row's slot
    uint8_t shift;         // slots
    uint8_t rows;          // convolution: mask of the rows that take part; depthwise: of the one
    bool merges;           // convolution: the next tap is the descriptor's second stream
    bool ends;             // the last of its descriptor
};

constexpr uint32_t MOST_TAPS = 18;
constexpr uint32_t ALL_ROWS = (1u << WEFT_ROWS) - 1;

// The taps of some pass descriptors.
struct Plan {
    uint32_t last_rows;     // mask of the rows in use in the last block of input channels
    uint32_t pad;           // in each of four bytes
    uint32_t n_whole;       // blocks of input channels in which all rows are in use
    uint32_t n_entries;     // descriptors
    uint32_t weight_bytes;  // of their tiles
    uint32_t n_taps;
    int32_t offset;  // the least of all taps
    // A pixel is inside if y + low_y < n_y, x + low_x < n_x and slot < n_slots, all unsigned, and
    // if n_bytes from its address on do not wrap: it then reads no padding. It is regular if its
    // address is a multiple of 4, too, and if the plan is aligned.
    int32_t low_y, low_x;
    uint32_t n_y, n_x, n_slots, n_bytes;
    bool aligned;
    Tap taps[MOST_TAPS];
};

extern Plan plan;

// From the byte offset of a descriptor in the weight memory on, for n_entries or fewer.
void make_plan(uint32_t table, uint32_t n_entries);

#endif  // WEFT_PLAN_H
