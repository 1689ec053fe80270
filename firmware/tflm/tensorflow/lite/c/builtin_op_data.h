// Enumerations and parameters of builtin operators, laid out as TensorFlow Lite's C interface does.
#ifndef WEFT_TFLM_BUILTIN_OP_DATA_H
#define WEFT_TFLM_BUILTIN_OP_DATA_H

#include "tensorflow/lite/c/common.h"

typedef enum { kTfLitePaddingUnknown = 0, kTfLitePaddingSame, kTfLitePaddingValid } TfLitePadding;

typedef enum {
    kTfLiteActNone = 0,
    kTfLiteActRelu,
    kTfLiteActReluN1To1,
    kTfLiteActRelu6,
    kTfLiteActTanh,
    kTfLiteActSignBit,
    kTfLiteActSigmoid,
} TfLiteFusedActivation;

typedef struct {
    int width, height, width_offset, height_offset;
} TfLitePaddingValues;

typedef enum {
    kTfLiteMirrorPaddingUnknown = 0,
    kTfLiteMirrorPaddingReflect,
    kTfLiteMirrorPaddingSymmetric,
} TfLiteMirrorPaddingMode;

typedef enum {
    kTfLiteFullyConnectedWeightsFormatDefault = 0,
    kTfLiteFullyConnectedWeightsFormatShuffled4x16Int8 = 1,
} TfLiteFullyConnectedWeightsFormat;

typedef struct {
    TfLitePadding padding;
    int stride_width, stride_height;
    TfLiteFusedActivation activation;
    int dilation_width_factor, dilation_height_factor;
    TfLiteType quantized_bias_type;
} TfLiteConvParams;
typedef struct {
    TfLitePadding padding;
    int stride_width, stride_height, depth_multiplier;
    TfLiteFusedActivation activation;
    int dilation_width_factor, dilation_height_factor;
} TfLiteDepthwiseConvParams;
typedef struct {
    TfLitePadding padding;
    int stride_width, stride_height, filter_width, filter_height;
    TfLiteFusedActivation activation;
    struct {
        TfLitePaddingValues padding;
    } computed;
} TfLitePoolParams;
typedef struct {
    TfLiteFusedActivation activation;
    TfLiteFullyConnectedWeightsFormat weights_format;
    bool keep_num_dims, asymmetric_quantize_inputs;
    TfLiteType quantized_bias_type;
} TfLiteFullyConnectedParams;
typedef struct {
    TfLitePadding padding;
    int stride_width, stride_height;
    TfLiteFusedActivation activation;
    TfLiteType quantized_bias_type;
} TfLiteTransposeConvParams;
typedef struct {
    TfLiteFusedActivation activation;
    bool pot_scale_int16;
} TfLiteAddParams;
typedef TfLiteAddParams TfLiteSubParams;
typedef struct {
    TfLiteFusedActivation activation;
} TfLiteMulParams;
typedef TfLiteMulParams TfLiteDivParams;
typedef TfLiteMulParams TfLiteL2NormParams;
typedef struct {
    int rank;
    TfLiteFusedActivation activation;
    bool asymmetric_quantize_inputs;
} TfLiteSVDFParams;
typedef struct {
    TfLiteFusedActivation activation;
    float cell_clip, proj_clip;
    bool time_major, asymmetric_quantize_inputs, diagonal_recurrent_tensors;
} TfLiteUnidirectionalSequenceLSTMParams;
typedef struct {
    bool adj_x, adj_y, asymmetric_quantize_inputs;
} TfLiteBatchMatMulParams;
typedef struct {
    int axis;
    TfLiteFusedActivation activation;
} TfLiteConcatenationParams;
typedef struct {
    float beta;
} TfLiteSoftmaxParams;
typedef struct {
    float alpha;
} TfLiteLeakyReluParams;
typedef struct {
    bool approximate;
} TfLiteGeluParams;
typedef struct {
    bool exclusive, reverse;
} TfLiteCumsumParams;
typedef struct {
    bool keep_dims;
} TfLiteReducerParams;
typedef struct {
    TfLiteType output_type;
} TfLiteArgMaxParams;
typedef TfLiteArgMaxParams TfLiteArgMinParams;
typedef struct {
    TfLiteType in_data_type, out_data_type;
} TfLiteCastParams;
typedef struct {
    TfLiteType out_type;
} TfLiteShapeParams;
typedef struct {
    int axis, batch_dims;
} TfLiteGatherParams;
typedef struct {
    int block_size;
} TfLiteDepthToSpaceParams;
typedef TfLiteDepthToSpaceParams TfLiteSpaceToDepthParams;
typedef struct {
    bool align_corners, half_pixel_centers;
} TfLiteResizeBilinearParams;
typedef TfLiteResizeBilinearParams TfLiteResizeNearestNeighborParams;
typedef struct {
    TfLiteMirrorPaddingMode mode;
} TfLiteMirrorPaddingParams;
typedef struct {
    int values_count, axis;
} TfLitePackParams;
typedef struct {
    int num, axis;
} TfLiteUnpackParams;
typedef struct {
    int num_splits;
} TfLiteSplitParams;
typedef TfLiteSplitParams TfLiteSplitVParams;
typedef struct {
    int shape[8], num_dimensions;
} TfLiteReshapeParams;
typedef struct {
    int squeeze_dims[8], num_squeeze_dims;
} TfLiteSqueezeParams;
typedef struct {
    int begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    bool offset;
} TfLiteStridedSliceParams;

#endif  // WEFT_TFLM_BUILTIN_OP_DATA_H
