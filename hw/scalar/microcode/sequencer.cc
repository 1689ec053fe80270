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

Fetch fetch;

inline bool on_core() {
#if WEFT_HAS_CORE
    return config.on_core;
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
    if ((!on_core() && header.words > fetch.words_left()) ||
        (!is_end && config.dispatched[engine] == MOST_COMMANDS))
        return WEFT_CAUSE_LENGTH;
    return WEFT_CAUSE_NONE;
}

// The next word of a command: of the program, or of the operator that runs. False where that fails,
// with the error noted.
#if !WEFT_HAS_CORE
[[gnu::always_inline]] inline
#endif
bool take(uint32_t *word) {
#if WEFT_HAS_CORE
    if (config.on_core) {
        const uint32_t event = run_guest();
        word[0] = guest_word[0];
        word[1] = guest_word[1];
        if (event == GUEST_COMPLETE) refuse(WEFT_CAUSE_LENGTH);
        return event == GUEST_WORD;
    }
#endif
    return fetch.take(word);
}

bool take_words(uint32_t engine, uint32_t mask) {
    const uint8_t *widths = WORDS[engine].widths;
    uint32_t *fields = static_cast<uint32_t *>(WORDS[engine].fields);
    for (; mask; mask >>= 1) {
        if (mask & 1) {
            uint32_t word[2];
            if (!take(word)) return false;
            unpack(word, widths, fields);
        }
        while (*widths++) fields++;
    }
    return true;
}

bool execute(uint32_t engine) {
#if WEFT_HAS_CORE
    if (engine == WEFT_ENGINE_CORE) return config.on_core = begin_guest();
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
    if (on_core() && engine == WEFT_ENGINE_CORE) {
        config.began = began;
        for (uint32_t e = 0; e < N_ENGINES; e++)
            config.dispatched_before[e] = config.dispatched[e];
        return true;
    }
#endif
    account(engine, began, good);
    return good;
}

// Takes header and waits of a command, whose first word is there if it is an operator's; false where
// it is refused, with the error noted.
bool take_header(uint32_t *word, weft_header_t *header) {
    uint32_t waits[N_ENGINES];
    if (!on_core()) {
        if (fetch.words_left() < 2) return refuse(WEFT_CAUSE_LENGTH);
        if (!fetch.take(word)) return false;
    }
    unpack(word, HEADER_WIDTHS, reinterpret_cast<uint32_t *>(header));
    if (!take(word)) return false;
    unpack(word, WAITS_WIDTHS, waits);
    const uint32_t cause = cause_of(*header, waits);
    return cause == WEFT_CAUSE_NONE || refuse(cause);
}

// Has one command executed, of the program or of the operator that runs; or that one's command
// ended. False at END and at errors.
bool step() {
    uint32_t word[2];
    weft_header_t header;
    bool good = true;
#if WEFT_HAS_CORE
    if (config.on_core) {
        const uint32_t event = run_guest();
        if (event == GUEST_COMPLETE) {
            // It is as if the operator had given no commands.
            account(WEFT_ENGINE_CORE, config.began, true);
            for (uint32_t e = 0; e < N_ENGINES; e++)
                config.dispatched[e] = config.dispatched_before[e];
            config.on_core = false;
            return true;
        }
        good = event == GUEST_WORD;
        word[0] = guest_word[0];
        word[1] = guest_word[1];
    }
#endif
    if (good && take_header(word, &header)) {
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
    fetch.begin();
    while (step()) {}
    return machine::host(WEFT_REG_ERROR_CAUSE) == WEFT_CAUSE_NONE;
}
