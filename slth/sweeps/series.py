"""How far one task has come: the sum of its first blocks, what a stopping rule says of it, and which blocks are to be run next."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from slth.sweeps.answer import Collected
from slth.sweeps.stopping import Stop
from slth.sweeps.store import EVERY, Decision, Entry, Store, StoreError
from slth.sweeps.store.errors import AGAIN
from slth.sweeps.tally import Tally
from slth.sweeps.task import Task

FAILURES = 10  # blocks of a task that may fail before it is given up
_READ = 1024  # blocks read from the store at a time


class Series:
    """The blocks 0, 1, 2, ... of a task at one seed, counted in this order in whatever order they come.

    Parameters
    ----------
    task : Task
    seed : int
    rule : Stop
        Asked after every block of the prefix; what lies beyond the first block on which it is met is not looked at.
    store : Store, optional
        Where blocks may be that need not be run again.

    Attributes
    ----------
    blocks : int
        Length of the prefix, which `answer` is about. A block that failed is one of them, and missing from their sum.
    finished : bool
        Whether the rule is met.

    Notes
    -----
    In memory are the sum of the prefix and the blocks beyond it that `take` gave out, so their number is the caller's choice.
    """

    def __init__(self, task: Task, seed: int, rule: Stop, store: Store | None = None) -> None:
        self.task, self.seed, self.rule = task, seed, rule
        self.blocks, self.finished = 0, False
        self._tally = Tally()
        self._last: Tally | None = None
        self._errors: dict[int, str] = {}
        self._ahead: dict[int, Tally | str] = {}  # beyond the prefix; the text of the error where a block failed
        self._next = 0  # the first block that is neither in the prefix nor given out
        self._most = rule.wanted(task)
        self._store = store
        self._entry: Entry | None = None
        self._unsaved: dict[int, Tally] = {}
        self._sums: dict[int, Tally] = {}
        self._saved = -1  # length of the prefix of which the store has the decision
        self._read = self._end = 0  # stored blocks before `_read` were read; none are at `_end` or beyond
        if store is not None:
            self._resume(store)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do: the rule is met, or too many blocks failed."""
        return self.finished or len(self._errors) >= FAILURES

    @property
    def most(self) -> int | None:
        """Blocks that will certainly be enough, if that is known; each that fails asks for one more."""
        return None if self._most is None else self._most + len(self._errors)

    def take(self, size: int, ahead: int) -> range:
        """Up to `size` blocks to be run now, all less than `ahead` beyond the prefix; empty if there are none."""
        end = self.blocks + ahead if self.most is None else min(self.blocks + ahead, self.most)
        first: int | None = None
        while not self.over and self._next < end and (first is None or self._next < first + size):
            if self._read <= self._next < self._end:
                self._look()
            if self._next in self._ahead:
                if first is not None:
                    break
            elif first is None:
                first = self._next
            self._next += 1
        return range(0) if first is None else range(first, self._next)

    def put(self, results: Mapping[int, Tally | str]) -> None:
        """What blocks gave: their tallies, or the texts of their errors."""
        for block, result in results.items():
            if block >= self.blocks and not self.over:
                self._ahead[block] = result
            if isinstance(result, Tally) and self._store is not None:
                self._unsaved[block] = result
        self._advance()

    def save(self) -> None:
        """Write what is new to the store, in a transaction of the caller."""
        if self._store is None or not (self._unsaved or self._saved < self.blocks):
            return
        if self._entry is None:
            self._entry = self._store.make_entry(self.task.id, self.seed, self.task.to_json())
        self._store.add(self._entry, self._unsaved)
        self._store.add_prefixes(self._entry, self._sums)
        if not self._errors and self._saved < self.blocks:
            decision = Decision(self.blocks, self.finished, self._tally)
            self._store.decide(self._entry, self.rule.to_json(), decision)
            self._saved = self.blocks
        self._unsaved, self._sums = {}, {}

    def answer(self) -> Collected:
        """The prefix as it is now."""
        errors = tuple(sorted(self._errors.items()))
        return Collected(self.task, self.seed, self.rule, self.blocks, self._tally, self._last, self.finished, errors)

    def _resume(self, store: Store) -> None:
        """Begin where the stored blocks end, by the shortest way."""
        self._entry = store.entry(self.task.id, self.seed, self.task.to_json())
        if self._entry is None:
            return
        self._end = store.end(self._entry)
        decided = store.decision(self._entry, self.rule.to_json())
        if decided is not None:
            self.blocks, self.finished, self._tally = decided.blocks, decided.met, decided.tally
            self._saved = self.blocks
        elif self.rule.monotone:
            self._leap(store, self._entry)
        if self.blocks:
            last = store.read(self._entry, self.blocks - 1, self.blocks)
            if not last:
                raise StoreError(
                    f"{store.path} is damaged: it has the sum of {self.blocks} blocks of {self._entry.task}, but not the last of them; "
                    f"{AGAIN}"
                )
            self._last = last[self.blocks - 1]
        self._read = self._next = self.blocks
        self._advance()

    def _leap(self, store: Store, entry: Entry) -> None:
        """Go to the longest stored sum that does not meet the rule, where no shorter prefix can meet it."""
        lengths = store.prefix_lengths(entry)
        place = bisect_left(lengths, True, key=lambda blocks: self.rule.met(self.task, store.prefix(entry, blocks)))
        if place:
            self.blocks = lengths[place - 1]
            self._tally = store.prefix(entry, self.blocks)

    def _look(self) -> None:
        """Read the next stored blocks."""
        assert self._store is not None
        assert self._entry is not None
        end = self._read + _READ
        self._ahead.update(self._store.read(self._entry, self._read, end))
        self._read = end

    def _advance(self) -> None:
        while not self.over:
            if self._read <= self.blocks < self._end:
                self._look()
            if self.blocks not in self._ahead:
                break
            found = self._ahead.pop(self.blocks)
            if isinstance(found, str):
                self._errors[self.blocks] = found
                self.blocks += 1
                continue
            self._tally, self._last = self._tally + found, found
            self.blocks += 1
            if self.blocks % EVERY == 0 and not self._errors and self._store is not None:
                self._sums[self.blocks] = self._tally
            self.finished = self.rule.met(self.task, self._tally)
        self._next = max(self._next, self.blocks)
        if self.over:
            self._ahead.clear()
