#ifndef WEFT_ABI_H
#define WEFT_ABI_H

/* Made by python -m gen.op_header from arch/op_interface.py and arch/op_params.py. */

#include <stdint.h>

#define WEFT_MAX_RANK 8  /* dimensions of a tensor */
#define WEFT_NAME_BYTES 56  /* of an operator's name, with its 0 */

/* Element types, numbered as TfLiteType. */
#define WEFT_TYPE_NONE 0
#define WEFT_TYPE_FLOAT32 1
#define WEFT_TYPE_INT32 2
#define WEFT_TYPE_UINT8 3
#define WEFT_TYPE_INT64 4
#define WEFT_TYPE_BOOL 6
#define WEFT_TYPE_INT16 7
#define WEFT_TYPE_INT8 9
#define WEFT_TYPE_FLOAT16 10
#define WEFT_TYPE_FLOAT64 11
#define WEFT_TYPE_UINT64 13
#define WEFT_TYPE_UINT32 16
#define WEFT_TYPE_UINT16 17

/* Flags of a tensor. */
#define WEFT_TENSOR_CONSTANT 1
#define WEFT_TENSOR_VARIABLE 2
#define WEFT_TENSOR_ABSENT 4

/* What an operator returns. */
#define WEFT_STATUS_OK 0  /* no error */
#define WEFT_STATUS_ERROR 1  /* the operator failed */
#define WEFT_STATUS_TYPE 2  /* a tensor's type is not supported */
#define WEFT_STATUS_SHAPE 3  /* a tensor's shape is not supported */
#define WEFT_STATUS_PARAMS 4  /* parameters or options are missing, too short or out of range */
#define WEFT_STATUS_SCRATCH 5  /* scratch or state is smaller than the operator needs */
#define WEFT_STATUS_MEMORY 6  /* operator new or malloc ran out of scratch */
#define WEFT_STATUS_ABORT 7  /* abort() was called */

/* A tensor: dense, row-major (NHWC), used where it lies. */
typedef struct {
    void *data;  /* first element; null if absent */
    int32_t type;  /* WEFT_TYPE_..., numbered as TfLiteType */
    uint32_t flags;  /* WEFT_TENSOR_... */
    uint32_t bytes;  /* bytes of data */
    float scale;  /* of the whole tensor; of channel 0 if quantised per channel */
    int32_t zero_point;  /* likewise */
    const float *channel_scales;  /* one for each channel, or null */
    const int32_t *channel_zero_points;  /* one for each channel, or null */
    int32_t channels;  /* elements of the two; 0 if null */
    int32_t channel_axis;  /* dimension that the channels count */
    int32_t rank;  /* dimensions in use; 0 for a scalar */
    int32_t dims[8];  /* extents, outermost first */
} weft_tensor_t;

/* Some columns of a product with constant weights, made ready by the compiler. */
typedef struct {
    uint32_t words[20];  /* the array's command for one row, in halves; the low one first */
    int32_t group;  /* which product of the operator's this is part of */
    uint32_t contents;  /* address of the weight memory's contents, as the core sees it */
    uint32_t contents_bytes;  /* of them */
    uint32_t weight_address;  /* byte of the weight memory where they belong */
    int32_t is_resident;  /* 1: they have their place for themselves */
    int32_t first_column;  /* of the product */
} weft_product_t;

/* The accelerator as an operator may use it; see weft_accelerator.h. */
typedef struct {
    void *workspace;  /* scratchpad; null while the operator is asked for its sizes */
    void *arena;  /* as many bytes of external memory */
    uint32_t workspace_bytes;  /* of each: what the operator asked for */
    int32_t rows;  /* of the array: input channels */
    int32_t cols;  /* of the array: output channels */
    int32_t streams;  /* groups of rows with a stream of their own */
    int32_t pairs;  /* windows side by side that make up the rows */
    int32_t weight_rows_per_cycle;  /* rows that a word of weight memory fills */
    uint32_t weight_memory_bytes;  /* bytes of weight memory */
    int32_t accumulator_depth;  /* pixels of an accumulator bank */
    int32_t n_products;  /* elements of products */
    const weft_product_t *products;  /* of operators of the library; or null */
} weft_accelerator_t;

