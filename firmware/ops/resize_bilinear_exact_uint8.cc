// RESIZE_BILINEAR of codes of uint8 less 128, with weights at which no operation in float32 rounds:
// sums in integers, halves rounded up.
#include "resize_bilinear.h"

namespace {

int32_t resize_bilinear(const weft_op_t *op) {
    return weft_resize_bilinear<int8_t>(op, weft_resize_codes<true>);
}

}  // namespace

WEFT_OP("RESIZE_BILINEAR_EXACT_UINT8", resize_bilinear)
