// Shapes as the reference kernels hold them.
#ifndef WEFT_TFLM_TYPES_H
#define WEFT_TFLM_TYPES_H

#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <initializer_list>

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/kernels/internal/op_params.h"

namespace tflite {

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

    RuntimeShape(std::initializer_list<int> dims) : size_(0), dims_() {
        for (int n : dims) dims_[size_++] = n;
    }
    RuntimeShape(int new_size, const RuntimeShape &shape, int filler) : RuntimeShape(new_size, filler) {
        const int more = new_size - shape.size_;
        for (int i = 0; i < shape.size_; i++) dims_[more + i] = shape.dims_[i];
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

template <int N>
struct Dims {
    int sizes[N];
    int strides[N];
};

// Shapes that are given to be checked are not, as in a release build.
template <typename... Others>
int MatchingDim(const RuntimeShape &shape, int i, const Others &...) {
    return shape.Dims(i);
}
template <typename... Others>
int MatchingFlatSize(const RuntimeShape &shape, const Others &...) {
    return shape.FlatSize();
}
template <typename... Others>
int MatchingElementsSize(const RuntimeShape &shape, const Others &...others) {
    for (const RuntimeShape *other : {&others...}) TFLITE_CHECK_EQ(shape.FlatSize(), other->FlatSize());
    return shape.FlatSize();
}
inline int FlatSizeSkipDim(const RuntimeShape &shape, int skip) {
    int n = 1;
    for (int i = 0; i < shape.DimensionsCount(); i++) n *= i == skip ? 1 : shape.Dims(i);
    return n;
}
template <typename... Others>
int MatchingFlatSizeSkipDim(const RuntimeShape &shape, int skip, const Others &...) {
    return FlatSizeSkipDim(shape, skip);
}

template <typename... Indices>
int Offset(const RuntimeShape &shape, int first, Indices... others) {
    const int indices[] = {others...};
    int at = first;
    for (int i = 0; i < static_cast<int>(sizeof...(others)); i++)
        at = at * shape.Dims(i + 1) + indices[i];
    return at;
}
inline int Offset(const RuntimeShape &shape, const int *i) {
    return Offset(shape, i[0], i[1], i[2], i[3]);
}

// The next subscript, the last running fastest; false behind the last.
inline bool NextIndex(int n_dims, const int *dims, int *index) {
    for (int i = n_dims; i-- > 0;) {
        if (++index[i] < dims[i]) return true;
        index[i] = 0;
    }
    return false;
}

// The place in an array that lacks some axes.
inline size_t ReducedOutputOffset(int n_dims, const int *dims, const int *index, int n_axes,
                                  const int *axes) {
    size_t at = 0;
    for (int i = 0; i < n_dims; i++)
        if (!axes || std::find(axes, axes + n_axes, i) == axes + n_axes) at = at * dims[i] + index[i];
    return at;
}

}  // namespace tflite

#endif  // WEFT_TFLM_TYPES_H
