// TFLite_Detection_PostProcess: boxes from anchors, and the best of those that overlap.
//
// The operator at the end of SSD detectors, for class scores as a quantised network leaves them, or
// float ones. Results are those of TensorFlow Lite Micro's kernel, behind DEQUANTIZE for codes
// (tensorflow/lite/micro/kernels/detection_postprocess.cc), without what makes that slow here:
//
// - scores are compared as integers, and only those of the results become floats;
// - a box is decoded when it is looked at, best score first, and compared with the boxes that were
//   kept, of which there are few. Which boxes are kept is the same as when each kept box strikes
//   out all after it.
//
// Operands:
//   0  box encodings (y, x, h, w), [1, anchors, 4 or more], int8, uint8 or float32
//   1  class scores, [1, anchors, classes or one more: the background in front], likewise
//   2  anchors (y, x, h, w), [anchors, 4], int8, uint8 or float32
// Outputs, float32, as many as max_detections; beyond the detections they are 0:
//   0  boxes (ymin, xmin, ymax, xmax)   1  classes   2  scores   3  number of detections
// Options, a FlexBuffers map: max_detections, num_classes, nms_score_threshold, nms_iou_threshold,
// y_scale, x_scale, h_scale, w_scale. Only the fast suppression with one class for each detection
// is here: max_classes_per_detection must be 1 and use_regular_nms false.
#include <string.h>

#include <cmath>
#include <utility>

#include "flatbuffers/flexbuffers.h"
#include "weft_op.h"

namespace {

constexpr int32_t kCodes = 256;

struct Box {
    float ymin, xmin, ymax, xmax;
};

struct Options {
    int32_t max_detections, n_classes;
    float score_threshold, iou_threshold, y_scale, x_scale, h_scale, w_scale;
    bool is_fast;  // one class for each detection, and all classes suppress each other

    explicit Options(const weft_op_t *op) {
        const auto map =
            flexbuffers::GetRoot(static_cast<const uint8_t *>(op->params), op->params_bytes)
                .AsMap();
        max_detections = map["max_detections"].AsInt32();
        n_classes = map["num_classes"].AsInt32();
        score_threshold = map["nms_score_threshold"].AsFloat();
        iou_threshold = map["nms_iou_threshold"].AsFloat();
        y_scale = map["y_scale"].AsFloat();
        x_scale = map["x_scale"].AsFloat();
        h_scale = map["h_scale"].AsFloat();
        w_scale = map["w_scale"].AsFloat();
        is_fast = map["max_classes_per_detection"].AsInt32() == 1 &&
                  !map["use_regular_nms"].AsBool();
    }
    bool is_valid() const {
        return max_detections > 0 && n_classes > 0 && iou_threshold > 0 && iou_threshold <= 1;
    }
};

// Elements as floats, whatever they are.
struct Values {
    const weft_tensor_t *tensor;

    bool is_valid() const {
        const int32_t type = tensor->type;
        return type == WEFT_TYPE_FLOAT32 || type == WEFT_TYPE_INT8 || type == WEFT_TYPE_UINT8;
    }
    float operator[](int32_t i) const {
        if (tensor->type == WEFT_TYPE_FLOAT32) return static_cast<const float *>(tensor->data)[i];
        const int32_t code = tensor->type == WEFT_TYPE_INT8
                                 ? static_cast<const int8_t *>(tensor->data)[i]
                                 : static_cast<const uint8_t *>(tensor->data)[i];
        return static_cast<float>(code - tensor->zero_point) * tensor->scale;
    }
};

// Class scores of int8 and uint8 as numbers from 0 to 255 in their order.
struct CodeScores {
    using Kept = uint8_t;  // holds a number

    const uint8_t *codes;
    int32_t flip, zero_point;  // int8 codes are moved up by 128
    float scale;

