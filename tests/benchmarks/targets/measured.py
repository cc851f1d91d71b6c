"""One row of the table: a ticket for a real target, with its time and its memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import slth
from slth import subset_sum
from tests.benchmarks.targets.target import RealTarget

LARGEST = 100_000_000  # weights of a source that is evaluated itself; it takes 8 bytes for each
HEADER = [
    "target", "weights (entries)", "width", "error bound", "seen error", "largest weight error", "kept", "of", "answers before / after",
    "entries a second", "peak memory", "seconds", "CPU seconds",
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What was measured, as plain numbers.

    `weights` are those of the linear maps of the target, `entries` the numbers that subset sums stand for: of attention the entries of the
    product matrices of each head. `memory`: most anonymous memory of the process while the ticket was made, `before` that of the
    interpreter and the target alone, in bytes. `cpu`: seconds of all cores together, which other work on the machine hardly changes.
    `itself`: whether the seen error is that of the pruned random network, or of its effective weights.
    """

    target: str
    weights: int
    entries: int
    width: str
    bound: float
    seen: float
    weight_error: float
    kept: int
    size: int
    answers: str
    itself: bool
    memory: float
    before: float
    seconds: float
    cpu: float

    def cells(self) -> list[str]:
        """As text, in the order of `HEADER`."""
        entries = f"{self.weights:,}" + (f" ({self.entries:,})" if self.entries != self.weights else "")
        return [
            self.target, entries, self.width, f"{self.bound:.2g}", f"{self.seen:.2g}" + ("" if self.itself else " *"),
            f"{self.weight_error:.2g}", f"{self.kept:,}", f"{self.size:,}", self.answers, f"{self.entries / self.seconds:,.0f}",
            f"{self.memory / 1e6:,.0f} MB", f"{self.seconds:,.1f}", f"{self.cpu:,.1f}",
        ]  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(name: str, target: RealTarget, width: str, workers: int) -> Row:
    """Make a ticket of one of the target's widths, and look at it; kernels are compiled before the clock starts."""
    slth.approximate([(np.eye(2), np.ones(2))], 42, rng=0, workers=1)
    subset_sum.solve(np.linspace(-1, 1, 21), np.linspace(-1, 1, 2000))
    network = target.network
    before = anonymous_memory()
    with peak_memory() as peak:
        started, used = time.perf_counter(), time.process_time()
        ticket = slth.approximate(network, target.widths[width], domain=target.domain, rng=0, workers=workers)
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
    itself = ticket.size <= LARGEST
    answers = target.answers(network)
    found = target.answers(ticket if itself else ticket.effective_network())
    weights = sum(layer.size for layer in network.layers) - sum(other_sizes(network))
    entries = sum(
        (form.rows * form.columns if form.structure is None else int(form.structure.sum())) + form.outputs * form.bias
        for form in network.forms
    )
    return Row(
        name, weights, entries, width, ticket.error_bound, float(np.abs(found - answers).max()), ticket.weight_error,
        ticket.kept, ticket.size, target.judged(answers, found), itself, peak[0], before, seconds, cpu,
    )  # fmt: skip


def other_sizes(network: slth.Network) -> Iterator[int]:
    """Weights that are no linear map: tables of vectors, normalisations."""
    from slth.networks.layers import Mapped
    from slth.networks.layers.walk import walk

    yield from (layer.size for layer in walk(network.layers) if not isinstance(layer, Mapped))


def anonymous_memory() -> float:
    """Bytes of anonymous memory of this process (what no file backs); NaN where the system does not say (Linux does)."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return 1024.0 * int(line.split()[1])
    return float("nan")


@contextmanager
def peak_memory(every: float = 0.01) -> Iterator[list[float]]:
    """The most anonymous memory while the block runs, looked at every so many seconds; the list holds it afterwards."""
    found, done = [anonymous_memory()], threading.Event()

    def watch() -> None:
        while not done.wait(every):
            found[0] = max(found[0], anonymous_memory())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()
        found[0] = max(found[0], anonymous_memory())
