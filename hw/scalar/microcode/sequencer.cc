#include "sequencer.h"

#include "array.h"
#include "config.h"
#include "fetch.h"
#include "report.h"
#include "transfer.h"

namespace {

constexpr uint32_t N_ENGINES = WEFT_ENGINE_STORE + 1;
constexpr uint32_t MOST_COMMANDS = (1u << WEFT_COUNT_BITS) - 1;

// Those of the last program, for the report of its end by a reset: not cleared by the start-up.
[[gnu::section(".noinit")]] uint32_t n_commands;

struct Program {
    Fetch fetch;
    uint32_t dispatched[N_ENGINES];
};

Program program;

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
    if (!is_end && engine >= N_ENGINES) return WEFT_CAUSE_OPCODE;
    if (n_ones(header.mask) != header.words || header.mask >> (is_end ? 0 : WORDS[engine].n))
        return WEFT_CAUSE_LENGTH;
    for (uint32_t i = 0; i < N_ENGINES; i++)
        if (waits[i] > program.dispatched[i]) return WEFT_CAUSE_WAIT;
    if (header.words > program.fetch.words_left() ||
        (!is_end && program.dispatched[engine] == MOST_COMMANDS))
        return WEFT_CAUSE_LENGTH;
    return WEFT_CAUSE_NONE;
}

bool take_words(uint32_t engine, uint32_t mask) {
    const uint8_t *widths = WORDS[engine].widths;
    uint32_t *fields = static_cast<uint32_t *>(WORDS[engine].fields);
    for (; mask; mask >>= 1) {
        if (mask & 1) {
            uint32_t word[2];
            if (!program.fetch.take(word)) return false;
            unpack(word, widths, fields);
        }
        while (*widths++) fields++;
    }
    return true;
}

bool execute(uint32_t engine) {
    if (engine == WEFT_ENGINE_CORE) return refuse(WEFT_CAUSE_ABSENT);
    if (engine == WEFT_ENGINE_ARRAY) return run_array();
    const bool is_store = engine == WEFT_ENGINE_STORE;
    return run_transfer(is_store ? config.store : config.load, is_store);
}

bool execute_timed(uint32_t engine) {
    machine::write_control(WEFT_CONTROL_TRACE, 1u << engine);
    const uint32_t before = machine::read_control(WEFT_CONTROL_CYCLES);
    const bool good = execute(engine);
    count(WEFT_REG_COUNTER_LOAD_BUSY + 4 * engine,
          machine::read_control(WEFT_CONTROL_CYCLES) - before);
    if (good) machine::write_control(WEFT_CONTROL_TRACE, 1u << (N_ENGINES + engine));
    return good;
}

// Takes header and waits of a command; false where it is refused, with the error noted.
bool take_header(weft_header_t *header) {
    Fetch &fetch = program.fetch;
    uint32_t word[2], waits[N_ENGINES];
    if (fetch.words_left() < 2) return refuse(WEFT_CAUSE_LENGTH);
    if (!fetch.take(word)) return false;
    unpack(word, HEADER_WIDTHS, reinterpret_cast<uint32_t *>(header));
    if (!fetch.take(word)) return false;
    unpack(word, WAITS_WIDTHS, waits);
    const uint32_t cause = cause_of(*header, waits);
    return cause == WEFT_CAUSE_NONE || refuse(cause);
}

// Has one command executed; false at END and at errors.
bool step() {
    weft_header_t header;
    if (take_header(&header)) {
        const uint32_t engine = header.opcode - WEFT_OPCODE_LOAD;
        if (engine >= N_ENGINES) return false;
        if (take_words(engine, header.mask)) {
            n_commands++;
            const uint32_t completed = program.dispatched[engine]++;
            if (execute_timed(engine)) return true;
            name_source(engine, completed);
            return false;
        }
    }
    name_source(WEFT_SEQUENCER, n_commands);
    return false;
}

}  // namespace

uint32_t n_dispatched() { return n_commands; }

bool run_program() {
    clear(program.dispatched, sizeof program.dispatched);
    clear(reinterpret_cast<uint32_t *>(&config), sizeof config);
    n_commands = 0;
    program.fetch.begin();
    while (step()) {}
    return machine::host(WEFT_REG_ERROR_CAUSE) == WEFT_CAUSE_NONE;
}
