"""What can be wrong with a store, in words with a remedy."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class StoreError(ValueError):
    """The file is no store of sweeps, is damaged, or contradicts what is to be put into it."""


class ConflictError(StoreError):
    """The same block with two results; the message has both."""


class StoreBusyError(OSError):
    """Another process writes to the store."""


AGAIN = "restore a copy, or remove the file and run again: the numbers will be the same"
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CLOSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


@contextmanager
def explained(path: os.PathLike[str]) -> Iterator[None]:
    """Errors of SQLite inside come out as errors about the file.

    Raises
    ------
    StoreError
        If it is no SQLite file, damaged, or lacks what a store has.
    StoreBusyError
        If it is locked for longer than SQLite waits.
    OSError
        If the disk is full or fails, or the file may not be opened or written.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without its extension
        name = os.fspath(path)
        if code in _FULL:
            number = errno.ENOSPC if code == sqlite3.SQLITE_FULL else errno.EIO
            remedy = "what was stored before is untouched: make room, and run the same again to go on"
            raise OSError(number, f"cannot write to the store ({error}); {remedy}", name) from error
        if code in _BUSY:
            raise StoreBusyError(
                f"{name} is locked by another program ({error}); close it, and run the same again"
            ) from error
        if code in _CLOSED:
            raise PermissionError(
                errno.EACCES, f"cannot open or write the store ({error}); copy it to a folder of yours", name
            ) from error
        if code == sqlite3.SQLITE_NOTADB:
            raise StoreError(f"{name} is no store of sweeps (no SQLite file); name another file") from error
        raise StoreError(f"{name} is a damaged store ({error}); {AGAIN}") from error