    explicit CodeScores(const weft_tensor_t *t)
        : codes(static_cast<const uint8_t *>(t->data)),
          flip(t->type == WEFT_TYPE_INT8 ? 0x80 : 0),
          zero_point(t->zero_point + flip),
          scale(t->scale) {}

    float value(int32_t number) const { return static_cast<float>(number - zero_point) * scale; }

    // The least number that reaches a threshold; kCodes if none does.
    int32_t least(float threshold) const {
        int32_t number = 0;
        for (int32_t step = kCodes / 2; step; step /= 2)
            if (value(number + step - 1) < threshold) number += step;
        return value(number) < threshold ? number + 1 : number;
    }

    int32_t best_class(int32_t at, int32_t n, int32_t *number) const {
        return flip ? best<0x80>(at, n, number) : best<0>(at, n, number);
    }

    // Numbers of those that reach the least by falling number, equal ones in their order.
    int32_t sort(const Kept *best, int32_t n, int32_t least, uint16_t *order) const {
        uint16_t starts[kCodes + 1] = {};
        for (int32_t i = 0; i < n; i++)
            if (best[i] >= least) starts[kCodes - best[i]]++;
        for (int32_t i = 0; i < kCodes; i++) starts[i + 1] += starts[i];
        for (int32_t i = 0; i < n; i++)
            if (best[i] >= least) order[starts[kCodes - 1 - best[i]]++] = static_cast<uint16_t>(i);
        return starts[kCodes];
    }

  private:
    template <int32_t kFlip>
    int32_t best(int32_t at, int32_t n, int32_t *number) const {
        const uint8_t *first = codes + at, *where = first;
        int32_t best = -1;
        for (const uint8_t *p = first, *end = first + n; p != end; p++) {
            const int32_t score = *p ^ kFlip;
            if (score > best) {
                best = score;
                where = p;
            }
        }
        *number = best;
        return static_cast<int32_t>(where - first);
    }
};

// Class scores of float32 as integers in their order: their bits, those of negative ones turned.
struct FloatScores {
    using Kept = int32_t;

    const int32_t *bits;

    explicit FloatScores(const weft_tensor_t *t) : bits(static_cast<const int32_t *>(t->data)) {}

    static int32_t number_of(int32_t bits) { return bits ^ ((bits >> 31) & INT32_MAX); }

    float value(int32_t number) const {
        const int32_t turned = number_of(number);
        float value;
        memcpy(&value, &turned, sizeof value);
        return value;
    }
    int32_t least(float threshold) const {
        int32_t number;
        memcpy(&number, &threshold, sizeof number);
        return threshold == 0 ? number_of(INT32_MIN) : number_of(number);  // -0 reaches 0
    }
    int32_t best_class(int32_t at, int32_t n, int32_t *number) const {
        const int32_t *first = bits + at, *where = first;
        int32_t best = INT32_MIN;
        for (const int32_t *p = first, *end = first + n; p != end; p++) {
            const int32_t score = number_of(*p);
            if (score > best) {
                best = score;
                where = p;
            }
        }
        *number = best;
        return static_cast<int32_t>(where - first);
    }
    int32_t sort(const Kept *best, int32_t n, int32_t least, uint16_t *order) const {
        int32_t kept = 0;
        for (int32_t i = 0; i < n; i++)
            if (best[i] >= least) order[kept++] = static_cast<uint16_t>(i);
        // A heap with the last in order on top; the standard library's sort is 7 KiB of code.
        for (int32_t i = kept / 2; i-- > 0;) sift(best, order, i, kept);
        for (int32_t end = kept; end-- > 1;) {
            std::swap(order[0], order[end]);
            sift(best, order, 0, end);
        }
        return kept;
    }

