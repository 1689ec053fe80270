// Operands that are walked as if they had the shape of the result (NdArrayDesc of
// tensorflow/lite/kernels/internal/common.h): where an extent is 1 and the result's is not, the
// stride is 0.
#ifndef WEFT_TFLM_INTERNAL_BROADCAST_H
#define WEFT_TFLM_INTERNAL_BROADCAST_H

#include "tensorflow/lite/kernels/internal/types.h"

namespace tflite {

template <int N>
struct NdArrayDesc {
    int extents[N];
    int strides[N];
};

template <int N>
inline void CopyDimsToDesc(const RuntimeShape &shape, NdArrayDesc<N> *desc) {
    int stride = 1;
    for (int i = N; i-- > 0;) {
        desc->extents[i] = shape.Dims(i);
        desc->strides[i] = stride;
        stride *= shape.Dims(i);
    }
}

namespace weft_internal {

template <int N>
void Broadcast(NdArrayDesc<N> *const *descs, int n) {
    for (int i = 0; i < N; i++) {
        int extent = 1;
        for (int k = 0; k < n; k++)
            if (descs[k]->extents[i] != 1) extent = descs[k]->extents[i];
        for (int k = 0; k < n; k++) {
            if (descs[k]->extents[i] != extent) descs[k]->strides[i] = 0;
            descs[k]->extents[i] = extent;
        }
    }
}

}  // namespace weft_internal

template <int N>
inline void NdArrayDescsForElementwiseBroadcast(const RuntimeShape &shape_0,
                                                const RuntimeShape &shape_1,
                                                NdArrayDesc<N> *desc_0, NdArrayDesc<N> *desc_1) {
    CopyDimsToDesc<N>(RuntimeShape::ExtendedShape(N, shape_0), desc_0);
    CopyDimsToDesc<N>(RuntimeShape::ExtendedShape(N, shape_1), desc_1);
    NdArrayDesc<N> *const descs[] = {desc_0, desc_1};
    weft_internal::Broadcast<N>(descs, 2);
}

template <int N>
inline void NdArrayDescsForElementwiseBroadcast(const RuntimeShape &shape_0,
                                                const RuntimeShape &shape_1,
                                                const RuntimeShape &shape_2,
                                                NdArrayDesc<N> *desc_0, NdArrayDesc<N> *desc_1,
                                                NdArrayDesc<N> *desc_2) {
    CopyDimsToDesc<N>(RuntimeShape::ExtendedShape(N, shape_0), desc_0);
    CopyDimsToDesc<N>(RuntimeShape::ExtendedShape(N, shape_1), desc_1);
    CopyDimsToDesc<N>(RuntimeShape::ExtendedShape(N, shape_2), desc_2);
    NdArrayDesc<N> *const descs[] = {desc_0, desc_1, desc_2};
    weft_internal::Broadcast<N>(descs, 3);
}

inline int SubscriptToIndex(const NdArrayDesc<4> &desc, int i0, int i1, int i2, int i3) {
    return i0 * desc.strides[0] + i1 * desc.strides[1] + i2 * desc.strides[2] +
           i3 * desc.strides[3];
}
template <int N>
inline int SubscriptToIndex(const NdArrayDesc<N> &desc, const int indexes[N]) {
    int at = 0;
    for (int i = 0; i < N; i++) at += indexes[i] * desc.strides[i];
    return at;
}

// Calls a function with each subscript of an array, the last running fastest.
template <int N, typename Calc>
inline void NDOpsHelper(const NdArrayDesc<N> &output, const Calc &calc) {
    int indexes[N] = {};
    for (int i = 0; i < N; i++)
        if (!output.extents[i]) return;
    for (;;) {
        calc(indexes);
        int i = N - 1;
        while (i >= 0 && ++indexes[i] == output.extents[i]) indexes[i--] = 0;
        if (i < 0) return;
    }
}

}  // namespace tflite

#endif  // WEFT_TFLM_INTERNAL_BROADCAST_H
