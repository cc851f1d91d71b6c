"""Work cut into blocks and run by threads, over kernels that release the GIL; and the bar that shows how far it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

Block = TypeVar("Block")
Result = TypeVar("Result")


def in_order(work: Callable[[Block], Result], blocks: Iterable[Block], workers: int) -> Iterator[Result]:
    """Results of `work` on each block, in the order of the blocks, at most a few blocks ahead of the reader.

    `blocks` is drawn lazily, in this thread. On an error or an interrupt the blocks not yet begun are dropped.
    """
    if workers == 1:
        yield from map(work, blocks)
        return
    source = iter(blocks)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="slth")
    try:
        waiting: deque[Future[Result]] = deque(pool.submit(work, block) for block in islice(source, 2 * workers))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, block) for block in islice(source, 1))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def progress_bar(total: int | None, unit: str, show: bool, done: int = 0) -> Any:
    """A tqdm bar, to be used in a ``with`` block; draws nothing unless `show`. The rate does not count what is `done` already."""
    from tqdm import tqdm

    return tqdm(total=total, initial=done, disable=not show, unit=unit, unit_scale=True, leave=False)
