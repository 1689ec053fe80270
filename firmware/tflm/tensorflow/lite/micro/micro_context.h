// What an operator of TensorFlow Lite Micro asks its interpreter for, and the one behind it here:
// tflite::MicroContext on top of a weft_op_t.
//
// State holds what init and prepare allocate, scratch what prepare requests. Both are counted on
// the host by running init and prepare there, with pointers at least as wide as the core's.
#ifndef WEFT_TFLM_MICRO_CONTEXT_H
#define WEFT_TFLM_MICRO_CONTEXT_H

#include <stdlib.h>
#include <string.h>

#include <new>

#include "tensorflow/lite/c/common.h"

namespace tflite {

class MicroContext {
  public:
    // Starts from nothing: before init. Without room for state everything is only counted.
    explicit MicroContext(const weft_op_t *op);
#ifdef WEFT_HOST
    ~MicroContext() {
        while (counted_) {
            Counted *block = counted_;
            counted_ = block->next;
            free(block);
        }
    }
#endif
    MicroContext(const MicroContext &) = delete;
    MicroContext &operator=(const MicroContext &) = delete;

    void *AllocatePersistentBuffer(size_t bytes);
    TfLiteStatus RequestScratchBufferInArena(size_t bytes, int *buffer_index);
    void *GetScratchBuffer(int buffer_index);

    TfLiteTensor *AllocateTempTfLiteTensor(int tensor_index);
    TfLiteTensor *AllocateTempInputTensor(const TfLiteNode *node, int index) {
        return temp(node->inputs, index);
    }
    TfLiteTensor *AllocateTempOutputTensor(const TfLiteNode *node, int index) {
        return temp(node->outputs, index);
    }
    TfLiteTensor *AllocateTempIntermediateTensor(const TfLiteNode *node, int index) {
        return temp(node->intermediates, index);
    }
    void DeallocateTempTfLiteTensor(TfLiteTensor *tensor) { free(tensor); }
    uint8_t *AllocateTempBuffer(size_t size, size_t) {
        return static_cast<uint8_t *>(malloc(size));
    }
    void DeallocateTempBuffer(uint8_t *buffer) { free(buffer); }
    TfLiteEvalTensor *GetEvalTensor(int tensor_index);
    TfLiteStatus set_external_context(void *payload) {
        external_ = payload;
        return kTfLiteOk;
    }
    void *external_context() { return external_; }

    // ---- for the adapter below ---------------------------------------------------------------
    TfLiteContext *context() { return &context_; }
    TfLiteNode *node() { return &node_; }
    size_t state_bytes() const { return used_; }
    size_t scratch_bytes() const { return scratch_used_ + kTempBytes; }
    bool failed() const { return failed_; }
    void attach(const weft_op_t *op);
    static MicroContext *in(const weft_op_t *op) { return static_cast<MicroContext *>(op->state); }

  private:
    static constexpr int kMaxScratchBuffers = 24;
    static constexpr size_t kAlignment = 16;
    static constexpr size_t kTempBytes = 1024;  // for what prepare allocates and gives back

    static size_t aligned(size_t n) { return (n + kAlignment - 1) & ~(kAlignment - 1); }
    TfLiteIntArray *indices(int n, int first, const weft_tensor_t *const *tensors);
    const weft_tensor_t *tensor(int index) const;
    TfLiteTensor *temp(const TfLiteIntArray *list, int index) {
        if (index < 0 || index >= list->size || list->data[index] < 0) return nullptr;
        return AllocateTempTfLiteTensor(list->data[index]);
    }

    // Where there is no state yet: what was allocated only to see how much it is.
    struct alignas(kAlignment) Counted {
        Counted *next;
    };

