"""The state of a search in a file: written atomically, so that a search that was killed goes on from its last record."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slth.files import read_npz, writable, write_npz

if TYPE_CHECKING:
    from slth.search.loop import Progress

_OWN = ("task", "numbers", "records", "best_mask", "best_weights")


class Checkpoint:
    """The file of one search.

    Attributes
    ----------
    task : mapping of str to str
        What is searched for and how: all that the result depends on, the seed under ``"seed"``.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self.task: Mapping[str, str] = {}
        writable(self._path)  # fail before the work

    def write(self, now: Progress, state: Mapping[str, NDArray[Any]]) -> None:
        """Replace the file, whole or not at all.

        Raises
        ------
        OSError
            If the disk is full, say; the file is as it was.
        """
        numbers = [now.step, now.seconds, now.best_loss, now.best_accuracy, now.since, now.waiting]
        own: dict[str, NDArray[Any]] = {
            "task": np.frombuffer(json.dumps(self.task).encode(), np.uint8),
            "numbers": np.array(numbers, np.float64),
            "records": np.array(now.records, np.float64).reshape(-1, 5),
            "best_mask": np.packbits(now.best_mask),
            "best_weights": now.best_weights,
        }
        try:
            write_npz(self._path, own | {f"searcher_{name}": array for name, array in state.items()})
        except OSError as error:
            raise type(error)(
                error.errno,
                f"cannot write the checkpoint at step {now.step} ({error.strerror or error}); what was there is untouched: make room, "
                "and search again with the same arguments to go on",
                str(self._path),
            ) from None

    def seed(self) -> int | None:
        """The seed of the search that the file is of; None if there is no file yet."""
        if not self._path.exists():
            return None
        arrays = self._arrays()
        with self.blamed():
            return int(self._task_of(arrays)["seed"])

    def read(self) -> tuple[Progress, dict[str, NDArray[Any]]] | None:
        """What the file holds; None if there is none yet.

        Raises
        ------
        ValueError
            If it is no checkpoint, damaged, or of another search; the message says what differs.
        """
        from slth.search.loop import Progress

        if not self._path.exists():
            return None
        arrays = self._arrays()
        with self.blamed():
            there = self._task_of(arrays)
        if there != self.task:
            named = [key for key in self.task if there.get(key) != self.task[key]]
            differ = ", ".join(f"{k}: {str(there.get(k))[:60]} there, {self.task[k][:60]} here" for k in named)
            raise ValueError(f"{self._path} belongs to another search ({differ}); name another file, or remove it")
        with self.blamed():
            step, seconds, loss, right, since, waiting = arrays["numbers"].tolist()
            weights = arrays["best_weights"]
            mask = np.unpackbits(arrays["best_mask"], count=weights.size).astype(np.bool_)
            records = [(int(row[0]), *row[1:]) for row in arrays["records"].reshape(-1, 5).tolist()]
            now = Progress(int(step), seconds, loss, right, mask, weights, records, since, int(waiting))
            state = {name.removeprefix("searcher_"): a for name, a in arrays.items() if name.startswith("searcher_")}
        return now, state

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Whatever fails inside is the file's fault."""
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"{self._path} is a damaged checkpoint ({type(error).__name__}: {error}); remove it to begin anew"
            ) from None

    def _arrays(self) -> dict[str, NDArray[Any]]:
        try:
            return read_npz(self._path, expected=_OWN)
        except ValueError as error:
            raise ValueError(
                f"{error}; it was to be the checkpoint of a search: name another file, or remove it"
            ) from None

    @staticmethod
    def _task_of(arrays: Mapping[str, NDArray[Any]]) -> dict[str, str]:
        return dict(json.loads(arrays["task"].tobytes().decode()))