/* One use of an operator in a model; all of it is fixed at compile time. */
typedef struct {
    int32_t n_inputs;  /* elements of inputs */
    int32_t n_outputs;  /* elements of outputs */
    int32_t n_intermediates;  /* elements of intermediates */
    const weft_tensor_t *const *inputs;  /* never null; absent ones carry the flag */
    const weft_tensor_t *const *outputs;  /* likewise */
    const weft_tensor_t *const *intermediates;  /* likewise */
    const void *params;  /* a structure of weft_abi.h, or the custom options verbatim */
    uint32_t params_bytes;  /* bytes of params */
    void *state;  /* kept between inferences, zero before the first; or null */
    uint32_t state_bytes;  /* at least what the operator asked for */
    void *scratch;  /* undefined at entry; operator new takes from its end */
    uint32_t scratch_bytes;  /* at least what the operator asked for */
    const weft_accelerator_t *accelerator;  /* null unless it asked for a workspace */
} weft_op_t;

/* UNIDIRECTIONAL_SEQUENCE_LSTM of float32. */
typedef struct {
    int32_t batches;  /* sequences */
    int32_t steps;  /* of a sequence */
    int32_t inputs;  /* of a step */
    int32_t units;  /* cells of a sequence, and outputs of a step */
    int32_t batch_rows;  /* rows of input and output from sequence to sequence */
    int32_t step_rows;  /* rows from step to step */
    float cell_clip;  /* the largest cell; 0 for any */
} weft_lstm_float_params_t;

/* SOFTMAX of int8; exp_table is cut behind its last entry that can change an output. */
typedef struct {
    int32_t n_entries;  /* entries of exp_table that are there; 1 to 256 */
    int32_t exp_table[256];  /* exp(-d * beta * scale), Q0.31, for d = 0, 1, ... */
} weft_softmax_params_t;

/* ADD, SUB and SQUARED_DIFFERENCE of int8 and int16; zero points come with the tensors. */
typedef struct {
    int32_t multiplier_a;  /* of operand a, shifted left by left_shift */
    int32_t multiplier_b;  /* of operand b */
    int32_t multiplier_out;  /* of the sum */
    int32_t shift_a;  /* -31 to 0 */
    int32_t shift_b;  /* -31 to 0 */
    int32_t shift_out;  /* -31 to 0; of SQUARED_DIFFERENCE to 30 */
    int32_t left_shift;  /* of both operands before they are scaled */
    int32_t subtract;  /* 1: operand b is subtracted */
    int32_t low;  /* lower clamp */
    int32_t high;  /* upper clamp */
} weft_add_params_t;

/* AVERAGE_POOL_2D and MAX_POOL_2D of int8. */
typedef struct {
    int32_t filter_h;  /* rows of the window */
    int32_t filter_w;  /* columns of the window */
    int32_t stride_h;  /* rows from window to window */
    int32_t stride_w;  /* columns from window to window */
    int32_t pad_top;  /* rows of padding above the input */
    int32_t pad_left;  /* columns of padding to its left */
    int32_t low;  /* lower clamp */
    int32_t high;  /* upper clamp */
} weft_pool_2d_params_t;

/* MEAN and SUM of int8 and int16; zero points come with the tensors. */
typedef struct {
    uint32_t axes;  /* bit i: dimension i of the input is reduced */
    int32_t multiplier;  /* scale_in / scale_out, of MEAN / number of elements */
    int32_t shift;  /* -31 to 30 */
} weft_mean_params_t;

/* All operators that only move data; its copies follow, and behind them the fill element. */
typedef struct {
    int32_t n_copies;  /* copies, in any order */
    int32_t fill_bytes;  /* of the element that outputs are filled with first; or 0 */
} weft_copy_plan_t;

/* Bytes of an operand to an output; the arithmetic is in bytes, whatever the type. */
typedef struct {
    int32_t source;  /* number of the input */
    int32_t target;  /* number of the output */
    int32_t source_offset;  /* of its first byte */
    int32_t target_offset;  /* of its first byte */
    int32_t run;  /* bytes that lie together in both */
    int32_t n_loops;  /* loops around the run */
    int32_t extents[8];  /* of the loops, outermost first */
    int32_t source_steps[8];  /* of the loops; 0 and below may be */
    int32_t target_steps[8];  /* of the loops */
} weft_copy_t;

/* GATHER of any type. */
typedef struct {
    int32_t batches;  /* each has indices of its own */
    int32_t outer;  /* slices of all places, one after the other */
    int32_t extent;  /* places that an index chooses from */
    int32_t n_indices;  /* of a batch */
    int32_t slice_bytes;  /* of what lies at one place */
} weft_gather_params_t;

/* GATHER_ND of any type. */
typedef struct {
    int32_t n_slices;  /* of the output */
    int32_t depth;  /* indices that name a place */
    int32_t extents[8];  /* that each of them chooses from */
    int32_t steps[8];  /* bytes that each of them counts */
    int32_t slice_bytes;  /* of what lies at one place */
} weft_gather_nd_params_t;