    Counted *counted_ = nullptr;
    const weft_op_t *op_;
    TfLiteContext context_;
    TfLiteNode node_;
    TfLiteEvalTensor *eval_tensors_ = nullptr;
    void *external_ = nullptr;
    size_t used_, scratch_used_ = 0;
    int n_tensors_ = 0, n_scratch_ = 0;
    bool failed_ = false;
    uint32_t scratch_[kMaxScratchBuffers];
};

inline MicroContext *GetMicroContext(const TfLiteContext *context) {
    return static_cast<MicroContext *>(context->impl_);
}

inline void *MicroContextAllocatePersistentBuffer(TfLiteContext *context, size_t bytes) {
    return GetMicroContext(context)->AllocatePersistentBuffer(bytes);
}
inline TfLiteStatus MicroContextRequestScratchBufferInArena(TfLiteContext *context, size_t bytes,
                                                            int *buffer_index) {
    return GetMicroContext(context)->RequestScratchBufferInArena(bytes, buffer_index);
}
inline void *MicroContextGetScratchBuffer(TfLiteContext *context, int buffer_index) {
    return GetMicroContext(context)->GetScratchBuffer(buffer_index);
}
inline TfLiteTensor *MicroContextGetTensor(const TfLiteContext *context, int tensor_index) {
    return GetMicroContext(context)->AllocateTempTfLiteTensor(tensor_index);
}
inline TfLiteEvalTensor *MicroContextGetEvalTensor(const TfLiteContext *context,
                                                   int tensor_index) {
    return GetMicroContext(context)->GetEvalTensor(tensor_index);
}
// The message without its numbers: printf would be a third of a small instruction memory.
inline void MicroContextReportOpError(TfLiteContext *, const char *format, ...) {
    weft_log(format);
    weft_log("\n");
}

inline MicroContext::MicroContext(const weft_op_t *op)
    : op_(op), context_(), node_(), used_(aligned(sizeof(MicroContext))), scratch_() {
    context_.impl_ = this;
    context_.recommended_num_threads = 1;
    context_.ReportError = MicroContextReportOpError;
    context_.AllocatePersistentBuffer = MicroContextAllocatePersistentBuffer;
    context_.RequestScratchBufferInArena = MicroContextRequestScratchBufferInArena;
    context_.GetScratchBuffer = MicroContextGetScratchBuffer;
    context_.GetTensor = MicroContextGetTensor;
    context_.GetEvalTensor = MicroContextGetEvalTensor;
    n_tensors_ = op->n_inputs + op->n_outputs + op->n_intermediates;
    context_.tensors_size = n_tensors_;
    node_.inputs = indices(op->n_inputs, 0, op->inputs);
    node_.outputs = indices(op->n_outputs, op->n_inputs, op->outputs);
    node_.intermediates =
        indices(op->n_intermediates, op->n_inputs + op->n_outputs, op->intermediates);
    node_.builtin_data = const_cast<void *>(op->params);
    node_.custom_initial_data = op->params;
    node_.custom_initial_data_size = static_cast<int>(op->params_bytes);
    eval_tensors_ = static_cast<TfLiteEvalTensor *>(
        AllocatePersistentBuffer(n_tensors_ * sizeof(TfLiteEvalTensor)));
    attach(op);
}

// The tensors of this call; they are at the same places in every inference.
inline void MicroContext::attach(const weft_op_t *op) {
    op_ = op;
    for (int i = 0; eval_tensors_ && i < n_tensors_; i++) {
        const weft_tensor_t *t = tensor(i);
        eval_tensors_[i].data.data = t->data;
        eval_tensors_[i].dims = const_cast<TfLiteIntArray *>(
            reinterpret_cast<const TfLiteIntArray *>(&t->rank));
        eval_tensors_[i].type = static_cast<TfLiteType>(t->type);
    }
}

inline void *MicroContext::AllocatePersistentBuffer(size_t bytes) {
    const size_t at = used_;
    used_ += aligned(bytes);
    if (op_->state) {
        if (used_ <= op_->state_bytes) return static_cast<char *>(op_->state) + at;
        WEFT_TFLM_COMPLAIN("AllocatePersistentBuffer: more than prepare took on the host");
        failed_ = true;
        return nullptr;
    }
#ifdef WEFT_HOST
    auto *block = static_cast<Counted *>(calloc(1, sizeof(Counted) + bytes));
    if (!block) abort();
    block->next = counted_;
    counted_ = block;
    return block + 1;
#else
    failed_ = true;
    return nullptr;
#endif
}

inline TfLiteStatus MicroContext::RequestScratchBufferInArena(size_t bytes, int *buffer_index) {
    if (n_scratch_ == kMaxScratchBuffers) {
        WEFT_TFLM_COMPLAIN("RequestScratchBufferInArena: too many scratch buffers");
        failed_ = true;
        return kTfLiteError;
    }
    scratch_[n_scratch_] = static_cast<uint32_t>(scratch_used_);
    scratch_used_ += aligned(bytes);
    *buffer_index = n_scratch_++;
    return kTfLiteOk;
}

inline void *MicroContext::GetScratchBuffer(int buffer_index) {
    if (buffer_index < 0 || buffer_index >= n_scratch_) return nullptr;
    return static_cast<char *>(op_->scratch) + scratch_[buffer_index];
}

inline TfLiteIntArray *MicroContext::indices(int n, int first,
                                             const weft_tensor_t *const *tensors) {
    auto *list = static_cast<TfLiteIntArray *>(AllocatePersistentBuffer((n + 1) * sizeof(int)));
    if (!list) weft_fail(WEFT_STATUS_SCRATCH);
    list->size = n;
    for (int i = 0; i < n; i++)
        list->data[i] =
            tensors[i]->flags & WEFT_TENSOR_ABSENT ? kTfLiteOptionalTensor : first + i;
    return list;
}

inline const weft_tensor_t *MicroContext::tensor(int index) const {
    if (index < op_->n_inputs) return op_->inputs[index];
    index -= op_->n_inputs;
    if (index < op_->n_outputs) return op_->outputs[index];
    return op_->intermediates[index - op_->n_outputs];
}

inline TfLiteEvalTensor *MicroContext::GetEvalTensor(int tensor_index) {
    return tensor_index < 0 || tensor_index >= n_tensors_ ? nullptr : eval_tensors_ + tensor_index;
}

// The tensor and its quantisation in one block.
inline TfLiteTensor *MicroContext::AllocateTempTfLiteTensor(int tensor_index) {
    if (tensor_index < 0 || tensor_index >= n_tensors_) return nullptr;
    const weft_tensor_t *t = tensor(tensor_index);
    const bool is_quantized = t->scale != 0;
    const int n = !is_quantized ? 0 : t->channels ? t->channels : 1;
    struct Block {
        TfLiteTensor tensor;
        TfLiteAffineQuantization quantization;
    };
    auto *block = static_cast<Block *>(
        calloc(1, sizeof(Block) + (n + 1) * sizeof(float) + (n + 1) * sizeof(int)));
    if (!block) return nullptr;
    TfLiteTensor *result = &block->tensor;
    const TfLiteEvalTensor *eval = GetEvalTensor(tensor_index);
    result->data = eval->data;
    result->dims = eval->dims;
    result->type = eval->type;
    result->bytes = t->bytes;
    result->is_variable = t->flags & WEFT_TENSOR_VARIABLE;
    result->allocation_type =
        t->flags & WEFT_TENSOR_CONSTANT ? kTfLiteMmapRo : kTfLiteArenaRw;
    result->params.scale = t->scale;
    result->params.zero_point = t->zero_point;
    if (!n) return result;
    auto *scales = reinterpret_cast<TfLiteFloatArray *>(block + 1);
    auto *zero_points = reinterpret_cast<TfLiteIntArray *>(scales->data + n);
    scales->size = zero_points->size = n;
    for (int i = 0; i < n; i++) {
        scales->data[i] = t->channels ? t->channel_scales[i] : t->scale;
        zero_points->data[i] = t->channels ? t->channel_zero_points[i] : t->zero_point;
    }
    block->quantization = {scales, zero_points, t->channel_axis};
    result->quantization = {kTfLiteAffineQuantization, &block->quantization};
    return result;
}

}  // namespace tflite

