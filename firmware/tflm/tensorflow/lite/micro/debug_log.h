#ifndef WEFT_TFLM_MICRO_DEBUG_LOG_H
#define WEFT_TFLM_MICRO_DEBUG_LOG_H

#include "weft_op.h"

inline void DebugLog(const char *text) { weft_log(text); }

#endif  // WEFT_TFLM_MICRO_DEBUG_LOG_H
