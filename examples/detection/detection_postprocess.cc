// TFLite_Detection_PostProcess: boxes from anchors, and the best of those that overlap.
//
// The operator at the end of SSD detectors, for int8 or uint8 class scores as a quantised network
// leaves them. Results are those of TensorFlow Lite Micro's kernel behind DEQUANTIZE
// (tensorflow/lite/micro/kernels/detection_postprocess.cc), without what makes that slow here:
//
// - scores are compared as codes, and only those of the results become floats;
// - a box is decoded when it is looked at, best score first, and compared with the boxes that were
//   kept, of which there are few. Which boxes are kept is the same as when each kept box strikes
//   out all after it.
//
// Operands:
//   0  box encodings (y, x, h, w), [1, anchors, 4 or more], int8, uint8 or float32
//   1  class scores, [1, anchors, classes or one more: the background in front], int8 or uint8
//   2  anchors (y, x, h, w), [anchors, 4], int8, uint8 or float32
// Outputs, float32, as many as max_detections; beyond the detections they are 0:
//   0  boxes (ymin, xmin, ymax, xmax)   1  classes   2  scores   3  number of detections
// Options, a FlexBuffers map: max_detections, num_classes, nms_score_threshold, nms_iou_threshold,
// y_scale, x_scale, h_scale, w_scale. Only the fast suppression with one class for each detection
// is here: max_classes_per_detection must be 1 and use_regular_nms false.
#include <cmath>

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
    bool is_supported;

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
        is_supported = map["max_classes_per_detection"].AsInt32() == 1 &&
                       !map["use_regular_nms"].AsBool() && max_detections > 0 && n_classes > 0 &&
                       iou_threshold > 0 && iou_threshold <= 1;
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

// Class scores as numbers from 0 to 255 in the order of the scores.
struct Scores {
    const uint8_t *codes;
    int32_t flip, zero_point;  // int8 codes are moved up by 128
    float scale;

    explicit Scores(const weft_tensor_t *t)
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
};

// The first of the best classes of an anchor.
template <int32_t flip>
int32_t best_class(const uint8_t *scores, int32_t n, int32_t *number) {
    int32_t best = -1;
    const uint8_t *where = scores;
    for (const uint8_t *at = scores, *end = scores + n; at != end; at++) {
        const int32_t score = *at ^ flip;
        if (score > best) {
            best = score;
            where = at;
        }
    }
    *number = best;
    return static_cast<int32_t>(where - scores);
}

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

int32_t check(const weft_op_t *op) {
    if (op->n_inputs != 3 || op->n_outputs != 4) return WEFT_STATUS_SHAPE;
    const weft_tensor_t *encodings = op->inputs[0], *scores = op->inputs[1];
    const weft_tensor_t *anchors = op->inputs[2];
    if (!Values{encodings}.is_valid() || !Values{anchors}.is_valid()) return WEFT_STATUS_TYPE;
    if (scores->type != WEFT_TYPE_INT8 && scores->type != WEFT_TYPE_UINT8) return WEFT_STATUS_TYPE;
    for (int32_t i = 0; i < 4; i++)
        if (op->outputs[i]->type != WEFT_TYPE_FLOAT32) return WEFT_STATUS_TYPE;

    if (encodings->rank != 3 || scores->rank != 3 || anchors->rank != 2) return WEFT_STATUS_SHAPE;
    const int32_t n = encodings->dims[1];
    if (encodings->dims[0] != 1 || scores->dims[0] != 1) return WEFT_STATUS_SHAPE;
    if (scores->dims[1] != n || anchors->dims[0] != n) return WEFT_STATUS_SHAPE;
    if (encodings->dims[2] < 4 || anchors->dims[1] != 4 || n > UINT16_MAX) return WEFT_STATUS_SHAPE;

    const Options options(op);
    if (!options.is_supported) return WEFT_STATUS_PARAMS;
    const int32_t background = scores->dims[2] - options.n_classes;
    if (background < 0 || background > 1 || !(scores->scale > 0)) return WEFT_STATUS_PARAMS;
    const int32_t room[] = {4 * options.max_detections, options.max_detections,
                            options.max_detections, 1};
    for (int32_t i = 0; i < 4; i++)
        if (weft_elements(op->outputs[i]) < room[i]) return WEFT_STATUS_SHAPE;
    return WEFT_STATUS_OK;
}

uint32_t scratch_bytes(const weft_op_t *op) {
    // Of every anchor its best score, and its place in the order of scores.
    const uint32_t n = op->n_inputs > 0 && op->inputs[0]->rank > 1 ? op->inputs[0]->dims[1] : 0;
    return 2 * n + n + 8;
}

int32_t postprocess(const weft_op_t *op) {
    const int32_t status = check(op);
    if (status) return status;
    const Options options(op);
    const Values encodings{op->inputs[0]}, anchors{op->inputs[2]};
    const Scores scores(op->inputs[1]);
    const int32_t n_anchors = op->inputs[0]->dims[1], pitch = op->inputs[1]->dims[2];
    const int32_t background = pitch - options.n_classes;
    auto *order = static_cast<uint16_t *>(op->scratch);
    auto *best = reinterpret_cast<uint8_t *>(order + n_anchors);

    // Anchors that reach the threshold, by falling score, and equal ones in their order.
    const int32_t least = scores.least(options.score_threshold);
    uint16_t counts[kCodes + 1] = {};
    const uint8_t *row = scores.codes + background;
    for (int32_t i = 0; i < n_anchors; i++, row += pitch) {
        int32_t number;
        if (scores.flip)
            best_class<0x80>(row, options.n_classes, &number);
        else
            best_class<0>(row, options.n_classes, &number);
        best[i] = static_cast<uint8_t>(number);
        if (number >= least) counts[kCodes - 1 - number + 1]++;
    }
    for (int32_t i = 0; i < kCodes; i++) counts[i + 1] += counts[i];
    const int32_t n_candidates = counts[kCodes];
    for (int32_t i = 0; i < n_anchors; i++)
        if (best[i] >= least) order[counts[kCodes - 1 - best[i]]++] = static_cast<uint16_t>(i);

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
        const uint8_t *of_anchor = scores.codes + anchor * pitch + background;
        int32_t number;
        const int32_t found = scores.flip
                                  ? best_class<0x80>(of_anchor, options.n_classes, &number)
                                  : best_class<0>(of_anchor, options.n_classes, &number);
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

}  // namespace

WEFT_OP("TFLite_Detection_PostProcess", postprocess, 0, 0, scratch_bytes)
