// The public C types of TensorFlow Lite (Micro) as its operators see them, for the core.
//
// Names and meanings are those of tensorflow/lite/core/c/common.h and c_api_types.h; only what
// operators use is here.
#ifndef WEFT_TFLM_C_COMMON_H
#define WEFT_TFLM_C_COMMON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Operators rely on these without asking for them.
#include <cmath>
#include <cstring>
#include <limits>

#include "weft_op.h"

typedef enum TfLiteStatus {
    kTfLiteOk = 0,
    kTfLiteError = 1,
    kTfLiteDelegateError = 2,
    kTfLiteApplicationError = 3,
    kTfLiteCancelled = 8,
} TfLiteStatus;

typedef enum {
    kTfLiteNoType = 0,
    kTfLiteFloat32 = 1,
    kTfLiteInt32 = 2,
    kTfLiteUInt8 = 3,
    kTfLiteInt64 = 4,
    kTfLiteString = 5,
    kTfLiteBool = 6,
    kTfLiteInt16 = 7,
    kTfLiteComplex64 = 8,
    kTfLiteInt8 = 9,
    kTfLiteFloat16 = 10,
    kTfLiteFloat64 = 11,
    kTfLiteComplex128 = 12,
    kTfLiteUInt64 = 13,
    kTfLiteResource = 14,
    kTfLiteVariant = 15,
    kTfLiteUInt32 = 16,
    kTfLiteUInt16 = 17,
    kTfLiteInt4 = 18,
} TfLiteType;

#define kTfLiteOptionalTensor (-1)

typedef struct TfLiteIntArray {
    int size;
    int data[];
} TfLiteIntArray;

typedef struct TfLiteFloatArray {
    int size;
    float data[];
} TfLiteFloatArray;

// A weft_tensor_t holds its shape in this form.
static_assert(offsetof(weft_tensor_t, dims) == offsetof(weft_tensor_t, rank) + sizeof(int),
              "rank and dims are a TfLiteIntArray");

typedef struct TfLiteComplex64 {
    float re, im;
} TfLiteComplex64;

typedef struct TfLiteFloat16 {
    uint16_t data;
} TfLiteFloat16;

typedef struct TfLiteQuantizationParams {
    float scale;
    int32_t zero_point;
} TfLiteQuantizationParams;

typedef enum TfLiteQuantizationType {
    kTfLiteNoQuantization = 0,
    kTfLiteAffineQuantization = 1,
} TfLiteQuantizationType;

typedef struct TfLiteQuantization {
    TfLiteQuantizationType type;
    void *params;
} TfLiteQuantization;

typedef struct TfLiteAffineQuantization {
    TfLiteFloatArray *scale;
    TfLiteIntArray *zero_point;
    int32_t quantized_dimension;
} TfLiteAffineQuantization;

typedef union TfLitePtrUnion {
    int32_t *i32;
    uint32_t *u32;
    int64_t *i64;
    uint64_t *u64;
    float *f;
    TfLiteFloat16 *f16;
    double *f64;
    char *raw;
    const char *raw_const;
    uint8_t *uint8;
    bool *b;
    int16_t *i16;
    uint16_t *ui16;
    int8_t *int8;
    void *data;
} TfLitePtrUnion;

typedef enum TfLiteAllocationType {
    kTfLiteMemNone = 0,
    kTfLiteMmapRo,
    kTfLiteArenaRw,
    kTfLiteArenaRwPersistent,
    kTfLiteDynamic,
    kTfLitePersistentRo,
    kTfLiteCustom,
} TfLiteAllocationType;

typedef struct TfLiteTensor {
    TfLiteQuantization quantization;
    TfLiteQuantizationParams params;
    TfLitePtrUnion data;
    TfLiteIntArray *dims;
    size_t bytes;
    TfLiteType type;
    TfLiteAllocationType allocation_type;
    bool is_variable;
} TfLiteTensor;

typedef struct TfLiteEvalTensor {
    TfLitePtrUnion data;
    TfLiteIntArray *dims;
    TfLiteType type;
} TfLiteEvalTensor;

typedef struct TfLiteNode {
    TfLiteIntArray *inputs;
    TfLiteIntArray *outputs;
    TfLiteIntArray *intermediates;
    void *user_data;
    void *builtin_data;
    const void *custom_initial_data;
    int custom_initial_data_size;
} TfLiteNode;

typedef struct TfLiteContext {
    size_t tensors_size;
    void *impl_;
    void (*ReportError)(struct TfLiteContext *, const char *format, ...);
    int recommended_num_threads;
    void *(*AllocatePersistentBuffer)(struct TfLiteContext *, size_t bytes);
    TfLiteStatus (*RequestScratchBufferInArena)(struct TfLiteContext *, size_t bytes,
                                                int *buffer_index);
    void *(*GetScratchBuffer)(struct TfLiteContext *, int buffer_index);
    TfLiteTensor *(*GetTensor)(const struct TfLiteContext *, int index);
    TfLiteEvalTensor *(*GetEvalTensor)(const struct TfLiteContext *, int index);
} TfLiteContext;

