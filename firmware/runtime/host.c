/* The host build's end of the operator interface: lists a library's operators and runs them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "weft_op.h"
#include "accelerator_port.h"

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

uint32_t weft_host_workspace_bytes(const weft_registration_t *registration, const weft_op_t *op) {
    weft_query_t query = queries_of(registration)->workspace_bytes;
    return query ? query(op) : 0;
}

const weft_host_port_t *weft_host_port;

void weft_host_connect(const weft_host_port_t *port) { weft_host_port = port; }

/* What operators print goes to a function of the caller's, or to standard output. */
static void (*sink)(const char *text);

void weft_host_set_log(void (*function)(const char *text)) { sink = function; }

void weft_log(const char *text) {
    if (sink)
        sink(text);
    else
        fputs(text, stdout);
}

/* Of the operators' calls alone, because the library is linked with -Bsymbolic. */
int vprintf(const char *format, va_list list) {
    va_list again;
    va_copy(again, list);
    const int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (!text) return -1;
    vsnprintf(text, (size_t)n + 1, format, list);
    weft_log(text);
    free(text);
    return n;
}

int printf(const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int n = vprintf(format, list);
    va_end(list);
    return n;
}

int putchar(int c) {
    const char text[2] = {(char)c, 0};
    weft_log(text);
    return (unsigned char)c;
}

int puts(const char *text) {
    weft_log(text);
    weft_log("\n");
    return 0;
}

void weft_fail(int32_t status) {
    if (!running) abort();
    longjmp(*running, status ? status : WEFT_STATUS_ERROR);
}
