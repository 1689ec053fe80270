#include "sequencer.h"

#include "array.h"
#include "config.h"
#include "fetch.h"
#include "guest.h"
#include "report.h"
#include "transfer.h"

namespace {

constexpr uint32_t MOST_COMMANDS = (1u << WEFT_COUNT_BITS) - 1;

// Those of the last program, for the report of its end by a reset: not cleared by the start-up.
[[gnu::section(".noinit")]] uint32_t n_commands;

struct Program {
    Fetch fetch;
#if WEFT_HAS_CORE
    // The core runs a command: when it began, and what had been dispatched.
    bool on_core;
    uint32_t began, dispatched_before[N_ENGINES];
#endif
};

Program program;

inline bool on_core() {
#if WEFT_HAS_CORE
    return program.on_core;
#else
    return false;
#endif
}

constexpr uint8_t HEADER_WIDTHS[] = WEFT_HEADER_WIDTHS, WAITS_WIDTHS[] = WEFT_WAITS_WIDTHS;
constexpr uint8_t DMA_WIDTHS[] = WEFT_LOAD_WIDTHS, ARRAY_WIDTHS[] = WEFT_ARRAY_WIDTHS;
constexpr uint8_t CORE_WIDTHS[] = WEFT_CORE_WIDTHS;

// An engine's configuration words.
struct Words {
    const uint8_t *widths;
    void *fields;
    uint32_t n;
};

const Words WORDS[N_ENGINES] = {
    {DMA_WIDTHS, &config.load, WEFT_LOAD_WORDS},
    {ARRAY_WIDTHS, &config.array, WEFT_ARRAY_WORDS},
    {CORE_WIDTHS, &config.core, WEFT_CORE_WORDS},
    {DMA_WIDTHS, &config.store, WEFT_LOAD_WORDS},
};

// What is wrong with a command, or 0.
uint32_t cause_of(const weft_header_t &header, const uint32_t *waits) {
    const uint32_t engine = header.opcode - WEFT_OPCODE_LOAD;
    const bool is_end = header.opcode == WEFT_OPCODE_END;
    if (engine >= N_ENGINES ? !is_end || on_core() : on_core() && engine == WEFT_ENGINE_CORE)
        return WEFT_CAUSE_OPCODE;
    if (n_ones(header.mask) != header.words || header.mask >> (is_end ? 0 : WORDS[engine].n))
        return WEFT_CAUSE_LENGTH;
    for (uint32_t i = 0; i < N_ENGINES; i++)
        if (waits[i] > config.dispatched[i]) return WEFT_CAUSE_WAIT;
    if (on_core() && waits[WEFT_ENGINE_CORE]) return WEFT_CAUSE_WAIT;  // it would wait for itself
    if ((!on_core() && header.words > program.fetch.words_left()) ||
        (!is_end && config.dispatched[engine] == MOST_COMMANDS))
        return WEFT_CAUSE_LENGTH;
    return WEFT_CAUSE_NONE;
}

// The next word of the program, or of the operator that runs.
GuestEvent take(uint32_t *word) {
#if WEFT_HAS_CORE
    if (program.on_core) {
        const GuestEvent event = run_guest();
        word[0] = guest.word[0];
        word[1] = guest.word[1];
        return event;
    }
#endif
    return program.fetch.take(word) ? GuestEvent::WORD : GuestEvent::FAILED;
}

// The same inside a command, which has to go on.
bool take_more(uint32_t *word) {
    const GuestEvent event = take(word);
    if (event == GuestEvent::COMPLETE) refuse(WEFT_CAUSE_LENGTH);
    return event == GuestEvent::WORD;
}

bool take_words(uint32_t engine, uint32_t mask) {
    const uint8_t *widths = WORDS[engine].widths;
    uint32_t *fields = static_cast<uint32_t *>(WORDS[engine].fields);
    for (; mask; mask >>= 1) {
        if (mask & 1) {
            uint32_t word[2];
            if (!take_more(word)) return false;
            unpack(word, widths, fields);
        }
        while (*widths++) fields++;
    }
    return true;
}

bool execute(uint32_t engine) {
#if WEFT_HAS_CORE
    if (engine == WEFT_ENGINE_CORE) return program.on_core = begin_guest();
#else
    if (engine == WEFT_ENGINE_CORE) return refuse(WEFT_CAUSE_ABSENT);
#endif
    if (engine == WEFT_ENGINE_ARRAY) return run_array();
    const bool is_store = engine == WEFT_ENGINE_STORE;
    return run_transfer(is_store ? config.store : config.load, is_store);
}

// Behind a command that began at a cycle.
void account(uint32_t engine, uint32_t began, bool good) {
    count(WEFT_REG_COUNTER_LOAD_BUSY + 4 * engine,
          machine::read_control(WEFT_CONTROL_CYCLES) - began);
    if (good) machine::write_control(WEFT_CONTROL_TRACE, 1u << (N_ENGINES + engine));
}

bool execute_timed(uint32_t engine) {
    machine::write_control(WEFT_CONTROL_TRACE, 1u << engine);
    const uint32_t began = machine::read_control(WEFT_CONTROL_CYCLES);
    const bool good = execute(engine);
#if WEFT_HAS_CORE
    if (engine == WEFT_ENGINE_CORE) {
        program.began = began;
        for (uint32_t e = 0; e < N_ENGINES; e++)
            program.dispatched_before[e] = config.dispatched[e];
        return good;
    }
#endif
    account(engine, began, good);
    return good;
}

// Ends the core's command, as if the operator had given none.
void leave_core(bool good) {
#if WEFT_HAS_CORE
    account(WEFT_ENGINE_CORE, program.began, good);
    for (uint32_t e = 0; e < N_ENGINES; e++)
        config.dispatched[e] = program.dispatched_before[e];
    program.on_core = false;
#endif
}

// Takes the rest of header and waits of a command; false where it is refused, with the error noted.
bool take_header(uint32_t *word, weft_header_t *header) {
    uint32_t waits[N_ENGINES];
    unpack(word, HEADER_WIDTHS, reinterpret_cast<uint32_t *>(header));
    if (!take_more(word)) return false;
    unpack(word, WAITS_WIDTHS, waits);
    const uint32_t cause = cause_of(*header, waits);
    return cause == WEFT_CAUSE_NONE || refuse(cause);
}

// Has one command executed, or the operator's code in front of it; false at END and at errors.
bool step() {
    uint32_t word[2];
    weft_header_t header;
    GuestEvent event = GuestEvent::FAILED;
    if (!on_core() && program.fetch.words_left() < 2) refuse(WEFT_CAUSE_LENGTH);
    else event = take(word);
    if (event == GuestEvent::COMPLETE) {
        leave_core(true);
        return true;
    }
    if (event == GuestEvent::WORD && take_header(word, &header)) {
        const uint32_t engine = header.opcode - WEFT_OPCODE_LOAD;
        if (engine >= N_ENGINES) return false;
        if (take_words(engine, header.mask)) {
            n_commands++;
            const uint32_t completed = config.dispatched[engine]++;
            if (execute_timed(engine)) return true;
            name_source(engine, completed);
            return false;
        }
    }
    // Causes of errors of the core are other ones than the sequencer's.
    if (on_core() && machine::host(WEFT_REG_ERROR_CAUSE) >= WEFT_CAUSE_CONFIG)
        name_source(WEFT_ENGINE_CORE, config.dispatched[WEFT_ENGINE_CORE] - 1);
    else name_source(WEFT_SEQUENCER, n_commands);
    return false;
}

}  // namespace

uint32_t n_dispatched() { return n_commands; }

bool run_program() {
    clear(reinterpret_cast<uint32_t *>(&config), sizeof config);
    n_commands = 0;
    program.fetch.begin();
#if WEFT_HAS_CORE
    program.on_core = false;
    guest.booted = false;
#endif
    while (step()) {}
    return machine::host(WEFT_REG_ERROR_CAUSE) == WEFT_CAUSE_NONE;
}
