"""An engine's end of the command stream: keeps its configuration and compares its waits."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from arch.isa import CONFIG_WORDS, COUNT_BITS, Opcode
from hw.interfaces import N_ENGINES, command_signature, completed_layout


def config_layout(opcode: Opcode) -> data.StructLayout:
    """Every field of every configuration word of ``opcode``, in their order."""
    fields = [field for fmt in CONFIG_WORDS[opcode] for field in fmt.fields]
    return data.StructLayout(
        {field.name: signed(field.width) if field.signed else field.width for field in fields}
    )


class CommandPort(wiring.Component):
    """Takes one command at a time and holds it until the engine releases it.

    Parameters
    ----------
    opcode : the engine's opcode.

    Members
    -------
    commands : items from the sequencer. ``ready`` depends on registers only.
    completed : commands that each engine has completed.
    config : the configuration of the command that is held; zero after reset. Fields of words that
        a command leaves out keep their value.
    valid : a whole command is held: ``config`` is stable and ``met`` belongs to it. It rises two
        cycles after the command's last item was taken.
    met : bit e: ``completed[e]`` has reached the command's wait for engine e. One cycle behind
        ``completed``; once set it stays, because counts never fall within a program.
    ready : in a cycle with ``valid`` the engine lets the command go; ``valid`` is low in the next
        cycle, in which the first item of the next command may be taken.
    """

    def __init__(self, opcode: Opcode):
        self.opcode = opcode
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "config": Out(config_layout(opcode)),
                "valid": Out(1),
                "met": Out(N_ENGINES),
                "ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        item = self.commands.payload
        waits = Signal(data.ArrayLayout(COUNT_BITS, N_ENGINES))
        whole = Signal()  # the last item has been taken; met is valid one cycle later

        m.d.comb += self.commands.ready.eq(~whole)
        with m.If(self.commands.valid & self.commands.ready):
            m.d.sync += whole.eq(item.last)
            with m.If(item.is_waits):
                m.d.sync += waits.as_value().eq(item.word)
            for index, fmt in enumerate(CONFIG_WORDS[self.opcode]):
                bits = sum(field.width for field in fmt.fields)
                with m.If(~item.is_waits & (item.index == index)):
                    fields = Cat(self.config[field.name] for field in fmt.fields)
                    m.d.sync += fields.eq(item.word[:bits])

        met = Cat(self.completed[e] >= waits[e] for e in range(N_ENGINES))
        m.d.sync += [self.met.eq(met), self.valid.eq(whole)]
        with m.If(self.valid & self.ready):
            m.d.sync += [whole.eq(0), self.valid.eq(0)]
        return m
