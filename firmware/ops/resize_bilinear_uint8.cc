// RESIZE_BILINEAR of codes of uint8 less 128, in float32 as the kernel of uint8 does.
#include "resize_bilinear.h"

namespace {

constexpr int32_t kMiddle = 128;

float code(int8_t x) { return static_cast<float>(x + kMiddle); }

void mix_row(const int8_t *north, const int8_t *south, int32_t channels, int8_t *to,
             const weft_sample_t &y, const weft_sample_t *columns, int32_t width) {
    for (int32_t j = 0; j < width; j++) {
        const weft_sample_t x = columns[j];
        const int32_t west = x.low * channels, east = x.high * channels;
        for (int32_t c = 0; c < channels; c++) {
            const float mixed = weft_mix(code(north[west + c]), code(south[west + c]),
                                         code(north[east + c]), code(south[east + c]), y, x);
            *to++ = static_cast<int8_t>(static_cast<int32_t>(mixed + 0.5f) - kMiddle);
        }
    }
}

int32_t resize_bilinear(const weft_op_t *op) {
    return weft_resize_bilinear<int8_t>(op, mix_row);
}

}  // namespace

WEFT_OP("RESIZE_BILINEAR_UINT8", resize_bilinear)
