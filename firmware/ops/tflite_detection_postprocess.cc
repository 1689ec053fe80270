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
// Outputs, float32, at least as many as max_detections; beyond the detections they are 0:
//   0  boxes (ymin, xmin, ymax, xmax)   1  classes   2  scores   3  number of detections
// Options, a FlexBuffers map: max_detections, num_classes, nms_score_threshold, nms_iou_threshold,
// y_scale, x_scale, h_scale, w_scale, use_regular_nms; then detections_per_class (100), else
// max_classes_per_detection.
//
// Suppression is fast (every anchor with its best class, all classes suppress each other) or regular
// (class by class). With several classes for a detection the kernel leaves places between results:
// the c-th of the k classes of detection d is at k * (k * d + c) + c. So it is here, but for places
// beyond the outputs, which the kernel writes as well.
#include <string.h>

#include <algorithm>
#include <cmath>

#include "detection_scores.h"
#include "flatbuffers/flexbuffers.h"
#include "weft_op.h"

namespace {

using detection::CodeScores;
using detection::FloatScores;

constexpr int32_t kDetectionsPerClass = 100;

struct Box {
    float ymin, xmin, ymax, xmax;
};

struct Options {
    int32_t max_detections, n_classes, classes_per_detection, detections_per_class;
    float score_threshold, iou_threshold, y_scale, x_scale, h_scale, w_scale;
    bool is_regular;

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
        is_regular = map["use_regular_nms"].AsBool();
        classes_per_detection = map["max_classes_per_detection"].AsInt32();
        if (classes_per_detection > n_classes) classes_per_detection = n_classes;
        const auto each = map["detections_per_class"];
        detections_per_class = each.IsNull() ? kDetectionsPerClass : each.AsInt32();
    }
    bool is_valid() const {
        return max_detections > 0 && n_classes > 0 && iou_threshold > 0 && iou_threshold <= 1 &&
               (is_regular ? detections_per_class : classes_per_detection) > 0;
    }
    // Boxes that suppress others at one time.
    int32_t most_kept() const {
        return is_regular ? std::min(detections_per_class, max_detections) : max_detections;
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

// Scratch, the largest elements first: the boxes that were kept; of every anchor its score; in
// regular suppression the results' scores; the anchors in the order of scores.
template <class Kept>
struct Scratch {
    Box *kept;
    Kept *scores, *results;
    uint16_t *order;

    Scratch(uint8_t *start, int32_t n_anchors, const Options &options) {
        const int32_t n_results = options.is_regular ? options.max_detections : 0;
        kept = reinterpret_cast<Box *>(start);
        uint8_t *at = start + options.most_kept() * sizeof(Box);
        const auto place_order = [&] {
            order = reinterpret_cast<uint16_t *>(at);
            at += n_anchors * sizeof(uint16_t);
        };
        if (sizeof(Kept) < sizeof(uint16_t)) place_order();
        scores = reinterpret_cast<Kept *>(at);
        results = scores + n_anchors;
        at += (n_anchors + n_results) * sizeof(Kept);
        if (sizeof(Kept) >= sizeof(uint16_t)) place_order();
        bytes = static_cast<uint32_t>(at - start);
    }
    uint32_t bytes;
};

// Asked while a model is compiled, which ends there if this cannot be run.
uint32_t scratch_bytes(const weft_op_t *op) {
    const int32_t status = check(op);
    if (status) weft_fail(status);
    const Options options(op);
    const int32_t n = op->inputs[0]->dims[1];
    const bool is_float = op->inputs[1]->type == WEFT_TYPE_FLOAT32;
    return is_float ? Scratch<FloatScores::Kept>(nullptr, n, options).bytes
                    : Scratch<CodeScores::Kept>(nullptr, n, options).bytes;
}

template <class Scores>
class Suppression {
  public:
    Suppression(const weft_op_t *op, const Options &options, const Scores &scores)
        : options_(options),
          scores_(scores),
          encodings_{op->inputs[0]},
          anchors_{op->inputs[2]},
          n_anchors_(op->inputs[0]->dims[1]),
          encoding_pitch_(op->inputs[0]->dims[2]),
          pitch_(op->inputs[1]->dims[2]),
          background_(pitch_ - options.n_classes),
          scratch_(static_cast<uint8_t *>(op->scratch), n_anchors_, options),
          boxes_(static_cast<Box *>(op->outputs[0]->data)),
          classes_(static_cast<float *>(op->outputs[1]->data)),
          results_(static_cast<float *>(op->outputs[2]->data)),
          count_(static_cast<float *>(op->outputs[3]->data)) {
        room_ = std::min(static_cast<int32_t>(weft_elements(op->outputs[0])) / 4,
                         static_cast<int32_t>(std::min(weft_elements(op->outputs[1]),
                                                       weft_elements(op->outputs[2]))));
        for (int32_t i = 0; i < 3; i++) memset(op->outputs[i]->data, 0, op->outputs[i]->bytes);
    }

    int32_t fast() {
        for (int32_t i = 0, at = background_; i < n_anchors_; i++, at += pitch_) {
            int32_t number;
            scores_.best_class(at, options_.n_classes, &number);
            scratch_.scores[i] = static_cast<Kept>(number);
        }
        const int32_t status =
            suppress(scores_.least(options_.score_threshold), options_.max_detections);
        *count_ = static_cast<float>(n_);
        return status;
    }

    int32_t regular() {
        int32_t least = scores_.least(options_.score_threshold);
        for (class_ = 0; class_ < options_.n_classes; class_++) {
            bool any = false;
            for (int32_t i = 0, at = background_ + class_; i < n_anchors_; i++, at += pitch_) {
                const int32_t number = scores_.number(at);
                scratch_.scores[i] = static_cast<Kept>(number);
                any |= number >= least;
            }
            if (!any) continue;
            const int32_t status = suppress(least, options_.most_kept());
            if (status) return status;
            // Ties go to those that are there: what does not exceed the last result is not one.
            if (n_ == options_.max_detections)
                least = std::max<int32_t>(least, scratch_.results[n_ - 1] + 1);
        }
        *count_ = static_cast<float>(n_);
        return WEFT_STATUS_OK;
    }

  private:
    using Kept = typename Scores::Kept;

    // Adds the boxes that no better one overlaps to the results, by falling score.
    __attribute__((noinline)) int32_t suppress(int32_t least, int32_t most) {
        const int32_t n_candidates =
            scores_.sort(scratch_.scores, n_anchors_, least, scratch_.order);
        int32_t n = 0;
        for (int32_t i = 0; i < n_candidates && n < most; i++) {
            const int32_t anchor = scratch_.order[i];
            const Box box = decode(options_, encodings_, anchors_, anchor, encoding_pitch_);
            // As the kernel it follows: a box without height or width is a fault of the network.
            if (!(box.ymin < box.ymax) || !(box.xmin < box.xmax)) return WEFT_STATUS_ERROR;
            bool is_kept = true;
            for (int32_t k = 0; k < n && is_kept; k++)
                is_kept = !overlap(scratch_.kept[k], box, options_.iou_threshold);
            if (!is_kept) continue;
            scratch_.kept[n++] = box;
            if (options_.is_regular)
                insert(anchor, box);
            else
                place_classes(anchor, box);
        }
        return WEFT_STATUS_OK;
    }

    void place(int32_t at, const Box &box, int32_t found, int32_t number) {
        boxes_[at] = box;
        classes_[at] = static_cast<float>(found);
        results_[at] = scores_.value(number);
    }

    // The best classes of a box, equal ones in their order.
    void place_classes(int32_t anchor, const Box &box) {
        const int32_t first = anchor * pitch_ + background_, k = options_.classes_per_detection;
        int32_t number;
        int32_t found = scores_.best_class(first, options_.n_classes, &number);
        for (int32_t c = 0;; c++) {
            const int32_t at = k * n_++ + c;
            if (at < room_) place(at, box, found, number);
            if (c + 1 == k) return;
            int32_t next = -1, best = INT32_MIN;
            for (int32_t i = 0; i < options_.n_classes; i++) {
                const int32_t other = scores_.number(first + i);
                const bool is_behind = other < number || (other == number && i > found);
                if (is_behind && (next < 0 || other > best)) {
                    next = i;
                    best = other;
                }
            }
            found = next;
            number = best;
        }
    }

    // Into the results, which are by falling score.
    void insert(int32_t anchor, const Box &box) {
        const Kept number = scratch_.scores[anchor];
        int32_t at = n_;
        while (at > 0 && scratch_.results[at - 1] < number) at--;
        if (at == options_.max_detections) return;
        if (n_ < options_.max_detections) n_++;
        for (int32_t i = n_ - 1; i > at; i--) {
            boxes_[i] = boxes_[i - 1];
            classes_[i] = classes_[i - 1];
            results_[i] = results_[i - 1];
            scratch_.results[i] = scratch_.results[i - 1];
        }
        scratch_.results[at] = number;
        place(at, box, class_, number);
    }

    const Options &options_;
    const Scores &scores_;
    Values encodings_, anchors_;
    int32_t n_anchors_, encoding_pitch_, pitch_, background_, room_;
    Scratch<Kept> scratch_;
    Box *boxes_;
    float *classes_, *results_, *count_;
    int32_t n_ = 0;      // results so far
    int32_t class_ = 0;  // of regular suppression
};

template <class Scores>
int32_t postprocess(const weft_op_t *op, const Options &options, const Scores &scores) {
    Suppression<Scores> suppression(op, options, scores);
    return options.is_regular ? suppression.regular() : suppression.fast();
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
