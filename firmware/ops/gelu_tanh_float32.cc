// GELU of float32 through the hyperbolic tangent; tensorflow/lite/kernels/internal/reference/gelu.h.
//
// LiteRT's tangent there is Eigen's, a quotient of polynomials (Eigen/src/Core/
// MathFunctionsImpl.h, ptanh_float without fused multiplications): coefficients and order of
// operations are the same.
#include "map.h"
#include "weft_op.h"

namespace {

float rational_tanh(float x) {
    constexpr float kLimit = 7.90738964080810547f;
    x = x < kLimit ? x : kLimit;
    x = x > -kLimit ? x : -kLimit;
    const float square = x * x, cube = square * x;
    float above = square * 1.394553628e-8f + 2.102733560e-5f;
    above = square * above + 3.520756727e-3f;
    above = square * above + 1.340216100e-1f;
    float below = square * 8.015776984e-7f + 3.326951409e-4f;
    below = square * below + 2.597254514e-2f;
    below = square * below + 4.673548340e-1f;
    below = square * below + 1.0f;
    return (cube * above + x) / below;
}

float apply(float x) {
    constexpr float kRootOfTwoOverPi = 0x1.988454p-1f;
    const float inner = kRootOfTwoOverPi * (x + 0.044715f * (x * x * x));
    return 0.5f * x * (1.0f + rational_tanh(inner));
}

}  // namespace

WEFT_OP("GELU_TANH_FLOAT32", weft_map_float<apply>)