/* RESIZE_BILINEAR: one row or column of the output. */
typedef struct {
    int32_t low;  /* row or column of the input */
    int32_t high;  /* the one behind it */
    int32_t low_weight;  /* 10 fractional bits; for float32 the bits of one */
    int32_t high_weight;  /* likewise */
} weft_sample_t;

/* Convolutions; a weft_scale_t for each filter follows. TRANSPOSE_CONV slides over its output. */
typedef struct {
    int32_t images;  /* of the batch */
    int32_t height;  /* rows of an image */
    int32_t width;  /* pixels of a row */
    int32_t depth;  /* channels of a pixel */
    int32_t out_h;  /* rows of the output */
    int32_t out_w;  /* pixels of a row of the output */
    int32_t filters;  /* channels of the output */
    int32_t filter_h;  /* rows of the window */
    int32_t filter_w;  /* columns of the window */
    int32_t stride_h;  /* rows from window to window */
    int32_t stride_w;  /* columns from window to window */
    int32_t dilation_h;  /* rows from tap to tap */
    int32_t dilation_w;  /* columns from tap to tap */
    int32_t pad_top;  /* rows of padding above the image */
    int32_t pad_left;  /* columns of padding to its left */
    int32_t group_channels;  /* channels of the image that a filter reads */
    int32_t filters_per_group;  /* filters that read the same channels */
    int32_t filter_step;  /* weights from filter to filter */
    int32_t tap_step;  /* weights from tap to tap */
    int32_t channel_step;  /* weights from channel to channel */
    int32_t low;  /* lower clamp */
    int32_t high;  /* upper clamp */
} weft_convolution_params_t;

/* From sums to codes. */
typedef struct {
    int32_t multiplier;  /* 0 to 2^31 - 1 */
    int32_t shift;  /* -31 to 30; with sums of 64 bits to 7 */
} weft_scale_t;

/* BATCH_MATMUL of a and b; steps are in elements, 0 where batches are broadcast. */
typedef struct {
    int32_t batches[3];  /* extents, outermost first */
    int32_t a_batch_steps[3];  /* from batch to batch */
    int32_t b_batch_steps[3];  /* likewise */
    int32_t rows;  /* of the output */
    int32_t columns;  /* of the output */
    int32_t depth;  /* products in a sum */
    int32_t a_row_step;  /* from row to row */
    int32_t a_depth_step;  /* from product to product */
    int32_t b_depth_step;  /* likewise */
    int32_t b_column_step;  /* from column to column */
    int32_t multiplier;  /* scale_a * scale_b / scale_out */
    int32_t shift;  /* -31 to 30; of int16 to 7 */
} weft_batch_matmul_params_t;

/* SVDF of int8. */
typedef struct {
    int32_t batches;  /* rows of the input */
    int32_t inputs;  /* of a row */
    int32_t filters;  /* rank for each unit of the output */
    int32_t memory;  /* states of a filter */
    int32_t rank;  /* filters that are summed */
    int32_t in_zero_point;  /* of the input */
    int32_t state_zero_point;  /* of the states */
    int32_t feature_multiplier;  /* from sums over inputs to states */
    int32_t feature_shift;  /* -31 to 30 */
    int32_t time_multiplier;  /* from sums over states to the output */
    int32_t time_shift;  /* -31 to 30 */
} weft_svdf_params_t;

/* UNIDIRECTIONAL_SEQUENCE_LSTM of int8; 11 weft_scale_t and 8 * units biases follow. */
typedef struct {
    int32_t batches;  /* sequences */
    int32_t steps;  /* of a sequence */
    int32_t inputs;  /* of a step */
    int32_t units;  /* cells of a sequence, and outputs of a step */
    int32_t batch_rows;  /* rows of input and output from sequence to sequence */
    int32_t step_rows;  /* rows from step to step */
    int32_t hidden_zero_point;  /* of hidden codes and output */
    int32_t cell_clip;  /* the largest cell */
    int32_t cell_has_no_clip;  /* 1: the smallest cell is one below its negative */
    int32_t tanh_multiplier;  /* of cells in front of their tanh */
    int32_t tanh_shift;  /* to the right, behind it */
} weft_lstm_params_t;

/* CUMSUM. */
typedef struct {
    int32_t axis;  /* the dimension along which elements are added up */
    int32_t is_exclusive;  /* 1 where an element is not part of its own sum */
    int32_t is_reverse;  /* 1 from the last element to the first */
    int32_t multiplier;  /* of 2^19 times a sum of int8 */
    int32_t shift;  /* -31 to 0 */
} weft_cumsum_params_t;

