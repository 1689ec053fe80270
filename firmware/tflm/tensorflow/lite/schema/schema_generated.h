#ifndef WEFT_TFLM_SCHEMA_SCHEMA_GENERATED_H
#define WEFT_TFLM_SCHEMA_SCHEMA_GENERATED_H

// Of the schema, what operators name: element types as files number them.
namespace tflite {

enum TensorType : signed char {
    TensorType_FLOAT32 = 0,
    TensorType_FLOAT16 = 1,
    TensorType_INT32 = 2,
    TensorType_UINT8 = 3,
    TensorType_INT64 = 4,
    TensorType_STRING = 5,
    TensorType_BOOL = 6,
    TensorType_INT16 = 7,
    TensorType_COMPLEX64 = 8,
    TensorType_INT8 = 9,
    TensorType_FLOAT64 = 10,
    TensorType_COMPLEX128 = 11,
    TensorType_UINT64 = 12,
    TensorType_RESOURCE = 13,
    TensorType_VARIANT = 14,
    TensorType_UINT32 = 15,
    TensorType_UINT16 = 16,
    TensorType_INT4 = 17,
};

}  // namespace tflite

#endif  // WEFT_TFLM_SCHEMA_SCHEMA_GENERATED_H