  private:
    static bool is_before(const Kept *best, uint16_t a, uint16_t b) {
        return best[a] != best[b] ? best[a] > best[b] : a < b;
    }
    static void sift(const Kept *best, uint16_t *order, int32_t i, int32_t n) {
        for (int32_t child; (child = 2 * i + 1) < n; i = child) {
            if (child + 1 < n && is_before(best, order[child], order[child + 1])) child++;
            if (!is_before(best, order[i], order[child])) return;
            std::swap(order[i], order[child]);
        }
    }
};

Box decode(const Options &options, Values encodings, Values anchors, int32_t anchor,
           int32_t pitch) {
    const int32_t e = anchor * pitch, a = anchor * 4;
    const double anchor_h = anchors[a + 2], anchor_w = anchors[a + 3];
    const auto centre = [](double offset, double scale, double size, double at) {
        return static_cast<float>(offset / scale * size + at);
    };
    const auto half = [](double log_size, double scale, double size) {
        return static_cast<float>(0.5 * std::exp(log_size / scale) * size);
    };
    const float y = centre(encodings[e], options.y_scale, anchor_h, anchors[a]);
    const float x = centre(encodings[e + 1], options.x_scale, anchor_w, anchors[a + 1]);
    const float h = half(encodings[e + 2], options.h_scale, anchor_h);
    const float w = half(encodings[e + 3], options.w_scale, anchor_w);
    return {y - h, x - w, y + h, x + w};
}

bool overlap(const Box &a, const Box &b, float threshold) {
    // Most boxes do not touch, which costs no arithmetic.
    if (a.ymax <= b.ymin || b.ymax <= a.ymin || a.xmax <= b.xmin || b.xmax <= a.xmin) return false;
    const float area_a = (a.ymax - a.ymin) * (a.xmax - a.xmin);
    const float area_b = (b.ymax - b.ymin) * (b.xmax - b.xmin);
    if (area_a <= 0 || area_b <= 0) return false;
    const float height = (a.ymax < b.ymax ? a.ymax : b.ymax) - (a.ymin > b.ymin ? a.ymin : b.ymin);
    const float width = (a.xmax < b.xmax ? a.xmax : b.xmax) - (a.xmin > b.xmin ? a.xmin : b.xmin);
    const float both = height * width;
    return both / (area_a + area_b - both) > threshold;
}

int32_t refuse(const char *why) {
    weft_log("TFLite_Detection_PostProcess: ");
    weft_log(why);
    weft_log("\n");
    return WEFT_STATUS_PARAMS;
}

int32_t check(const weft_op_t *op) {
    if (op->n_inputs != 3 || op->n_outputs != 4) return WEFT_STATUS_SHAPE;
    const weft_tensor_t *encodings = op->inputs[0], *scores = op->inputs[1];
    const weft_tensor_t *anchors = op->inputs[2];
    for (int32_t i = 0; i < 3; i++)
        if (!Values{op->inputs[i]}.is_valid()) return WEFT_STATUS_TYPE;
    for (int32_t i = 0; i < 4; i++)
        if (op->outputs[i]->type != WEFT_TYPE_FLOAT32) return WEFT_STATUS_TYPE;

    if (encodings->rank != 3 || scores->rank != 3 || anchors->rank != 2) return WEFT_STATUS_SHAPE;
    const int32_t n = encodings->dims[1];
    if (encodings->dims[0] != 1 || scores->dims[0] != 1) return WEFT_STATUS_SHAPE;
    if (scores->dims[1] != n || anchors->dims[0] != n) return WEFT_STATUS_SHAPE;
    if (encodings->dims[2] < 4 || anchors->dims[1] != 4 || n > UINT16_MAX) return WEFT_STATUS_SHAPE;

    const Options options(op);
    if (!options.is_valid()) return refuse("an option is missing or out of range");
    if (!options.is_fast)
        return refuse(
            "use_regular_nms and max_classes_per_detection other than 1 are not here; give"
            " TensorFlow Lite Micro's detection_postprocess.cc with --op");
    const int32_t background = scores->dims[2] - options.n_classes;
    if (background < 0 || background > 1) return refuse("num_classes is not that of the scores");
    if (scores->type != WEFT_TYPE_FLOAT32 && !(scores->scale > 0))
        return refuse("the scores have no scale");
    const int32_t room[] = {4 * options.max_detections, options.max_detections,
                            options.max_detections, 1};
    for (int32_t i = 0; i < 4; i++)
        if (weft_elements(op->outputs[i]) < room[i]) return WEFT_STATUS_SHAPE;
    return WEFT_STATUS_OK;
}

// Asked while a model is compiled, which ends there if this cannot be run.
uint32_t scratch_bytes(const weft_op_t *op) {
    const int32_t status = check(op);
    if (status) weft_fail(status);
    // Of every anchor its best score, and its place in the order of scores.
    const uint32_t n = op->inputs[0]->dims[1];
    const bool is_float = op->inputs[1]->type == WEFT_TYPE_FLOAT32;
    const uint32_t kept = is_float ? sizeof(FloatScores::Kept) : sizeof(CodeScores::Kept);
    return (2 + kept) * n + 8;
}

template <class Scores>
int32_t postprocess(const weft_op_t *op, const Options &options, const Scores &scores) {
    const Values encodings{op->inputs[0]}, anchors{op->inputs[2]};
    const int32_t n_anchors = op->inputs[0]->dims[1], pitch = op->inputs[1]->dims[2];
    const int32_t background = pitch - options.n_classes;
    using Kept = typename Scores::Kept;
    // Elements of four bytes come before those of two, and those before single ones.
    auto *start = static_cast<uint8_t *>(op->scratch);
    const bool wide = sizeof(Kept) > sizeof(uint16_t);
    auto *best = reinterpret_cast<Kept *>(start + (wide ? 0 : 2 * n_anchors));
    auto *order = reinterpret_cast<uint16_t *>(start + (wide ? sizeof(Kept) * n_anchors : 0));

    for (int32_t i = 0, at = background; i < n_anchors; i++, at += pitch) {
        int32_t number;
        scores.best_class(at, options.n_classes, &number);
        best[i] = static_cast<Kept>(number);
    }
    const int32_t least = scores.least(options.score_threshold);
    const int32_t n_candidates = scores.sort(best, n_anchors, least, order);

    auto *boxes = static_cast<Box *>(op->outputs[0]->data);
    auto *classes = static_cast<float *>(op->outputs[1]->data);
    auto *results = static_cast<float *>(op->outputs[2]->data);
    int32_t n = 0;
    for (int32_t i = 0; i < n_candidates && n < options.max_detections; i++) {
        const int32_t anchor = order[i];
        const Box box = decode(options, encodings, anchors, anchor, op->inputs[0]->dims[2]);
        // As the kernel it follows: a box without height or width is a fault of the network.
        if (!(box.ymin < box.ymax) || !(box.xmin < box.xmax)) return WEFT_STATUS_ERROR;
        bool is_kept = true;
        for (int32_t k = 0; k < n && is_kept; k++)
            is_kept = !overlap(boxes[k], box, options.iou_threshold);
        if (!is_kept) continue;
        int32_t number;
        const int32_t found =
            scores.best_class(anchor * pitch + background, options.n_classes, &number);
        boxes[n] = box;
        classes[n] = static_cast<float>(found);
        results[n] = scores.value(number);
        n++;
    }
    static_cast<float *>(op->outputs[3]->data)[0] = static_cast<float>(n);
    for (; n < options.max_detections; n++) {
        boxes[n] = {0, 0, 0, 0};
        classes[n] = results[n] = 0;
    }
    return WEFT_STATUS_OK;
}

int32_t eval(const weft_op_t *op) {
    const int32_t status = check(op);
    if (status) return status;
    const Options options(op);
    return op->inputs[1]->type == WEFT_TYPE_FLOAT32
               ? postprocess(op, options, FloatScores(op->inputs[1]))
               : postprocess(op, options, CodeScores(op->inputs[1]));
}

}  // namespace

WEFT_OP("TFLite_Detection_PostProcess", eval, 0, 0, scratch_bytes)