/* RESCALE: RELU, RELU6, LEAKY_RELU, ABS and QUANTIZE of integers. */
typedef struct {
    int32_t multiplier;  /* of codes from the zero point upwards */
    int32_t shift;  /* -31 to 30 */
    int32_t multiplier_below;  /* of codes below the zero point; may be negative */
    int32_t shift_below;  /* -31 to 30 */
    int32_t zero_point_in;  /* subtracted from codes */
    int32_t zero_point_out;  /* added to results */
    int32_t low;  /* lower clamp */
    int32_t high;  /* upper clamp */
} weft_rescale_params_t;

/* MUL and DIV of int8 and int16; zero points come with the tensors. */
typedef struct {
    int32_t multiplier;  /* of the product or quotient */
    int32_t shift;  /* -31 to 30 */
    int32_t low;  /* lower clamp */
    int32_t high;  /* upper clamp */
} weft_pair_params_t;

/* Arithmetic of int32 and float32: the fused activation. */
typedef struct {
    int32_t low;  /* lower clamp of int32 */
    int32_t high;  /* upper clamp of int32 */
    float low_f32;  /* lower clamp of float32 */
    float high_f32;  /* upper clamp of float32 */
} weft_plain_params_t;

/* PRELU of int8, or of int16 with an alpha of int8. */
typedef struct {
    int32_t multiplier;  /* of codes from the zero point upwards */
    int32_t shift;  /* -31 to 30 */
    int32_t multiplier_alpha;  /* of products with alpha, below */
    int32_t shift_alpha;  /* -31 to 30 */
} weft_prelu_params_t;

/* COMPARE: EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL. */
typedef struct {
    uint32_t true_if;  /* of a pair: 1 less, 2 equal, 4 greater, 8 without an order */
    int32_t multiplier_a;  /* of an int8 operand a, shifted left by left_shift */
    int32_t shift_a;  /* -31 to 0 */
    int32_t multiplier_b;  /* of operand b */
    int32_t shift_b;  /* -31 to 0 */
    int32_t left_shift;  /* of both operands */
} weft_compare_params_t;

/* The one number of an operator of float32. */
typedef struct {
    float value;  /* LEAKY_RELU: alpha; SOFTMAX: beta */
} weft_float_params_t;

/* SIGMOID_INT16: LOGISTIC and TANH of int16. */
typedef struct {
    int32_t multiplier;  /* of codes */
    int32_t shift;  /* right, with rounding; 0 to 31 */
    int32_t is_tanh;  /* 0 LOGISTIC, 1 TANH */
} weft_sigmoid_params_t;

/* RSQRT of int16. */
typedef struct {
    int32_t multiplier;  /* of 1 / sqrt(code), shifted left by 20 */
    int32_t shift;  /* -31 to 30 */
} weft_rsqrt_params_t;

/* SOFTMAX of int16. */
typedef struct {
    int32_t multiplier;  /* of the difference to the maximum, to 65535 / 10 */
    int32_t shift;  /* -31 to 30 */
    int16_t exp_table[513];  /* exp(x), Q0.15, for x from -10 to 0 */
    int16_t reciprocal_table[513];  /* 1 / (1 + x), x from 0 to 1 */
} weft_softmax_int16_params_t;

/* LOG_SOFTMAX of int8; exp_table is cut behind its last entry that is not zero. */
typedef struct {
    int32_t multiplier;  /* of the difference to the maximum, to Q5.26 */
    int32_t shift;  /* 0 to 30 */
    int32_t reverse_multiplier;  /* back from Q5.26 to codes */
    int32_t reverse_shift;  /* -31 to 0 */
    int32_t diff_min;  /* the lowest difference whose exponential counts */
    int32_t n_entries;  /* entries of exp_table that are there; 1 to 256 */
    int32_t exp_table[256];  /* exp(-d * scale), Q0.31, for d = 0, 1, ... */
} weft_log_softmax_params_t;

/* REDUCE_MAX and REDUCE_MIN; SUM and MEAN of float32. */
typedef struct {
    uint32_t axes;  /* bit i: dimension i of the input is reduced */
    float divisor;  /* of sums: 1, or the number of their elements */
} weft_reduce_params_t;

/* ARG_MAX and ARG_MIN. */
typedef struct {
    int32_t axis;  /* the dimension that is searched */
    int32_t is_max;  /* 0 ARG_MIN, 1 ARG_MAX */
} weft_arg_params_t;

#endif /* WEFT_ABI_H */
