"""AXI4 for tests: a checker of the manager's duties, and memories with chosen latency and errors.

The memories here do what a real memory may and cocotbext-axi's does not: they keep several bursts
in flight with a fixed latency, mix the beats of different ids, and answer with errors.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from arch.params import Params

OKAY, SLVERR, DECERR = 0, 2, 3
INCR = 1
PAGE_BYTES = 4096


class Rules:
    """Checks what a manager must keep to (IHI 0022, A3 and A5), in every cycle.

    Payload and valid keep still while they wait; bursts are INCR, of full-width beats, aligned,
    within a page and not longer than configured; ids are known; each has no more bursts in flight
    than its slots; write data come in the order of their addresses with ``wlast`` at their end.
    """

    CHANNELS = {
        "ar": ("arid", "araddr", "arlen", "arsize", "arburst"),
        "aw": ("awid", "awaddr", "awlen", "awsize", "awburst"),
        "w": ("wdata", "wstrb", "wlast"),
    }

    def __init__(self, dut: Any, prefix: str, params: Params, slots: tuple[int, ...], kind: str):
        self.params, self.slots, self.kind = params, slots, kind
        names = ("ar",) if kind == "read" else ("aw", "w")
        self.handles = {
            channel: (
                getattr(dut, f"{prefix}__{channel}valid"),
                getattr(dut, f"{prefix}__{channel}ready"),
                [getattr(dut, f"{prefix}__{name}") for name in self.CHANNELS[channel]],
            )
            for channel in names
        }
        answer = "r" if kind == "read" else "b"
        self.answer = [
            getattr(dut, f"{prefix}__{answer}{name}")
            for name in ("valid", "ready", "id", *(("last",) if kind == "read" else ()))
        ]
        self.waiting: dict[str, tuple[int, ...] | None] = dict.fromkeys(names)
        self.in_flight = [0] * len(slots)
        self.most_in_flight = [0] * len(slots)
        self.announced: deque[int] = deque()
        self.finished: deque[int] = deque()
        self.written = 0
        self.n_bursts = self.n_beats = 0

    def drive(self) -> None:
        pass

    def sample(self) -> None:
        for channel, (valid, ready, payload) in self.handles.items():
            items = tuple(int(h.value) for h in payload) if int(valid.value) else None
            if self.waiting[channel] is not None:
                assert items == self.waiting[channel], f"{channel}: changed while it waited"
            taken = items is not None and int(ready.value)
            self.waiting[channel] = None if taken else items
            if taken:
                if channel == "w":
                    self.n_beats += 1
                    self._data(items)
                else:
                    self._address(*items)
        if all(int(h.value) for h in self.answer[:2]):
            self.n_beats += self.kind == "read"
            if self.kind == "write" or int(self.answer[3].value):
                self.in_flight[int(self.answer[2].value)] -= 1

    def _address(self, client: int, address: int, length: int, size: int, burst: int) -> None:
        n_bytes, n_beats = self.params.axi_bytes, length + 1
        assert client < len(self.slots), f"id {client} is nobody's"
        assert burst == INCR and 1 << size == n_bytes
        assert address % n_bytes == 0
        assert n_beats <= self.params.config.dma_burst_beats
        end = address + n_beats * n_bytes - 1
        assert address // PAGE_BYTES == end // PAGE_BYTES, "crosses 4096 bytes"
        assert end < 1 << self.params.config.axi_address_bits
        self.in_flight[client] += 1
        self.n_bursts += 1
        assert self.in_flight[client] <= self.slots[client], f"client {client}: too many bursts"
        self.most_in_flight[client] = max(self.most_in_flight[client], self.in_flight[client])
        self.announced.append(n_beats)
        self._match()

    def _data(self, items: tuple[int, ...]) -> None:
        self.written += 1
        if items[2]:
            self.finished.append(self.written)
            self.written = 0
        self._match()

    def _match(self) -> None:
        """Data may come before their address; their bursts are compared when both are there."""
        while self.kind == "write" and self.announced and self.finished:
            assert self.announced.popleft() == self.finished.popleft(), "wlast at the wrong beat"
        if self.announced and self.kind == "write":
            assert self.written < self.announced[0], "no wlast at the end of a burst"

    def at_rest(self) -> bool:
        """Nothing is in flight, and no burst is unfinished."""
        idle = not any(self.in_flight) and all(w is None for w in self.waiting.values())
        return (
            idle
            and not self.finished
            and not self.written
            and (self.kind == "read" or not self.announced)
        )


@dataclass
class Burst:
    client: int
    address: int
    n_beats: int
    due: int
    done: int = 0


class ReadMemory:
    """Serves reads after ``latency`` cycles, one beat a cycle at most.

    Parameters
    ----------
    read : bytes at a bus address.
    latency : cycles from the address to the first beat that may come.
    pause : probability that no address is taken, and that no beat comes, in a cycle.
    mix : take each beat from any id that has one, instead of finishing a burst first.
    """

    def __init__(
        self,
        dut: Any,
        prefix: str,
        params: Params,
        read: Callable[[int, int], bytes],
        latency: int = 4,
        pause: float = 0.0,
        mix: bool = False,
        faults: dict[int, int] | None = None,
    ):
        def port(name: str) -> Any:
            return getattr(dut, f"{prefix}__{name}")

        self.arvalid, self.arready = port("arvalid"), port("arready")
        self.arid, self.araddr, self.arlen = port("arid"), port("araddr"), port("arlen")
        self.rvalid, self.rready = port("rvalid"), port("rready")
        self.rid, self.rdata, self.rresp = port("rid"), port("rdata"), port("rresp")
        self.rlast = port("rlast")
        self.params, self.read, self.latency = params, read, latency
        self.pause, self.mix = pause, mix
        self.faults = {} if faults is None else faults
        self.bursts: list[Burst] = []
        self.current: Burst | None = None
        self.offering = False
        self.ready = False
        self.now = 0
        self.n_beats = 0
        for handle in (self.arready, self.rvalid, self.rid, self.rdata, self.rresp, self.rlast):
            handle.value = 0

    def _choose(self) -> Burst | None:
        """The burst that gives the next beat: the oldest of its id, and due."""
        oldest: dict[int, Burst] = {}
        for burst in self.bursts:
            oldest.setdefault(burst.client, burst)
        due = [burst for burst in oldest.values() if burst.due <= self.now]
        if not due:
            return None
        if self.mix:
            return random.choice(due)
        started = [burst for burst in due if burst.done]
        return started[0] if started else min(due, key=lambda burst: burst.due)

    def drive(self) -> None:
        self.ready = random.random() >= self.pause
        self.arready.value = self.ready
        if self.offering:
            return
        self.current = self._choose() if random.random() >= self.pause else None
        self.offering = self.current is not None
        self.rvalid.value = self.offering
        if self.current is not None:
            burst, n_bytes = self.current, self.params.axi_bytes
            address = burst.address + burst.done * n_bytes
            response = self.faults.get(address, OKAY)
            data = bytes(n_bytes) if response else self.read(address, n_bytes)
            self.rid.value = burst.client
            self.rdata.value = int.from_bytes(data, "little")
            self.rresp.value = response
            self.rlast.value = burst.done == burst.n_beats - 1

    def sample(self) -> None:
        self.now += 1
        if self.offering and int(self.rready.value):
            assert self.current is not None
            self.offering = False
            self.n_beats += 1
            self.current.done += 1
            if self.current.done == self.current.n_beats:
                self.bursts.remove(self.current)
        if self.ready and int(self.arvalid.value):
            self.bursts.append(
                Burst(
                    int(self.arid.value),
                    int(self.araddr.value),
                    int(self.arlen.value) + 1,
                    self.now + self.latency - 1,
                )
            )


class WriteMemory:
    """Takes writes and answers ``latency`` cycles after a burst's last beat.

    Parameters
    ----------
    write : takes bus address, bytes and strobes of a beat.
    pause : probability that an address, a beat or an answer waits for a cycle.
    data_first : take an address only while its data wait (a subordinate may).
    """

    def __init__(
        self,
        dut: Any,
        prefix: str,
        params: Params,
        write: Callable[[int, bytes, int], None],
        latency: int = 4,
        pause: float = 0.0,
        data_first: bool = False,
        faults: dict[int, int] | None = None,
    ):
        def port(name: str) -> Any:
            return getattr(dut, f"{prefix}__{name}")

        self.awvalid, self.awready = port("awvalid"), port("awready")
        self.awid, self.awaddr, self.awlen = port("awid"), port("awaddr"), port("awlen")
        self.wvalid, self.wready = port("wvalid"), port("wready")
        self.wdata, self.wstrb, self.wlast = port("wdata"), port("wstrb"), port("wlast")
        self.bvalid, self.bready = port("bvalid"), port("bready")
        self.bid, self.bresp = port("bid"), port("bresp")
        self.params, self.write, self.latency = params, write, latency
        self.pause, self.data_first = pause, data_first
        self.faults = {} if faults is None else faults
        self.addresses: deque[Burst] = deque()
        self.answers: deque[tuple[int, int, int]] = deque()
        self.offering = self.aw_ready = self.w_ready = False
        self.response = OKAY
        self.now = 0
        self.n_beats = 0
        for handle in (self.awready, self.wready, self.bvalid, self.bid, self.bresp):
            handle.value = 0

    def drive(self) -> None:
        self.aw_ready = random.random() >= self.pause and (
            not self.data_first or bool(int(self.wvalid.value))
        )
        self.w_ready = bool(self.addresses) and random.random() >= self.pause
        self.awready.value = self.aw_ready
        self.wready.value = self.w_ready
        if not self.offering:
            due = bool(self.answers) and self.answers[0][0] <= self.now
            self.offering = due and random.random() >= self.pause
            self.bvalid.value = self.offering
            if self.offering:
                self.bid.value, self.bresp.value = self.answers[0][1:]

    def sample(self) -> None:
        self.now += 1
        if self.offering and int(self.bready.value):
            self.answers.popleft()
            self.offering = False
        if self.w_ready and int(self.wvalid.value):
            self._beat()
        if self.aw_ready and int(self.awvalid.value):
            self.addresses.append(
                Burst(int(self.awid.value), int(self.awaddr.value), int(self.awlen.value) + 1, 0)
            )

    def _beat(self) -> None:
        burst, n_bytes = self.addresses[0], self.params.axi_bytes
        address = burst.address + burst.done * n_bytes
        self.response |= self.faults.get(address, OKAY)
        data = int(self.wdata.value).to_bytes(n_bytes, "little")
        self.write(address, data, int(self.wstrb.value))
        self.n_beats += 1
        burst.done += 1
        assert int(self.wlast.value) == (burst.done == burst.n_beats)
        if burst.done == burst.n_beats:
            self.answers.append((self.now + self.latency, burst.client, self.response))
            self.response = OKAY
            self.addresses.popleft()


class SparseBytes:
    """Bytes at any bus address: random where nothing was written, but always the same."""

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}

    def page(self, address: int) -> bytearray:
        number = address // PAGE_BYTES
        if number not in self.pages:
            self.pages[number] = bytearray(random.randbytes(PAGE_BYTES))
        return self.pages[number]

    def read(self, address: int, n: int) -> bytes:
        return bytes(self.page(a)[a % PAGE_BYTES] for a in range(address, address + n))

    def write(self, address: int, data: bytes, strobe: int) -> None:
        for i, octet in enumerate(data):
            if strobe >> i & 1:
                self.page(address + i)[(address + i) % PAGE_BYTES] = octet
