#ifndef WEFT_TFLM_MICRO_MICRO_LOG_H
#define WEFT_TFLM_MICRO_MICRO_LOG_H

#include <stdarg.h>
#include <stdio.h>

#include "weft_op.h"

inline void VMicroPrintf(const char *format, va_list list) {
    vprintf(format, list);
    weft_log("\n");
}

__attribute__((format(printf, 1, 2))) inline void MicroPrintf(const char *format, ...) {
    va_list list;
    va_start(list, format);
    VMicroPrintf(format, list);
    va_end(list);
}

#endif  // WEFT_TFLM_MICRO_MICRO_LOG_H
