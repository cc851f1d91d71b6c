"""What a store holds: tallies of blocks, and sums and decisions that follow from them and save time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from slth.sweeps.store.errors import AGAIN, ConflictError, StoreError, explained
from slth.sweeps.store.file import StoreFile
from slth.sweeps.tally import Tally

EVERY = 1024  # blocks from one stored sum of a prefix to the next


@dataclass(frozen=True)
class Entry:
    """A task at one seed, as a store has it.

    Attributes
    ----------
    number : int
        Its key within this file.
    id : str
        Of the task.
    seed : int
    task : str
        Canonical JSON of the task.
    """

    number: int
    id: str
    seed: int
    task: str

    def hash(self, *parts: object) -> bytes:
        """Eight bytes that belong to this series and these parts: a row that was damaged or moved is found out."""
        return blake2b("\n".join(map(str, (self.id, self.seed, *parts))).encode(), digest_size=8).digest()


@dataclass(frozen=True)
class Decision:
    """What a stopping rule said of the prefixes of a series: not met on any shorter than `blocks`; on this one `met` or not."""

    blocks: int
    met: bool
    tally: Tally


class Store(StoreFile):
    """The results of sweeps in a file, by (task, seed, block): canonical JSON of tallies, each with a hash.

    Opened as `StoreFile` is, within a ``with`` block or to be closed; methods that write are called within `transaction`.

    Notes
    -----
    Reading a block takes a few microseconds. A million blocks are opened and gone on from in milliseconds, because the sum of every
    1024th prefix is kept, and how far each stopping rule was decided.
    """

    def merge(self, others: Iterable[str | os.PathLike[str]]) -> int:
        """Put the results of other stores into this one, all of them or, after an error, none; returns how many blocks were new.

        Doing it twice, or in another order, is the same as once.

        Raises
        ------
        ConflictError
            If a block has two results; the message has both.
        StoreError, OSError
            If one of the others is no store, damaged or not to be read.
        """
        from slth.sweeps.store.merging import merge

        return merge(self, others)

    def check(self) -> int:
        """Read everything, add all sums up again; returns the number of blocks.

        Raises
        ------
        StoreError
            If anything is damaged.
        """
        from slth.sweeps.store.checking import check

        return check(self)

    def entries(self) -> tuple[Entry, ...]:
        """Every task and seed there are results of, in the order in which they came."""
        with explained(self.path):
            rows = self._sql.execute("SELECT number, id, seed, task FROM series ORDER BY number").fetchall()
            return tuple(self._entry(*row) for row in rows)

    def entry(self, id: str, seed: int, task: str) -> Entry | None:
        """The entry of a task, given by id and JSON, at a seed; None if there is none yet.

        Raises
        ------
        StoreError
            If the id is there for another task.
        """
        with explained(self.path):
            for row in self._sql.execute("SELECT number, id, seed, task FROM series WHERE id = ?", (id,)).fetchall():
                found = self._entry(*row)
                if found.task != task:
                    raise StoreError(
                        f"two tasks have the id {id}: {found.task} in {self.path}, and {task}; change a parameter of one, or "
                        "name another file"
                    )
                if found.seed == seed:
                    return found
        return None

    def make_entry(self, id: str, seed: int, task: str) -> Entry:
        """The same, made if there is none."""
        found = self.entry(id, seed, task)
        if found is not None:
            return found
        row = self._sql.execute("INSERT INTO series (id, seed, task) VALUES (?, ?, ?)", (id, str(seed), task))
        return self._entry(row.lastrowid, id, str(seed), task)

    def read(self, entry: Entry, first: int, end: int, most: int = -1) -> dict[int, Tally]:
        """The blocks that are there, from `first` to before `end`, in their order; the first `most` of them, if that is not negative.

        Raises
        ------
        StoreError
            If one is damaged.
        """
        with explained(self.path):
            rows = self._sql.execute(
                "SELECT block, tally, hash FROM blocks WHERE series = ? AND block >= ? AND block < ? ORDER BY block LIMIT ?",
                (entry.number, first, end, most),
            )
            return {block: self._tally(entry, ("block", block), text, found) for block, text, found in rows}

    def add(self, entry: Entry, tallies: Mapping[int, Tally]) -> int:
        """Results of blocks; within a transaction. Those that are there already are left; returns how many were not.

        Raises
        ------
        ConflictError
            If one is there with another result.
        """
        rows = []
        for block, tally in tallies.items():
            text = tally.to_json()
            rows.append((entry.number, block, text, entry.hash("block", block, text)))
        before = self._sql.total_changes
        self._sql.executemany("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?)", rows)
        new = self._sql.total_changes - before
        if new < len(rows):
            self._compare(entry, tallies)
        return new

    def count(self, entry: Entry) -> int:
        """Blocks of a series that are there."""
        with explained(self.path):
            return int(self._sql.execute("SELECT COUNT(*) FROM blocks WHERE series = ?", (entry.number,)).fetchone()[0])

    def end(self, entry: Entry) -> int:
        """One more than the last block of a series that is there."""
        with explained(self.path):
            last = self._sql.execute("SELECT MAX(block) FROM blocks WHERE series = ?", (entry.number,)).fetchone()[0]
            return 0 if last is None else int(last) + 1

    def prefix_lengths(self, entry: Entry) -> list[int]:
        """Lengths of the prefixes whose sums are stored, in their order."""
        with explained(self.path):
            query = "SELECT blocks FROM prefixes WHERE series = ? ORDER BY blocks"
            return [int(row[0]) for row in self._sql.execute(query, (entry.number,))]

    def prefix(self, entry: Entry, blocks: int) -> Tally:
        """The stored sum of so many first blocks."""
        with explained(self.path):
            query = "SELECT tally, hash FROM prefixes WHERE series = ? AND blocks = ?"
            text, found = self._sql.execute(query, (entry.number, blocks)).fetchone()
            return self._tally(entry, ("prefix", blocks), text, found)

    def add_prefixes(self, entry: Entry, sums: Mapping[int, Tally]) -> None:
        """Sums of so many first blocks each; within a transaction."""
        for blocks, tally in sums.items():
            text = tally.to_json()
            row = (entry.number, blocks, text, entry.hash("prefix", blocks, text))
            self._sql.execute("INSERT OR IGNORE INTO prefixes VALUES (?, ?, ?, ?)", row)

    def rules(self, entry: Entry) -> tuple[str, ...]:
        """The stopping rules, as JSON, of which decisions are stored."""
        with explained(self.path):
            query = "SELECT rule FROM decisions WHERE series = ? ORDER BY rule"
            return tuple(str(row[0]) for row in self._sql.execute(query, (entry.number,)))

    def decision(self, entry: Entry, rule: str) -> Decision | None:
        """How far a rule, given as JSON, was decided; None if it was not."""
        with explained(self.path):
            query = "SELECT blocks, met, tally, hash FROM decisions WHERE series = ? AND rule = ?"
            row = self._sql.execute(query, (entry.number, rule)).fetchone()
            if row is None:
                return None
            blocks, met, text, found = row
            return Decision(blocks, bool(met), self._tally(entry, ("decision", rule, blocks, met), text, found))

    def decide(self, entry: Entry, rule: str, decision: Decision) -> None:
        """Note how far a rule was decided, instead of what was noted of fewer blocks; within a transaction."""
        met, text = int(decision.met), decision.tally.to_json()
        row = (entry.number, rule, decision.blocks, met, text, entry.hash("decision", rule, decision.blocks, met, text))
        self._sql.execute(
            "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (series, rule) DO UPDATE SET "
            "blocks = excluded.blocks, met = excluded.met, tally = excluded.tally, hash = excluded.hash "
            "WHERE excluded.blocks > decisions.blocks",
            row,
        )

    def _compare(self, entry: Entry, tallies: Mapping[int, Tally]) -> None:
        for block, tally in tallies.items():
            there = self.read(entry, block, block + 1).get(block)
            if there is not None and there != tally:
                raise ConflictError(
                    f"block {block} of {entry.task} at seed {entry.seed} has two results: {there.to_json()[:200]} in {self.path}, "
                    f"and {tally.to_json()[:200]} now; one was made by other code or another NumPy: keep the stores apart, or remove "
                    "the wrong one"
                )

    def _entry(self, number: Any, id: Any, seed: Any, task: Any) -> Entry:
        if not (isinstance(id, str) and isinstance(seed, str) and isinstance(task, str) and seed.isdecimal()):
            raise StoreError(f"{self.path} is damaged: series {number!r} is no task at a seed; {AGAIN}")
        return Entry(number, id, int(seed), task)

    def _tally(self, entry: Entry, about: tuple[object, ...], text: Any, found: Any) -> Tally:
        if not isinstance(text, str) or found != entry.hash(*about, text):
            raise StoreError(
                f"{self.path} is damaged: {' '.join(map(str, about))} of {entry.task} does not match its hash; {AGAIN}"
            )
        return Tally.from_json(text)