// ---- registration -----------------------------------------------------------------------------
namespace weft_tflm {

using Registration = const TFLMRegistration *(*)();

inline const TFLMRegistration *pointer_to(const TFLMRegistration *r) { return r; }
inline const TFLMRegistration *pointer_to(const TFLMRegistration &&r) {
    static TFLMRegistration kept;  // versions that return it by value; used at once
    kept = r;
    return &kept;
}

// init and prepare; a null op->state only counts.
inline int32_t prepare(tflite::MicroContext &micro, const TFLMRegistration *r,
                       const weft_op_t *op) {
    TfLiteNode *node = micro.node();
    if (r->init)
        node->user_data = r->init(micro.context(), static_cast<const char *>(op->params),
                                  op->params_bytes);
    if (micro.failed()) return WEFT_STATUS_SCRATCH;
    const TfLiteStatus status = r->prepare ? r->prepare(micro.context(), node) : kTfLiteOk;
    if (micro.failed()) return WEFT_STATUS_SCRATCH;
    return status == kTfLiteOk ? WEFT_STATUS_OK : WEFT_STATUS_PARAMS;
}

inline int32_t init(const weft_op_t *op, Registration get) {
    if (op->state_bytes < sizeof(tflite::MicroContext)) return WEFT_STATUS_SCRATCH;
    auto *micro = new (op->state) tflite::MicroContext(op);
    return prepare(*micro, get(), op);
}

inline int32_t eval(const weft_op_t *op, Registration get) {
    tflite::MicroContext *micro = tflite::MicroContext::in(op);
    micro->attach(op);
    const TfLiteStatus status = get()->invoke(micro->context(), micro->node());
    return status == kTfLiteOk ? WEFT_STATUS_OK : WEFT_STATUS_ERROR;
}

// Asked on the host.
inline uint32_t bytes_of(const weft_op_t *op, Registration get, bool state) {
    weft_op_t counting = *op;
    counting.state = nullptr;
    int32_t status;
    size_t bytes;
    {
        tflite::MicroContext micro(&counting);
        status = prepare(micro, get(), &counting);
        bytes = state ? micro.state_bytes() : micro.scratch_bytes();
    }
    if (status) weft_fail(status);
    return static_cast<uint32_t>(bytes);
}

}  // namespace weft_tflm

