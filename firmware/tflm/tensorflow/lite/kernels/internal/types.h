// Shapes as the reference kernels hold them.
#ifndef WEFT_TFLM_TYPES_H
#define WEFT_TFLM_TYPES_H

#include <stdint.h>
#include <string.h>

#include "tensorflow/lite/kernels/internal/compatibility.h"

namespace tflite {

enum class PaddingType : uint8_t { kNone, kSame, kValid };

struct PaddingValues {
    int16_t width, height, width_offset, height_offset;
};

// Up to kMaxSmallSize dimensions; there are no larger ones here.
class RuntimeShape {
  public:
    static constexpr int kMaxSmallSize = 8;

    RuntimeShape() : size_(0), dims_() {}
    explicit RuntimeShape(int dimensions_count) : size_(dimensions_count), dims_() {}
    RuntimeShape(int dimensions_count, const int32_t *dims) { ReplaceWith(dimensions_count, dims); }
    RuntimeShape(int dimensions_count, int32_t value) : size_(dimensions_count), dims_() {
        for (int i = 0; i < size_; i++) dims_[i] = value;
    }

    static RuntimeShape ExtendedShape(int new_size, const RuntimeShape &shape) {
        RuntimeShape result(new_size, 1);
        const int more = new_size - shape.size_;
        for (int i = 0; i < shape.size_; i++) result.dims_[more + i] = shape.dims_[i];
        return result;
    }

    bool operator==(const RuntimeShape &other) const {
        return size_ == other.size_ && !memcmp(dims_, other.dims_, size_ * sizeof dims_[0]);
    }
    bool operator!=(const RuntimeShape &other) const { return !(*this == other); }

    int32_t DimensionsCount() const { return size_; }
    int32_t Dims(int i) const { return dims_[i]; }
    void SetDim(int i, int32_t value) { dims_[i] = value; }
    int32_t *DimsData() { return dims_; }
    const int32_t *DimsData() const { return dims_; }
    const int32_t *DimsDataUpTo5D() const { return dims_; }
    void ReplaceWith(int dimensions_count, const int32_t *dims) {
        TFLITE_CHECK(dimensions_count >= 0 && dimensions_count <= kMaxSmallSize);
        size_ = dimensions_count;
        memcpy(dims_, dims, size_ * sizeof dims_[0]);
    }
    int FlatSize() const {
        int n = 1;
        for (int i = 0; i < size_; i++) n *= dims_[i];
        return n;
    }

  private:
    int32_t size_;
    int32_t dims_[kMaxSmallSize];
};

inline int MatchingDim(const RuntimeShape &a, int i, const RuntimeShape &, int) {
    return a.Dims(i);
}
inline int MatchingFlatSize(const RuntimeShape &shape, const RuntimeShape &) {
    return shape.FlatSize();
}
inline int FlatSizeSkipDim(const RuntimeShape &shape, int skip) {
    int n = 1;
    for (int i = 0; i < shape.DimensionsCount(); i++) n *= i == skip ? 1 : shape.Dims(i);
    return n;
}
inline int MatchingFlatSizeSkipDim(const RuntimeShape &shape, int skip, const RuntimeShape &) {
    return FlatSizeSkipDim(shape, skip);
}
inline int Offset(const RuntimeShape &shape, int i0, int i1, int i2, int i3) {
    const int32_t *dims = shape.DimsData();
    return ((i0 * dims[1] + i1) * dims[2] + i2) * dims[3] + i3;
}

}  // namespace tflite

#endif  // WEFT_TFLM_TYPES_H
