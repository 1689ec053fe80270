// State that operators keep between inferences, and its preparation before the first.
//
// Every inference boots the core anew, and data memory keeps what nothing writes. A mark behind it
// says whose state it holds; it is away while an inference runs, so that one that is stopped in
// the middle leaves no state behind, and another model's never passes for one's own.
#include <string.h>

#include "runtime.h"

extern "C" {

extern uint32_t __kept[2];

static bool is_first;

void weft_start(const weft_model_t *model) {
    is_first = !model || __kept[0] != model->digest[0] || __kept[1] != model->digest[1];
    __kept[0] = __kept[1] = 0;
    if (model && is_first) memset(model->state, 0, model->state_bytes);
}

int32_t weft_prepare(const weft_prepare_t *prepare) {
    if (!is_first) return WEFT_STATUS_OK;
    weft_running.op = prepare->op;
    return prepare->init(prepare->op);
}

int32_t weft_keep(const weft_model_t *model) {
    __kept[0] = model->digest[0];
    __kept[1] = model->digest[1];
    return WEFT_STATUS_OK;
}

}  // extern "C"
