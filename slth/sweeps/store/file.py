"""The file of a store: SQLite, with tables known beforehand, many readers and one writer."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from weakref import WeakSet

from slth.files import regular_size, writable
from slth.sweeps.store.errors import StoreBusyError, StoreError, explained

_APPLICATION = 0x736C7468  # "slth"
_SCHEMA = 1
_LARGEST = 1 << 26  # bytes of one value
_WAIT = 5.0  # seconds for a lock of somebody else
_KEY = "series INTEGER NOT NULL"
_SUM = "tally TEXT NOT NULL, hash BLOB NOT NULL"
_TABLES = {
    "series": "(number INTEGER PRIMARY KEY, id TEXT NOT NULL, seed TEXT NOT NULL, task TEXT NOT NULL, UNIQUE (id, seed))",
    "blocks": f"({_KEY}, block INTEGER NOT NULL, {_SUM}, PRIMARY KEY (series, block)) WITHOUT ROWID",
    "prefixes": f"({_KEY}, blocks INTEGER NOT NULL, {_SUM}, PRIMARY KEY (series, blocks)) WITHOUT ROWID",
    "decisions": f"({_KEY}, rule TEXT NOT NULL, blocks INTEGER NOT NULL, met INTEGER NOT NULL, {_SUM}, PRIMARY KEY (series, rule)) "
    "WITHOUT ROWID",
}
_SCHEMA_TEXT = {name: f"CREATE TABLE {name} {columns}" for name, columns in _TABLES.items()}


class StoreFile:
    """A file with the tables of a store, open.

    Parameters
    ----------
    path : path
    write : bool
        Whether to write, and to make the file if it is not there.

    Attributes
    ----------
    path : Path
    writes : bool
        Whether it was opened to write.

    Raises
    ------
    StoreError
        If the file is something else, damaged, or of another version.
    StoreBusyError
        If it is to be written and another process does so.
    OSError
        If it cannot be opened, read or written.

    Notes
    -----
    Written in WAL mode, where readers and the writer do not wait for each other, and a commit outlives the process as soon as it is made.
    It does not wait for the disk: when the power fails the last commits may be lost, and the file is as it was before them. Nothing in
    a file is executed: views and triggers, as all that is not one of the tables, make it no store.
    """

    def __init__(self, path: str | os.PathLike[str], *, write: bool = False) -> None:
        self.path = Path(os.fsdecode(path))
        self.writes = write
        self._lock: IO[bytes] | None = None
        target = writable(self.path) if write else self.path
        if not write:
            regular_size(target)
        with explained(self.path):
            if write:
                self._lock = _locked(target)
            try:
                uri = f"{target.absolute().as_uri()}?mode={'rwc' if write else 'ro'}"
                self._sql = sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None)
                try:
                    self._begin(write)
                except BaseException:
                    self._sql.close()
                    raise
            except BaseException:
                self._unlock()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the file to others."""
        try:
            if self.writes:
                # one plain file at rest, which can be read where nothing can be written; a reader may prevent it
                with suppress(sqlite3.Error):
                    self._sql.execute("PRAGMA busy_timeout = 0")
                    self._sql.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._sql.close()
            self._unlock()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept, or, after an error, none of it."""
        with explained(self.path):
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sql.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled back already
                    self._sql.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment, whatever is written meanwhile."""
        with explained(self.path):
            self._sql.execute("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):  # after some errors SQLite has ended it itself
                self._sql.execute("ROLLBACK")

    def sound(self) -> bool:
        """Whether SQLite finds no fault in the file; reads all of it."""
        with explained(self.path):
            return bool(self._sql.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))

    def _begin(self, write: bool) -> None:
        self._sql.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
        self._sql.execute("PRAGMA trusted_schema = OFF")
        self._sql.execute("PRAGMA cell_size_check = ON")
        found = self._schema()
        if write and not found and self._pragma("application_id") in (0, _APPLICATION):
            self._sql.execute("PRAGMA journal_mode = WAL")
            with self.transaction():
                for statement in _SCHEMA_TEXT.values():
                    self._sql.execute(statement)
                self._sql.execute(f"PRAGMA application_id = {_APPLICATION}")
                self._sql.execute(f"PRAGMA user_version = {_SCHEMA}")
            found = self._schema()
        if not found and self._pragma("application_id") in (0, _APPLICATION):
            raise StoreError(f"{self.path} is empty: no sweep has written to it yet; run one, or name another file")
        if self._pragma("application_id") != _APPLICATION:
            raise StoreError(f"{self.path} is no store of sweeps, but another SQLite file; name another file")
        version = self._pragma("user_version")
        if version != _SCHEMA:
            raise StoreError(
                f"{self.path} is a store of version {version}, this slth reads version {_SCHEMA}; use the slth that wrote it"
            )
        if found != _SCHEMA_TEXT:
            raise StoreError(f"{self.path} has not the tables of a store of sweeps; name another file, or remove it")
        if write:
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = NORMAL")

    def _schema(self) -> dict[str, str]:
        """What there is by its name; indices that constraints made, which have no text, belong to their tables."""
        rows = self._sql.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {str(name): str(text) for name, text in rows}

    def _pragma(self, name: str) -> int:
        return int(self._sql.execute(f"PRAGMA {name}").fetchone()[0])

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(path: Path) -> IO[bytes]:
    """The file, held against other writers until it is closed or this process ends, however it ends.

    Raises
    ------
    StoreBusyError
        If another holds it.
    """
    file = open(path, "ab")  # noqa: SIM115  (open as long as the store)
    try:
        import fcntl
    except ImportError:  # Windows: there SQLite's own locks alone keep writers apart, one transaction at a time
        return file
    try:
        # not SQLite's kind of lock (fcntl's), which a process gives up with the first handle of the file that it closes
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StoreBusyError(
            f"{path} is locked: another process writes to it; wait until it ends, or write to another store and merge the two"
        ) from None
    _LOCKS.add(file)
    return file


def _drop_locks() -> None:
    for file in _LOCKS:
        file.close()


_LOCKS: WeakSet[IO[bytes]] = WeakSet()
if hasattr(os, "register_at_fork"):
    # a worker that was forked from this process must not hold the lock when this process has been killed
    os.register_at_fork(after_in_child=_drop_locks)
