// GELU of float32 through the error function; tensorflow/lite/kernels/internal/reference/gelu.h.
//
// LiteRT's is Eigen's (unsupported/Eigen/src/SpecialFunctions/SpecialFunctionsImpl.h,
// generic_fast_erfc). Up to 1 in magnitude the polynomial here is the same; beyond, Eigen's
// exponential and its estimated reciprocal depend on the machine, and the last bits may differ.
#include "float_math.h"
#include "map.h"
#include "weft_op.h"

namespace {

template <int32_t n>
float polynomial(float x, const float (&coefficients)[n]) {
    float value = coefficients[0];
    for (int32_t i = 1; i < n; i++) value = value * x + coefficients[i];
    return value;
}

float complementary_error(float x) {
    constexpr float kLimit = 11.0f;
    constexpr float kNear[] = {0x1.268bd4p-11f, -0x1.42082ap-8f, 0x1.b59370p-6f,
                               -0x1.ce077cp-4f, 0x1.812660p-2f,  -0x1.20dd74p+0f};
    constexpr float kAbove[] = {0x1.a21fdcp-4f, 0x1.b781f4p-2f, 0x1.4b8fd0p-2f, 0x1.ba2370p-5f};
    constexpr float kBelow[] = {0x1.1aa6c8p-6f, 0x1.90c3bap-2f, 1.0f, 0x1.3e53b6p-1f,
                                0x1.87d5c8p-4f};
    x = x < kLimit ? x : kLimit;
    x = x > -kLimit ? x : -kLimit;
    const float square = x * x;
    if (!(square > 1.0f)) return x * polynomial(square, kNear) + 1.0f;
    const double exact = static_cast<double>(x) * static_cast<double>(x);
    const float rest = static_cast<float>(exact - static_cast<double>(square));
    const float exponential = weft_expf(-square);
    const float scale = exponential - exponential * rest;
    const float inverse = 1.0f / square;
    const float ratio = polynomial(inverse, kAbove) / (x * polynomial(inverse, kBelow));
    return scale * ratio + (x < 0 ? 2.0f : 0.0f);
}

float apply(float x) {
    constexpr float kRootOfHalf = 0x1.6a09e6p-1f;
    return 0.5f * x * complementary_error(x * -kRootOfHalf);
}

}  // namespace

WEFT_OP("GELU_ERF_FLOAT32", weft_map_float<apply>)
