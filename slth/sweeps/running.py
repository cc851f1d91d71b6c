"""One sweep: runs of blocks are handed out, results come back to this one writer, and go into the store and the prefixes."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from slth.sweeps.answer import Collected
from slth.sweeps.dispatch import Dispatcher, Done
from slth.sweeps.series import Series
from slth.sweeps.store import Store
from slth.sweeps.tally import Tally
from slth.sweeps.task import Task

ON_ERROR = ("stop", "go-on")
_SECONDS = 0.05  # that a run of blocks is to take: handing it out costs little beside it, and losing it too
_MOST = 1024  # blocks of a run
_AHEAD = 4  # times the runs handed out together, that a task may be ahead of its slowest block
_DEATHS = 2  # times that a block may take with it the worker it had to itself
_EVERY = 0.5  # seconds from one look at a task to the next


class BlockError(RuntimeError):
    """A block of a task failed.

    Attributes
    ----------
    task : Task
    seed, block : int
        What failed: ``task.block(seed, block)`` fails again.
    text : str
        The traceback where it ran.
    """

    def __init__(self, task: Task, seed: int, block: int, text: str) -> None:
        self.task, self.seed, self.block, self.text = task, seed, block, text
        reason = (text.strip().splitlines() or ["no reason"])[-1]
        super().__init__(
            f"block {block} of {task.to_json()} at seed {seed} failed: {reason}; what was finished is kept: repair the task and start "
            'again, or go on without such blocks (on_error="go-on")'
        )
        self.add_note(text)

    def __reduce__(self) -> tuple[Any, ...]:
        return BlockError, (self.task, self.seed, self.block, self.text)


class Sweep:
    """The state of a sweep.

    Parameters
    ----------
    series : list of Series
        In the order in which they are worked at.
    dispatcher : Dispatcher
    store : Store or None
        That of the series.
    on_error : str
        One of `ON_ERROR`.
    bar : tqdm
        Counts blocks of prefixes.
    """

    def __init__(
        self, series: list[Series], dispatcher: Dispatcher, store: Store | None, on_error: str, bar: Any
    ) -> None:
        self._series, self._dispatcher, self._store = series, dispatcher, store
        self._on_error, self._bar = on_error, bar
        self._waiting = deque(one for one in series if not one.over)
        self._open: list[Series] = []  # of which blocks were handed out
        self._sizes: dict[Series, int] = {}  # of their runs
        self._suspects: deque[tuple[Series, int]] = deque()  # blocks whose worker was lost: run again one by one
        self._deaths: Counter[tuple[Series, int]] = Counter()
        self._torn = False  # between taking in results and having stored them, where an interrupt may come

    def steps(self) -> Iterator[Collected]:
        """What there is of each series now and then, at last its answer."""
        try:
            self._write(self._series)  # sums that were found on the way here
            yield from (one.answer() for one in self._series if one.over)
            changed: dict[Series, None] = {}
            looked = time.monotonic()
            while self._waiting or self._open:
                self._hand_out()
                if not len(self._dispatcher):
                    rule = next(iter(self._open)).rule
                    raise RuntimeError(f"{rule} is not met by the blocks that it wanted; repair `wanted` or `met`")
                for one in self._take_in(list(self._dispatcher.results())):
                    if one not in self._sizes:  # closed before; what still came is in the store
                        continue
                    changed[one] = None
                    if one.over:
                        self._close(one)
                        del changed[one]
                        yield one.answer()
                if time.monotonic() - looked > _EVERY:
                    yield from (one.answer() for one in changed)
                    changed, looked = {}, time.monotonic()
        finally:
            self._end()

    def _hand_out(self) -> None:
        """Keep the workers busy; a suspect gets them to itself, so that it is known whose fault it is."""
        while self._suspects and self._suspects[0][0].over:
            self._suspects.popleft()
        if self._suspects:
            if not len(self._dispatcher):
                series, block = self._suspects[0]
                self._submit(series, range(block, block + 1))
            return
        while len(self._dispatcher) < self._dispatcher.limit:
            found = self._next_run()
            if found is None:
                break
            self._submit(*found)

    def _submit(self, series: Series, blocks: range) -> None:
        self._dispatcher.submit(series, series.task, series.seed, blocks)

    def _next_run(self) -> tuple[Series, range] | None:
        """Of the first series that has one; a later one is begun when all before it have handed out enough."""
        for series in self._open:
            if blocks := self._take(series):
                return series, blocks
        if not self._waiting:
            return None
        series = self._waiting.popleft()
        self._open.append(series)
        self._sizes[series] = 1
        return series, self._take(series)

    def _take(self, series: Series) -> range:
        """Half as far ahead of the prefix as it is long, so that not much is in vain when its rule is met."""
        limit = self._dispatcher.limit
        ahead = limit + series.blocks // 2
        size = min(self._sizes[series], ahead // limit)
        return series.take(size, min(ahead, _AHEAD * limit * size))

    def _take_in(self, ended: list[Done]) -> list[Series]:
        """Results into series and store; returns the series whose prefix has grown."""
        self._torn = True
        touched: dict[Series, int] = {}
        failed: BlockError | None = None
        for done in ended:
            series: Series = done.key
            results = self._lost(done) if done.run is None else dict(zip(done.blocks, done.run.results, strict=True))
            if done.run is not None:
                self._pace(series, len(done.blocks), done.run.seconds)
                if self._suspects and (series, done.blocks.start) == self._suspects[0]:
                    self._suspects.popleft()
            errors = {block: text for block, text in results.items() if isinstance(text, str)}
            if errors and self._on_error == "stop" and not series.over:
                block = min(errors)
                failed = failed or BlockError(series.task, series.seed, block, errors[block])
                results = {block: found for block, found in results.items() if isinstance(found, Tally)}
            touched.setdefault(series, series.blocks)
            series.put(results)
        self._write(list(touched))
        if failed is not None:
            raise failed
        self._bar.update(sum(series.blocks - before for series, before in touched.items()))
        return [series for series, before in touched.items() if series.blocks > before]

    def _lost(self, done: Done) -> dict[int, Tally | str]:
        """Blocks whose worker was lost get a second chance alone; one that loses it again is at fault."""
        series: Series = done.key
        if series.over:  # taken back
            return {}
        suspect = (series, done.blocks.start)
        if not self._suspects or suspect != self._suspects[0]:
            self._suspects.extend((series, block) for block in done.blocks)
            return {}
        self._deaths[suspect] += 1
        if self._deaths[suspect] < _DEATHS:
            return {}
        self._suspects.popleft()
        reason = "no reason given" if done.reason is None else f"{type(done.reason).__name__}: {done.reason}"
        return {done.blocks.start: f"the worker was lost {_DEATHS} times with this block alone on it ({reason})"}

    def _pace(self, series: Series, blocks: int, seconds: float) -> None:
        if series in self._sizes:
            fitting = int(_SECONDS * blocks / max(seconds, 1e-9))
            self._sizes[series] = max(1, min(fitting, 4 * self._sizes[series], _MOST))

    def _write(self, changed: list[Series]) -> None:
        """One commit: a kill after it loses nothing of this."""
        self._torn = True
        with nullcontext() if self._store is None else self._store.transaction():
            for series in changed:
                series.save()
        self._torn = False

    def _close(self, series: Series) -> None:
        self._dispatcher.cancel(series)
        self._open.remove(series)
        del self._sizes[series]
        if series.most is not None and self._bar.total:
            self._bar.total -= series.most - series.blocks

    def _end(self) -> None:
        """Take back what has not begun, store what is in work; unless sums are torn, or storing has failed."""
        for done in self._dispatcher.drain() if not self._torn else ():
            assert done.run is not None
            results = zip(done.blocks, done.run.results, strict=True)
            done.key.put({block: tally for block, tally in results if isinstance(tally, Tally)})
            self._write([done.key])
