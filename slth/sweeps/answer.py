"""What a sweep found out about one task."""

from __future__ import annotations

from dataclasses import dataclass, field

from slth.bounds.table import Table
from slth.sweeps.estimates import Estimate
from slth.sweeps.stopping import Stop
from slth.sweeps.tally import Tally
from slth.sweeps.task import Task

__all__ = ["Collected", "Estimate"]


@dataclass(frozen=True, repr=False)
class Collected:
    """The blocks of a task up to the one after which its rule stopped it.

    Attributes
    ----------
    task : Task
    seed : int
    stop : Stop
    blocks : int
        Blocks 0, 1, ..., that `tally` adds up.
    tally : Tally
    last : Tally or None
        The last of them, None before the first: estimators look at where the rule stopped.
    finished : bool
        Whether the rule was met; if not, the estimates are a look at what there is so far.
    errors : tuple of (int, str)
        Blocks that failed, and their tracebacks.
    """

    task: Task
    seed: int
    stop: Stop
    blocks: int = 0
    tally: Tally = field(default_factory=Tally)
    last: Tally | None = None
    finished: bool = False
    errors: tuple[tuple[int, str], ...] = ()

    def rows(self, confidence: float = 0.95) -> tuple[Estimate, ...]:
        """One estimate a point of the task, none where the task counts no successes.

        Raises
        ------
        ValueError
            If `confidence` is not in (0, 1).
        """
        return self.stop.intervals(self.task, self.tally, self.last, confidence)

    def table(self, confidence: float = 0.95) -> Table:
        """The same to be read: a row a point."""
        rows = self.rows(confidence)
        names = tuple(dict.fromkeys(name for row in rows for name in row.point))
        columns = (*names, "trials", "successes", "rate", "lower", "upper")
        values = tuple(
            (*(row.point.get(name) for name in names), row.trials, row.successes, row.rate, row.lower, row.upper)
            for row in rows
        )
        return Table(columns, values, self._notes(rows, confidence))

    def _notes(self, rows: tuple[Estimate, ...], confidence: float) -> tuple[str, ...]:
        given = ", ".join(f"{name}={value}" for name, value in self.task.parameters.items())
        method = "".join(f"; {name}, {100 * confidence:g}%" for name in dict.fromkeys(row.method for row in rows))
        state = "" if self.finished else "; not finished"
        return (
            f"{self.task.kind}({given})",
            f"{self.tally.trials:,} trials in {self.blocks:,} blocks of seed {self.seed}, stop {self.stop}{method}{state}",
            *(f"block {block} failed: {(trace.strip().splitlines() or ['?'])[-1]}" for block, trace in self.errors),
        )

    def __repr__(self) -> str:
        state = "finished" if self.finished else "not finished"
        failed = f", {len(self.errors)} failed" if self.errors else ""
        counted = f"{self.tally.trials:,} trials in {self.blocks:,} blocks"
        return f"Collected({self.task.kind} {self.task.id[:8]}, {counted}, {state}{failed})"

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()
