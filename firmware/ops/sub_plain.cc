// SUB of int32 and float32; tensorflow/lite/kernels/internal/reference/sub.h.
#include "plain.h"
#include "weft_op.h"

namespace {

int32_t sub(const weft_op_t *op) {
    return weft_plain(op, [](auto a, auto b) { return a - b; });
}

}  // namespace

WEFT_OP("SUB_PLAIN", sub)
