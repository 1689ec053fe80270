#ifndef WEFT_TFLM_MICRO_MICRO_GRAPH_H
#define WEFT_TFLM_MICRO_MICRO_GRAPH_H

#include "tensorflow/lite/micro/micro_context.h"

#endif  // WEFT_TFLM_MICRO_MICRO_GRAPH_H