// WEFT_TFLM_OP("name", Register_NAME()) at file scope registers an operator of TensorFlow Lite Micro
// under the name that the model calls it by.
#define WEFT_TFLM_OP(name, registration) WEFT_TFLM_OP_NUMBERED_(name, registration, __COUNTER__)
#define WEFT_TFLM_OP_NUMBERED_(name, registration, n) WEFT_TFLM_OP_DEFINE_(name, registration, n)
#define WEFT_TFLM_OP_DEFINE_(name, registration, n)                                              \
    static const TFLMRegistration *weft_tflm_get_##n##_() {                                      \
        return weft_tflm::pointer_to(registration);                                              \
    }                                                                                            \
    static int32_t weft_tflm_init_##n##_(const weft_op_t *op) {                                  \
        return weft_tflm::init(op, weft_tflm_get_##n##_);                                        \
    }                                                                                            \
    static int32_t weft_tflm_eval_##n##_(const weft_op_t *op) {                                  \
        return weft_tflm::eval(op, weft_tflm_get_##n##_);                                        \
    }                                                                                            \
    static uint32_t weft_tflm_state_##n##_(const weft_op_t *op) {                                \
        return weft_tflm::bytes_of(op, weft_tflm_get_##n##_, true);                              \
    }                                                                                            \
    static uint32_t weft_tflm_scratch_##n##_(const weft_op_t *op) {                              \
        return weft_tflm::bytes_of(op, weft_tflm_get_##n##_, false);                             \
    }                                                                                            \
    WEFT_OP(name, weft_tflm_eval_##n##_, weft_tflm_init_##n##_, weft_tflm_state_##n##_,           \
            weft_tflm_scratch_##n##_)

#endif  // WEFT_TFLM_MICRO_CONTEXT_H