typedef struct TFLMRegistration {
    void *(*init)(TfLiteContext *, const char *buffer, size_t length);
    void (*free)(TfLiteContext *, void *buffer);
    TfLiteStatus (*prepare)(TfLiteContext *, TfLiteNode *);
    TfLiteStatus (*invoke)(TfLiteContext *, TfLiteNode *);
    void (*reset)(TfLiteContext *, void *buffer);
    int32_t builtin_code;
    const char *custom_name;
} TFLMRegistration;

// Names in other versions.
typedef TFLMRegistration TfLiteRegistration;
typedef TFLMRegistration TfLiteRegistration_V1;

static inline const char *TfLiteTypeGetName(TfLiteType type) {
    switch (type) {
        case kTfLiteNoType: return "NOTYPE";
        case kTfLiteFloat32: return "FLOAT32";
        case kTfLiteInt32: return "INT32";
        case kTfLiteUInt8: return "UINT8";
        case kTfLiteInt64: return "INT64";
        case kTfLiteBool: return "BOOL";
        case kTfLiteInt16: return "INT16";
        case kTfLiteInt8: return "INT8";
        case kTfLiteFloat16: return "FLOAT16";
        case kTfLiteFloat64: return "FLOAT64";
        case kTfLiteUInt64: return "UINT64";
        case kTfLiteUInt32: return "UINT32";
        case kTfLiteUInt16: return "UINT16";
        default: return "Unknown type";
    }
}

// Messages are fixed text, which needs no printf.
#define WEFT_TFLM_TEXT_(x) #x
#define WEFT_TFLM_TEXT(x) WEFT_TFLM_TEXT_(x)
#define WEFT_TFLM_COMPLAIN(text) \
    weft_log(__FILE__ ":" WEFT_TFLM_TEXT(__LINE__) ": " text "\n")

#define TF_LITE_KERNEL_LOG(context, ...)                 \
    do {                                                 \
        (context)->ReportError((context), __VA_ARGS__);  \
    } while (false)
#define TF_LITE_MAYBE_KERNEL_LOG(context, ...)           \
    do {                                                 \
        if (context) TF_LITE_KERNEL_LOG(context, __VA_ARGS__); \
    } while (false)

#define WEFT_TFLM_ENSURE(condition, text)  \
    do {                                   \
        if (!(condition)) {                \
            WEFT_TFLM_COMPLAIN(text);      \
            return kTfLiteError;           \
        }                                  \
    } while (false)
#define TF_LITE_ENSURE_MSG(context, condition, ...)      \
    do {                                                 \
        if (!(condition)) {                              \
            TF_LITE_KERNEL_LOG((context), __VA_ARGS__);  \
            return kTfLiteError;                         \
        }                                                \
    } while (false)
#define TF_LITE_ENSURE(context, a) WEFT_TFLM_ENSURE(a, #a " was not true.")
#ifdef WEFT_HOST  // where the message is read, and printf costs nothing
#define WEFT_TFLM_ENSURE_EQUAL(a, b, format, value)                                               \
    do {                                                                                          \
        if (!((a) == (b))) {                                                                      \
            printf("%s:%d: %s != %s (" format " != " format ")\n", __FILE__, __LINE__, #a, #b,    \
                   value(a), value(b));                                                           \
            return kTfLiteError;                                                                  \
        }                                                                                         \
    } while (false)
#define WEFT_TFLM_NUMBER(x) ((long long)(x))
#define TF_LITE_ENSURE_EQ(context, a, b) WEFT_TFLM_ENSURE_EQUAL(a, b, "%lld", WEFT_TFLM_NUMBER)
#define TF_LITE_ENSURE_TYPES_EQ(context, a, b) \
    WEFT_TFLM_ENSURE_EQUAL(a, b, "%s", TfLiteTypeGetName)
#else
#define TF_LITE_ENSURE_EQ(context, a, b) WEFT_TFLM_ENSURE((a) == (b), #a " != " #b)
#define TF_LITE_ENSURE_TYPES_EQ(context, a, b) WEFT_TFLM_ENSURE((a) == (b), #a " != " #b)
#endif
#define TF_LITE_ENSURE_NEAR(context, a, b, epsilon)                                 \
    WEFT_TFLM_ENSURE((a) - (b) <= (epsilon) && (b) - (a) <= (epsilon), #a " not near " #b)
#define TF_LITE_ENSURE_OK(context, status)        \
    do {                                          \
        const TfLiteStatus s_ = (status);         \
        if ((s_) != kTfLiteOk) return s_;         \
    } while (false)
#define TF_LITE_ENSURE_STATUS(a) TF_LITE_ENSURE_OK(nullptr, a)

#endif  // WEFT_TFLM_C_COMMON_H
