#include "guest.h"

#include "config.h"
#include "divide.h"
#include "report.h"

#if WEFT_HAS_CORE

extern "C" {
uint32_t guest_registers[32];  // x1 to x31; the first is 0
uint32_t guest_run(uint32_t pc);
}

namespace {

using Event = GuestEvent;

// Cycles of a handler of exceptions here to those that it gets on the core: most of what it does,
// which is to tell the log, is done by this file.
constexpr uint32_t TRAP_SHIFT = 6;

// Opcodes, whole instructions, causes and registers of the manual.
enum : uint32_t { OF_LOAD = 0x03, OF_STORE = 0x23, OF_BRANCH = 0x63, OF_JALR = 0x67 };
enum : uint32_t { OF_JAL = 0x6F, OF_SYSTEM = 0x73, OF_OP = 0x33, FLOW = 0x40, DIVISION = 1 };
enum : uint32_t { ECALL = 0x00000073, EBREAK = 0x00100073, WFI = 0x10500073, MRET = 0x30200073 };
enum : uint32_t { BAD_TARGET, NO_MEMORY, ILLEGAL, BREAKPOINT, MISALIGNED, FAULT, CALL = 11 };
enum : uint32_t { STORES = 2 };  // more than the cause of a load
enum : uint32_t { MTVEC = 0x305, MSCRATCH = 0x340, MEPC, MCAUSE, MTVAL };

struct Guest {
    uint32_t pc;
    uint32_t csrs[MTVAL - MSCRATCH + 1], mtvec;
    uint32_t first_pc, first_cause;  // of the exception whose handler runs: `trapped`
    bool booted, trapped;
};

Guest guest;

uint32_t &csr(uint32_t number) { return guest.csrs[number - MSCRATCH]; }

Event failed(uint32_t cause, uint32_t address, uint32_t info) {
    fail(cause, address, info);
    return Event::FAILED;
}

Event stopped_by_trap() {
    return failed(WEFT_CAUSE_CORE_TRAP, guest.first_pc, guest.first_cause);
}

Event raise(uint32_t cause, uint32_t value) {
    if (guest.trapped) return stopped_by_trap();
    guest.first_pc = csr(MEPC) = guest.pc;
    guest.first_cause = csr(MCAUSE) = cause;
    csr(MTVAL) = value;
    if (!mailbox.trap_cycles) return stopped_by_trap();
    machine::write_control(WEFT_CONTROL_WATCH, mailbox.trap_cycles << TRAP_SHIFT);
    guest.trapped = true;
    guest.pc = guest.mtvec;
    return Event::NONE;
}

// The fields of an instruction that the processor left.
struct Instruction {
    uint32_t word, opcode, funct3, rd, rs1;
    uint32_t high;   // bits 31:20, signed
    uint32_t split;  // that of stores
    uint32_t a, b;
};

// Ends instructions that write a register, if rd is not 0, and go on at `next`.
Event finish(uint32_t rd, uint32_t value, uint32_t next) {
    if (rd) guest_registers[rd] = value;
    guest.pc = next;
    return Event::NONE;
}

Event load_or_store(const Instruction &i) {
    const bool stores = i.opcode == OF_STORE;
    GuestAccess access{i.a + (stores ? i.split : i.high), 1u << (i.funct3 & 3), stores, i.b};
    const uint32_t of_stores = stores ? STORES : 0;
    if (i.funct3 > (stores ? 2 : 5) || access.n_bytes == 8) return raise(ILLEGAL, i.word);
    if (access.address & (access.n_bytes - 1)) return raise(MISALIGNED + of_stores, access.address);
    const Event event = access_for_guest(&access);
    if (event == Event::WAIT) return Event::NONE;
    if (event == Event::FAULT) return raise(FAULT + of_stores, access.address);
    if (event == Event::COMPLETE) {
        if (guest.trapped) return stopped_by_trap();
        if (i.b) return failed(WEFT_CAUSE_OP_STATUS, 0, i.b);
    }
    const uint32_t above = 32 - 8 * access.n_bytes;
    const uint32_t value = access.value >> 8 * (access.address & 3) << above;
    finish(stores ? 0 : i.rd,
           i.funct3 & 4 ? value >> above : static_cast<int32_t>(value) >> above, guest.pc + 4);
    return event;
}

// A jump or branch out of the memory, or to an address that no instruction has.
Event jump(const Instruction &i) {
    const uint32_t next = guest.pc + 4;
    if (i.opcode == OF_BRANCH) {
        const uint32_t target = guest.pc + ((i.split & ~0x801u) | (i.split & 1) << 11);
        // A good target is that of one behind which the memory ends.
        if (target & 2) return raise(BAD_TARGET, target);
        return finish(0, 0, target < WEFT_IMEM_BYTES ? next : target);
    }
    uint32_t target = i.a + i.high;
    if (i.opcode == OF_JAL)
        target = guest.pc + ((i.high & 0xFFF007FEu) | (i.word & 0xFF000u) | (i.high & 1) << 11);
    if (target & 2) return raise(BAD_TARGET, target & ~1u);
    return finish(i.rd, next, target & ~1u);
}

// What is in a register; false if there is none.
bool read_csr(uint32_t number, uint32_t *value) {
    if (number - MSCRATCH <= MTVAL - MSCRATCH) *value = csr(number);
    else if (number == MTVEC) *value = guest.mtvec;
    else {
        // mcycle, minstret, cycle, time, instret, and their upper halves.
        const uint32_t group = number & ~0x83u;
        if (group != 0xB00 && group != 0xC00) return false;
        *value = number & 0x80 ? 0 : machine::read_control(WEFT_CONTROL_CYCLES);
    }
    return true;
}

Event system(const Instruction &i) {
    const uint32_t next = guest.pc + 4, number = i.high & 0xFFF;
    if (i.word == ECALL) return raise(CALL, 0);
    if (i.word == EBREAK) return raise(BREAKPOINT, guest.pc);
    if (i.word == WFI) return finish(0, 0, next);
    if (i.word == MRET) return finish(0, 0, csr(MEPC));
    uint32_t value, operand = i.funct3 & 4 ? i.rs1 : i.a;
    const uint32_t way = i.funct3 & 3;  // write, set, clear
    const bool writes = way == 1 || i.rs1;
    if (!way || !read_csr(number, &value) || (writes && number > MTVAL))
        return raise(ILLEGAL, i.word);
    if (writes) {
        if (way == 2) operand |= value;
        if (way == 3) operand = value & ~operand;
        if (number == MTVEC) guest.mtvec = operand & ~3u;
        else csr(number) = number == MEPC ? operand & ~3u : operand;
    }
    return finish(i.rd, value, next);
}

Event emulate() {
    const uint32_t word = machine::chip_word(WEFT_CHIP_IMEM + guest.pc);
    Instruction i;
    i.word = word;
    i.opcode = word & 0x7F;
    i.funct3 = word >> 12 & 7;
    i.rd = word >> 7 & 31;
    i.rs1 = word >> 15 & 31;
    i.high = static_cast<int32_t>(word) >> 20;
    i.split = (i.high & ~31u) | i.rd;
    i.a = guest_registers[i.rs1];
    i.b = guest_registers[i.high & 31];
    if (i.opcode == OF_SYSTEM) return system(i);
    if (i.opcode == OF_JAL || i.opcode == OF_BRANCH || (i.opcode == OF_JALR && !i.funct3)) return jump(i);
    // The last of the memory, whatever it does: behind it there is nothing.
    if (guest.pc == WEFT_IMEM_BYTES - 4) return finish(0, 0, WEFT_IMEM_BYTES);
    if (i.opcode == OF_LOAD || i.opcode == OF_STORE) return load_or_store(i);
    if (i.opcode == OF_OP && word >> 25 == DIVISION)
        return finish(i.rd, divide(i.funct3, i.a, i.b), guest.pc + 4);
    return raise(ILLEGAL, word);
}

}  // namespace

void reset_guest() { guest.booted = false; }

bool begin_guest() {
    if (config.core.boot) {
        guest.booted = true;
        guest.trapped = false;
        mailbox.trap_cycles = 0;
        guest.pc = config.core.function & ~3u;
    } else if (!guest.booted) return refuse(WEFT_CAUSE_CONFIG);
    machine::write_control(WEFT_CONTROL_WATCH, machine::host(WEFT_REG_WATCHDOG));
    return true;
}

GuestEvent run_guest() {
    Event event;
    do {
        if (guest.pc >= WEFT_IMEM_BYTES) event = raise(NO_MEMORY, guest.pc);
        else {
            guest.pc = guest_run(guest.pc);
            if (machine::read_control(WEFT_CONTROL_WATCH))
                return guest.trapped ? stopped_by_trap()
                                     : failed(WEFT_CAUSE_WATCHDOG, guest.pc, 0);
            event = emulate();
        }
    } while (event == Event::NONE);
    return event;
}

#endif
