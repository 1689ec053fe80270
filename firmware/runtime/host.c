/* The host build's end of the operator interface: lists a library's operators and runs them. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "weft_op.h"

/* Bounds of the sections that WEFT_OP fills, made by the linker. */
#pragma GCC visibility push(hidden)
extern const weft_registration_t __start_weft_ops[], __stop_weft_ops[];
extern const weft_queries_t __start_weft_queries[], __stop_weft_queries[];
#pragma GCC visibility pop

static _Thread_local jmp_buf *running;

uint32_t weft_host_count(void) { return (uint32_t)(__stop_weft_ops - __start_weft_ops); }

const weft_registration_t *weft_host_registration(uint32_t index) {
    return &__start_weft_ops[index];
}

/* Calls eval or init; returns its status, or the one that weft_fail was given. */
int32_t weft_host_call(weft_function_t function, const weft_op_t *op) {
    jmp_buf here, *outer = running;
    running = &here;
    int32_t status = setjmp(here);
    if (!status) status = function(op);
    running = outer;
    return status;
}

static const weft_queries_t *queries_of(const weft_registration_t *registration) {
    const weft_queries_t *q = __start_weft_queries;
    while (q < __stop_weft_queries && q->registration != registration) q++;
    return q;
}

uint32_t weft_host_state_bytes(const weft_registration_t *registration, const weft_op_t *op) {
    weft_query_t query = queries_of(registration)->state_bytes;
    return query ? query(op) : 0;
}

uint32_t weft_host_scratch_bytes(const weft_registration_t *registration, const weft_op_t *op) {
    weft_query_t query = queries_of(registration)->scratch_bytes;
    return query ? query(op) : 0;
}

void weft_log(const char *text) { fputs(text, stderr); }

void weft_fail(int32_t status) {
    if (!running) abort();
    longjmp(*running, status ? status : WEFT_STATUS_ERROR);
}
