#ifndef WEFT_TFLM_OP_MACROS_H
#define WEFT_TFLM_OP_MACROS_H

#include "weft_op.h"

#define TF_LITE_FATAL(message) (weft_log(message "\n"), weft_fail(WEFT_STATUS_ABORT))
#define TF_LITE_ASSERT(x) ((x) ? (void)0 : TF_LITE_FATAL(#x))
#define TF_LITE_ASSERT_EQ(x, y) TF_LITE_ASSERT((x) == (y))
#define TFLITE_ABORT weft_fail(WEFT_STATUS_ABORT)
#define TF_LITE_REMOVE_VIRTUAL_DELETE

#endif  // WEFT_TFLM_OP_MACROS_H
