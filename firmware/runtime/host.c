/* The host build's end of the operator interface: lists a library's operators and runs them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "weft_op.h"
#include "accelerator_port.h"

/* Bounds of the sections that WEFT_OP fills, made by the linker; null where nothing does. */
#define BOUND __attribute__((weak, visibility("hidden")))
extern const weft_registration_t __start_weft_ops[] BOUND, __stop_weft_ops[] BOUND;
extern const weft_queries_t __start_weft_queries[] BOUND, __stop_weft_queries[] BOUND;

/* Where weft_fail goes back to, and the signals that stand for the core's traps; a debugger sees
 * them first. */
static _Thread_local sigjmp_buf *running;
static const int traps[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define N_TRAPS ((int)(sizeof traps / sizeof traps[0]))

uint32_t weft_host_count(void) { return (uint32_t)(__stop_weft_ops - __start_weft_ops); }

const weft_registration_t *weft_host_registration(uint32_t index) {
    return &__start_weft_ops[index];
}

static void on_trap(int number) {
    if (!running) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    weft_log(number == SIGABRT  ? "abort() on the host\n"
             : number == SIGFPE ? "a division by zero on the host\n"
                                : "a wrong access to memory on the host\n");
    siglongjmp(*running, WEFT_STATUS_ABORT);
}

/* Calls eval or init, or a query; returns its status, or the one that weft_fail was given. */
static int32_t guarded(weft_function_t function, weft_query_t query, const weft_op_t *op,
                       uint32_t *bytes) {
    sigjmp_buf here, *outer = running;
    struct sigaction before[N_TRAPS], trap = {.sa_handler = on_trap, .sa_flags = SA_NODEFER};
    for (int i = 0; i < N_TRAPS; i++) sigaction(traps[i], &trap, &before[i]);
    running = &here;
    int32_t status = sigsetjmp(here, 1);
    if (!status) {
        if (function)
            status = function(op);
        else
            *bytes = query(op);
    }
    running = outer;
    for (int i = 0; i < N_TRAPS; i++) sigaction(traps[i], &before[i], NULL);
    return status;
}

int32_t weft_host_call(weft_function_t function, const weft_op_t *op) {
    return guarded(function, NULL, op, NULL);
}

static const weft_queries_t *queries_of(const weft_registration_t *registration) {
    const weft_queries_t *q = __start_weft_queries;
    while (q < __stop_weft_queries && q->registration != registration) q++;
    return q;
}

/* Asks for bytes of state (0), scratch (1) or workspace (2); 0, or what weft_fail was given. */
int32_t weft_host_query(const weft_registration_t *registration, const weft_op_t *op,
                        int32_t number, uint32_t *bytes) {
    const weft_queries_t *q = queries_of(registration);
    const weft_query_t queries[] = {q->state_bytes, q->scratch_bytes, q->workspace_bytes};
    const weft_query_t query = queries[number];
    *bytes = 0;
    return query ? guarded(NULL, query, op, bytes) : 0;
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
    siglongjmp(*running, status ? status : WEFT_STATUS_ERROR);
}
