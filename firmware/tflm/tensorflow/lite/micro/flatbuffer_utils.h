#ifndef WEFT_TFLM_MICRO_FLATBUFFER_UTILS_H
#define WEFT_TFLM_MICRO_FLATBUFFER_UTILS_H

#include <stdint.h>

#include "flatbuffers/flexbuffers.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

// A flexbuffer whose root is a vector or a map, read by number: maps are sorted by key.
class FlexbufferWrapper : public flexbuffers::Vector {
  public:
    FlexbufferWrapper(const uint8_t *buffer, size_t size)
        : flexbuffers::Vector(flexbuffers::GetRoot(buffer, size).AsVector()) {}

    int64_t ElementAsInt64(size_t i) const { return (*this)[i].AsInt64(); }
    uint64_t ElementAsUInt64(size_t i) const { return (*this)[i].AsUInt64(); }
    int32_t ElementAsInt32(size_t i) const { return (*this)[i].AsInt32(); }
    bool ElementAsBool(size_t i) const { return (*this)[i].AsBool(); }
    double ElementAsDouble(size_t i) const { return (*this)[i].AsDouble(); }
    float ElementAsFloat(size_t i) const { return (*this)[i].AsFloat(); }
};

}  // namespace tflite

#endif  // WEFT_TFLM_MICRO_FLATBUFFER_UTILS_H
