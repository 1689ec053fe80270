// Class scores of TFLite_Detection_PostProcess as integers in their order, which sort and compare
// quickly where there is no floating point.
#ifndef WEFT_OPS_DETECTION_SCORES_H
#define WEFT_OPS_DETECTION_SCORES_H

#include <stdint.h>
#include <string.h>

#include <utility>

#include "weft_op.h"

namespace detection {

constexpr int32_t kCodes = 256;

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

    int32_t number(int32_t at) const { return codes[at] ^ flip; }
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

    int32_t number(int32_t at) const { return number_of(bits[at]); }
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

}  // namespace detection

#endif  // WEFT_OPS_DETECTION_SCORES_H
