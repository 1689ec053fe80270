#include "guest.h"

#include "config.h"
#include "divide.h"
#include "report.h"

#if WEFT_HAS_CORE

extern "C" void guest_run(uint32_t pc);

Guest guest;

namespace {

using Event = GuestEvent;
using machine::guest_register;

// Cycles of a handler of exceptions here to those that it gets on the core: most of what it does,
// which is to tell the log, is done by this file.
constexpr uint32_t TRAP_SHIFT = 6;

// Opcodes, whole instructions, causes and registers of the manual.
enum : uint32_t { OF_LOAD = 0x03, OF_STORE = 0x23, OF_BRANCH = 0x63, OF_JALR = 0x67 };
enum : uint32_t { OF_JAL = 0x6F, OF_SYSTEM = 0x73, OF_OP = 0x33, DIVISION = 1 };
enum : uint32_t { ECALL = 0x00000073, EBREAK = 0x00100073, WFI = 0x10500073, MRET = 0x30200073 };
enum : uint32_t { BAD_TARGET, NO_MEMORY, ILLEGAL, BREAKPOINT, MISALIGNED, FAULT, CALL = 11 };
enum : uint32_t { MTVEC = 0x305, MSCRATCH = 0x340, MTVAL = 0x343 };
enum : uint32_t { SCRATCH, EPC, CAUSE, VALUE, VECTOR };  // in Guest::csrs

Event stop_at_trap() {
    machine::host(WEFT_REG_ERROR_CAUSE) = WEFT_CAUSE_CORE_TRAP;
    return Event::FAILED;
}

// The first exception of a command is noted at once, and is an error when its handler ends.
Event raise(uint32_t cause, uint32_t value) {
    if (guest.trapped) return stop_at_trap();
    fail(WEFT_CAUSE_CORE_TRAP, guest.pc, cause);
    if (!guest.trap_cycles) return Event::FAILED;
    machine::host(WEFT_REG_ERROR_CAUSE) = WEFT_CAUSE_NONE;
    machine::write_control(WEFT_CONTROL_WATCH, guest.trap_cycles << TRAP_SHIFT);
    guest.csrs[EPC] = guest.pc;
    guest.csrs[CAUSE] = cause;
    guest.csrs[VALUE] = value;
    guest.pc = guest.csrs[VECTOR];
    guest.trapped = true;
    return Event::NONE;
}

Event raise_illegal() { return raise(ILLEGAL, guest.instruction); }

uint32_t rs1() { return guest_register(guest.instruction >> 15); }
uint32_t rs2() { return guest_register(guest.instruction >> 20); }
uint32_t funct3() { return guest.instruction >> 12 & 7; }
int32_t immediate() { return static_cast<int32_t>(guest.instruction) >> 20; }

Event write(uint32_t value) {
    machine::set_guest_register(guest.instruction >> 7, value);
    guest.pc += 4;
    return Event::NONE;
}

// The immediate of stores.
uint32_t split_immediate() { return (immediate() & ~31u) | (guest.instruction >> 7 & 31); }

[[gnu::noinline]] Event load_or_store() {
    const bool stores = guest.instruction & (OF_LOAD ^ OF_STORE);
    const uint32_t n_bytes = 1u << (funct3() & 3), cause = stores ? 2 : 0;
    const uint32_t address = rs1() + (stores ? split_immediate() : immediate());
    if (n_bytes == 8 || funct3() > (stores ? 2 : 5)) return raise_illegal();
    if (address & (n_bytes - 1)) return raise(MISALIGNED + cause, address);
    guest.address = address;
    guest.n_bytes = n_bytes;
    guest.value = rs2();
    const Event event = access_for_guest(stores);
    if (event == Event::FAULT) return raise(FAULT + cause, address);
    if (event == Event::COMPLETE) {
        if (guest.trapped) return stop_at_trap();
        if (guest.value) {
            fail(WEFT_CAUSE_OP_STATUS, 0, guest.value);
            return Event::FAILED;
        }
    }
    if (stores) {
        guest.pc += 4;
        return event;
    }
    const uint32_t above = 32 - 8 * n_bytes, value = guest.value >> 8 * (address & 3) << above;
    write(funct3() & 4 ? value >> above : static_cast<int32_t>(value) >> above);
    return event;
}

// A jump or branch out of the memory, or to an address that no instruction has.
[[gnu::noinline]] Event jump(uint32_t opcode) {
    uint32_t target = (rs1() + immediate()) & ~1u;
    if (opcode == OF_JAL)
        target = guest.pc + ((immediate() & 0xFFF007FEu) | (guest.instruction & 0xFF000u) |
                             (immediate() & 1) << 11);
    if (opcode == OF_BRANCH)
        target = guest.pc + ((split_immediate() & ~0x801u) | (split_immediate() & 1) << 11);
    if (target & 2) return raise(BAD_TARGET, target);
    if (opcode != OF_BRANCH) write(guest.pc + 4);
    // A good target is that of a branch behind which the memory ends.
    guest.pc = target < WEFT_IMEM_BYTES ? WEFT_IMEM_BYTES : target;
    return Event::NONE;
}

[[gnu::noinline]] Event system() {
    const uint32_t instruction = guest.instruction;
    if (instruction == ECALL) return raise(CALL, 0);
    if (instruction == EBREAK) return raise(BREAKPOINT, guest.pc);
    if (instruction == MRET) {
        guest.pc = guest.csrs[EPC];
        return Event::NONE;
    }
    if (instruction == WFI) return write(0);
    const uint32_t number = instruction >> 20, way = funct3() & 3;  // write, set, clear
    const uint32_t field = instruction >> 15 & 31;
    const uint32_t operand = funct3() & 4 ? field : rs1();
    const bool writes = way == 1 || field;
    uint32_t slot = number - MSCRATCH, value;
    if (number == MTVEC) slot = VECTOR;
    else if (slot > VALUE) {
        // mcycle, minstret, cycle, time, instret, and their upper halves.
        const uint32_t group = number & ~0x83u;
        if (!way || writes || (group != 0xB00 && group != 0xC00)) return raise_illegal();
        return write(number & 0x80 ? 0 : machine::read_control(WEFT_CONTROL_CYCLES));
    }
    value = guest.csrs[slot];
    if (!way) return raise_illegal();
    if (writes)
        guest.csrs[slot] = way == 1 ? operand : way == 2 ? value | operand : value & ~operand;
    return write(value);
}

[[gnu::noinline]] Event emulate() {
    const uint32_t instruction = machine::chip_word(WEFT_CHIP_IMEM + guest.pc);
    guest.instruction = instruction;
    const uint32_t opcode = instruction & 0x7F;
    if (opcode == OF_SYSTEM) return system();
    if (opcode == OF_JAL || (opcode == OF_BRANCH && funct3() >> 1 != 1) ||
        (opcode == OF_JALR && !funct3()))
        return jump(opcode);
    if (guest.pc == WEFT_IMEM_BYTES - 4) {
        // Whatever it does: behind it is nothing.
        guest.pc = WEFT_IMEM_BYTES;
        return Event::NONE;
    }
    if (opcode == OF_LOAD || opcode == OF_STORE) return load_or_store();
    if (opcode == OF_OP && instruction >> 25 == DIVISION)
        return write(divide(funct3(), rs1(), rs2()));
    return raise_illegal();
}

}  // namespace

bool begin_guest() {
    if (config.core.boot) {
        guest.booted = true;
        guest.trap_cycles = guest.trapped = 0;
        guest.pc = config.core.function;
    } else if (!guest.booted) return refuse(WEFT_CAUSE_CONFIG);
    machine::write_control(WEFT_CONTROL_WATCH, machine::host(WEFT_REG_WATCHDOG));
    return true;
}

GuestEvent run_guest() {
    Event event;
    do {
        guest.pc &= ~3u;
        if (guest.pc >= WEFT_IMEM_BYTES) event = raise(NO_MEMORY, guest.pc);
        else {
            guest_run(guest.pc);
            guest.pc = machine::guest_pc();
            if (machine::read_control(WEFT_CONTROL_WATCH)) {
                if (guest.trapped) return stop_at_trap();
                fail(WEFT_CAUSE_WATCHDOG, guest.pc, 0);
                return Event::FAILED;
            }
            event = emulate();
        }
    } while (event == Event::NONE);
    return event;
}

#endif
