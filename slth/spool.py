"""Arrays too large for memory: NumPy arrays like any other whose numbers lie in a nameless file, mapped into memory.

Inside ``with out_of_core():`` whatever grows with a network (its weights, masks, errors, what a certificate is computed from) is made by
the functions below; the rest of the package works on such arrays block by block and does not know the difference.
"""

from __future__ import annotations

import errno
import math
import mmap
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Real
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LARGE = 1 << 16  # bytes: smaller arrays stay in memory
_SEGMENT = 1 << 30  # arrays that last share files of so many bytes: an open file for each would be too many
_ZEROS = bytes(1 << 20)
_TOGETHER = 1 << 18  # numbers computed together


class _Spool:
    """A folder for files, and the file that is being filled with arrays that last."""

    def __init__(self, folder: Path, above: int) -> None:
        self.folder, self.above = folder, above
        self.file: IO[bytes] | None = None
        self.map: mmap.mmap | None = None
        self.used = 0

    def zeros(self, shape: tuple[int, ...], dtype: np.dtype[Any], lasting: bool) -> NDArray[Any]:
        size = math.prod(shape) * dtype.itemsize
        if not lasting:
            with self.opened() as file:
                self.reserve(file, 0, size)
                return np.ndarray(shape, dtype, mmap.mmap(file.fileno(), size))
        if self.map is None or self.used + size > len(self.map):
            self.close()
            self.file, self.used = self.opened(), 0
            self.reserve(self.file, 0, size)
            # longer than what is reserved: the rest is reserved when an array needs it
            os.truncate(self.file.fileno(), max(size, _SEGMENT))
            self.map = mmap.mmap(self.file.fileno(), max(size, _SEGMENT))
        else:
            assert self.file is not None
            self.reserve(self.file, self.used, size)
        array: NDArray[Any] = np.ndarray(shape, dtype, self.map, self.used)
        self.used += -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        return array

    def opened(self) -> IO[bytes]:
        """A file without a name: gone with the last array in it, however the process ends."""
        try:
            return tempfile.TemporaryFile(dir=self.folder, buffering=0)
        except OSError as error:
            raise type(error)(
                error.errno or errno.EIO,
                f"no file for large arrays can be made in {self.folder} ({error.strerror}): name another folder",
            ) from None

    def reserve(self, file: IO[bytes], start: int, size: int) -> None:
        """Take the space now: a disk that turns out to be full when a mapped page is written kills the process."""
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), start, size)
                return
            file.seek(start)
            for done in range(0, size, len(_ZEROS)):
                file.write(_ZEROS[: size - done])
        except OSError as error:
            raise self.full(error, size) from None

    def full(self, error: OSError, size: int) -> OSError:
        """The error that says what to do."""
        return OSError(
            error.errno or errno.EIO,
            f"no room for {size:,} bytes of large arrays in {self.folder} ({error.strerror}): name a folder on a larger disk, as in "
            "out_of_core('/scratch')",
        )

    def close(self) -> None:
        """Begin no more arrays in this file; those that lie in it keep it."""
        if self.file is not None:
            self.file.close()
        self.file = self.map = None


_current: ContextVar[_Spool | None] = ContextVar("spool", default=None)


