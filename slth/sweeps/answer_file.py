"""Answers of a sweep in a small text file, without the blocks behind them: to be shipped, read by a notebook, compared line by line.

One JSON object a line, tasks, rule and sums of the blocks in canonical form; equal answers give equal files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from slth.files import atomic_write, regular_size
from slth.sweeps.answer import Collected
from slth.sweeps.stopping import stop_from_json
from slth.sweeps.stored import task_from_json
from slth.sweeps.tally import Tally

MOST_BYTES = 1 << 28
_FORMAT, _VERSION = "slth sweep", 1
_KEYS = {"task", "seed", "stop", "blocks", "finished", "tally", "last"}


def write(collected: Iterable[Collected], path: str | os.PathLike[str]) -> int:
    """Write answers to a file, whole or not at all; returns their number.

    Raises
    ------
    ValueError
        If blocks of an answer failed: they and their tracebacks belong to the store.
    OSError
        As `slth.files.atomic_write`.
    """
    rows = [_row(found) for found in collected]
    head = json.dumps({"format": _FORMAT, "version": _VERSION})
    with atomic_write(path, "w") as file:
        file.write("\n".join([head, *rows, ""]))
    return len(rows)


def read(path: str | os.PathLike[str]) -> tuple[Collected, ...]:
    """Read what `write` wrote; nothing in it is executed.

    Raises
    ------
    ValueError
        If it is anything else: another format or version, damaged, of tasks that this slth does not know, or longer than 256 MiB.
    OSError
        If the file cannot be read.
    """
    if (size := regular_size(path)) > MOST_BYTES:
        raise ValueError(f"{path}: a file of answers has at most {MOST_BYTES:,} bytes, got {size:,}; is it one?")
    with open(path, "rb") as file:
        lines = file.read(MOST_BYTES).split(b"\n")
    head = _object(lines[0], path, 1)
    if head.get("format") != _FORMAT or head.get("version") != _VERSION:
        raise ValueError(
            f"{path}: not a file of answers of version {_VERSION}, it begins with {lines[0][:60]!r}; write one with "
            "`slth sweep export STORE -o FILE.json`"
        )
    if lines[-1]:
        raise ValueError(f"{path}: its last line has no end: the file was cut off; export it again")
    return tuple(_answer(line, path, number) for number, line in enumerate(lines[1:-1], 2))


def _row(found: Collected) -> str:
    if found.errors:
        raise ValueError(
            f"{len(found.errors)} blocks of {found!r} failed; run the sweep again, which tries them again, before writing its answers"
        )
    return json.dumps(
        {
            "task": json.loads(found.task.to_json()),
            "seed": found.seed,
            "stop": json.loads(found.stop.to_json()),
            "blocks": found.blocks,
            "finished": found.finished,
            "tally": json.loads(found.tally.to_json()),
            "last": None if found.last is None else json.loads(found.last.to_json()),
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def _answer(line: bytes, path: str | os.PathLike[str], number: int) -> Collected:
    found = _object(line, path, number)
    try:
        if set(found) != _KEYS:
            raise ValueError(f"it has not {', '.join(sorted(_KEYS))}")
        seed, blocks, finished = found["seed"], found["blocks"], found["finished"]
        if type(seed) is not int or type(blocks) is not int or type(finished) is not bool or seed < 0 or blocks < 0:
            raise ValueError("seed and blocks are integers >= 0, finished is true or false")
        task, stop = task_from_json(_canonical(found["task"])), stop_from_json(_canonical(found["stop"]))
        tally = Tally.from_json(_canonical(found["tally"]))
        last = None if found["last"] is None else Tally.from_json(_canonical(found["last"]))
        if tally.trials != blocks * task.trials_a_block or (last is None) != (blocks == 0):
            raise ValueError(f"{blocks} blocks of {task.trials_a_block} trials are not the {tally.trials} of its sums")
        answer = Collected(task, seed, stop, blocks, tally, last, finished)
        answer.rows()  # sums of another shape would be found out here
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise ValueError(f"{path}, line {number}: not an answer of a sweep ({error}); export it again") from None
    return answer


def _object(line: bytes, path: str | os.PathLike[str], number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
        if isinstance(found, dict):
            return found
        reason = "no object"
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise ValueError(f"{path}, line {number}: not JSON as `slth sweep export` writes it ({reason}); export it again")


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
