"""The state of a sampled census in one file: what every finished run found, so that a run that was killed can go on."""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
import time
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.census.question import Question
from slth.files import read_npz, writable, write_npz
from slth.networks import seed_from
from slth.networks.archive import arrays_of, structure

VERSION: Final = 1
_SHARE = 20  # the file is written so rarely that it takes at most one part in twenty of the time


def digest_of(question: Question, settings: dict[str, Any]) -> str:
    """Fingerprint of a question and of the settings of a method: equal for equal answers, of functions as losses by their values."""
    found = hashlib.sha256()
    head = {
        "structure": structure(question.source),
        "epsilon": question.epsilon,
        "loss": question.loss,
        "settings": settings,
    }
    found.update(json.dumps(head, sort_keys=True).encode())
    probes: dict[str, Any] = {}
    assert question.inputs is not None
    assert question.wanted is not None
    if question.loss == "own":
        outputs = question.source(question.inputs)
        probes = {f"loss.{i}": float(question.measure(outputs * i, question.wanted)) for i in range(3)}
    arrays = {**arrays_of(question.source), "inputs": question.inputs, "wanted": question.wanted, **probes}
    for name, values in arrays.items():
        array = np.ascontiguousarray(values)
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


class Store:
    """Named arrays of numbers, one a finished run, and the seed; kept in a file if there is a path.

    Written whole or not at all, at once after a run if the last time is long enough ago that writing does not slow the work down (a
    twentieth): what a crash loses are the runs under way and those of the last few writing times.

    Raises
    ------
    ValueError
        If the file is damaged, or holds another task or seed.
    OSError
        If it cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, digest: str, rng: Any) -> None:
        self._path, self._digest = path, digest
        self._lock = threading.Lock()
        self._entries: dict[str, NDArray[np.float64]] = {}
        self._due, self._unsaved = -math.inf, False
        stored = None
        if path is not None:
            writable(path)
            if os.path.exists(path):
                stored = self._read(path)
        if stored is None:
            self.seed = seed_from(rng)
        else:
            self.seed = stored if rng is None else seed_from(rng)
            if self.seed != stored:
                raise ValueError(
                    f"{os.fsdecode(path or '')} holds a run with rng={stored}, not {self.seed}; give that number, or another store"
                )

    def _read(self, path: str | os.PathLike[str]) -> int:
        name = os.fsdecode(path)
        arrays = read_npz(path, expected=("slth_census", "task", "seed"))
        version, task, seed = (arrays.pop(key) for key in ("slth_census", "task", "seed"))
        if version.ndim or version.dtype.kind != "i" or version != VERSION:
            raise ValueError(
                f"{name} is not the state of a census of version {VERSION}, got {version!r}; give another store"
            )
        if task.ndim or str(task) != self._digest:
            raise ValueError(
                f"{name} holds the state of another task ({str(task)[:12]}..., asked was {self._digest[:12]}...): another source, target, "
                "epsilon, inputs, loss, method or effort (or, of the flat histogram, sizes); ask the same again, give "
                "another store, or delete it"
            )
        if seed.ndim or seed.dtype.kind != "U" or not str(seed).isdecimal():
            raise ValueError(f"{name} holds no seed but {seed!r}; it is damaged, delete it")
        for key, values in arrays.items():
            if values.dtype != np.float64 or values.ndim != 1:
                raise ValueError(
                    f"{name} holds {key} of {values.dtype} and shape {values.shape}, not a row of numbers; it is damaged, delete it"
                )
        self._entries = arrays
        return int(str(seed))

    def rng(self, *key: int) -> np.random.Generator:
        """The generator of one run, a pure function of the seed and the key."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))

    def get(self, key: str, length: int | None = None) -> NDArray[np.float64] | None:
        """What was put there, if anything.

        Raises
        ------
        ValueError
            If it does not have that length.
        """
        found = self._entries.get(key)
        if found is not None and length is not None and found.size != length:
            raise ValueError(
                f"{os.fsdecode(self._path or '')} holds {found.size} numbers of {key}, not {length}; it is damaged, delete it"
            )
        return found

    def put(self, key: str, values: ArrayLike) -> None:
        """Keep a row of numbers; any thread may."""
        with self._lock:
            self._entries[key] = np.asarray(values, np.float64)
            self._unsaved = True
            if time.monotonic() >= self._due:
                self._write()

    def flush(self) -> None:
        """Write what is not yet written."""
        with self._lock:
            if self._unsaved:
                self._write()

    def _write(self) -> None:
        self._unsaved = False
        if self._path is None:
            return
        begun = time.monotonic()
        head: dict[str, ArrayLike] = {
            "slth_census": np.int64(VERSION),
            "task": np.array(self._digest),
            "seed": np.array(str(self.seed)),
        }
        write_npz(self._path, {**head, **self._entries})
        now = time.monotonic()
        self._due = now + (_SHARE - 1) * (now - begun)