@contextmanager
def out_of_core(folder: str | os.PathLike[str] | None = None, *, above: int = LARGE) -> Iterator[None]:
    """Within the block, keep large arrays in nameless files that are mapped into memory, so that memory does not grow with a network.

    `Network.read`, `approximate`, `Ticket.save`, `load` and `Ticket.verify` give the same results, bit for bit, for layers of all kinds; a
    large ticket is evaluated block by block anyway. What then takes memory is blocks, hidden neurons, and the numbers of an input on its
    way; but masks that a search has found, and their certificates, are held, and so is what compares or moves weights (`compare`,
    `perturb`, `Ticket.attack`). `Ticket.network` takes disk, 8 bytes for every weight of the source.

    The arrays outlive the block; their room on the disk is given back once nothing refers to them any more (that of arrays that share a
    file, to any of these), or the process ends, in whatever way. What is mapped counts as cache of the operating system, which writes it
    out and drops it as it needs the memory: but not with a folder that lies in memory itself (tmpfs), such as /tmp on some systems.

    Parameters
    ----------
    folder : path, optional
        Where the files lie; by default where `tempfile` puts them (environment variable TMPDIR).
    above : int
        Bytes from which an array is large; 64 KiB by default.

    Raises
    ------
    NotADirectoryError, PermissionError, TypeError, ValueError
        If `folder` is no folder that can be written to, or `above` is not positive.
    OSError
        Within the block, where no file can be made or the disk has no room; before anything is written to the array in question.
    """
    size: Any = above
    if not (folder is None or isinstance(folder, str | bytes | os.PathLike)):
        raise TypeError(f"folder must be a path, got {folder!r}")
    if isinstance(size, bool) or not isinstance(size, Real):
        raise TypeError(f"above must be a number of bytes, got {above!r}")
    place = Path(tempfile.gettempdir() if folder is None else os.fsdecode(folder))
    if not place.is_dir():
        raise NotADirectoryError(f"large arrays cannot lie in {place}: it is no folder; create it, or name another")
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(f"large arrays cannot lie in {place}: no permission to write there; name another folder")
    if not above >= 1:  # a file of no bytes cannot be mapped
        raise ValueError(f"above must be a positive number of bytes, got {above}")
    spool = _Spool(place, above)
    token = _current.set(spool)
    try:
        yield
    finally:
        _current.reset(token)
        spool.close()


def in_use() -> bool:
    """Whether large arrays go to files here."""
    return _current.get() is not None


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float64, *, lasting: bool = False) -> NDArray[Any]:
    """`numpy.zeros`, in a file if it is large: one of its own, or if it is `lasting` one that it shares with others that last."""
    spool, kind = _current.get(), np.dtype(dtype)
    if spool is None or math.prod(shape) * kind.itemsize < spool.above:
        return np.zeros(shape, kind)
    return spool.zeros(shape, kind, lasting)


def copied(values: NDArray[Any], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """A C-contiguous copy that lasts, of another type perhaps; nothing in between takes memory."""
    copy = zeros(values.shape, dtype, lasting=True)
    copy[...] = values
    return copy


def computed(function: Callable[..., NDArray[Any]], first: NDArray[Any], *others: NDArray[Any]) -> NDArray[np.float64]:
    """``function(first, *others)`` of arrays of as many rows, entry by entry, as a float64 array that lasts: some rows at a time."""
    made = zeros(first.shape, lasting=True)
    for rows in slices(len(first), max(1, _TOGETHER * len(first) // max(first.size, 1))):
        made[rows] = function(first[rows], *(other[rows] for other in others))
    return made


def joined(parts: Iterable[Sequence[NDArray[np.float64]]], columns: int) -> tuple[NDArray[np.float64], ...]:
    """Column by column, the concatenation of (m,) float64 arrays, `columns` in each part."""
    spool = _current.get()
    held: list[list[NDArray[np.float64]]] = [[np.zeros(0)] for _ in range(columns)]
    size = 0
    files: list[IO[bytes]] = []
    try:
        for part in parts:
            for column, values in zip(held, part, strict=True):
                column.append(values)
                size += values.nbytes
            if spool is not None and size >= spool.above:
                files = files or [spool.opened() for _ in range(columns)]
                _append(spool, files, held)
                size, held = 0, [[] for _ in range(columns)]
        if spool is None or not files:
            return tuple(np.concatenate(column) for column in held)
        _append(spool, files, held)
        return tuple(
            np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.float64)
            if file.tell()
            else np.zeros(0)
            for file in files
        )
    finally:
        for file in files:
            file.close()


def _append(spool: _Spool, files: list[IO[bytes]], held: list[list[NDArray[np.float64]]]) -> None:
    for file, column in zip(files, held, strict=True):
        for values in column:
            left = memoryview(np.ascontiguousarray(values).view(np.uint8).data)
            try:
                while left:
                    left = left[file.write(left) :]
            except OSError as error:
                raise spool.full(error, values.nbytes) from None


def slices(length: int, step: int) -> Iterator[slice]:
    """0 to `length` in steps."""
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))
