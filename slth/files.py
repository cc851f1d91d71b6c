"""Writing a file whole or not at all, and reading an ``.npz`` that nobody vouches for."""

from __future__ import annotations

import math
import mmap
import os
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import ArrayLike, NDArray

from slth import spool

npy: Any = npy_format  # NumPy 1.26 leaves these functions untyped
PLAIN_KINDS = "biufcSU"  # bool, integers, floats, complex, bytes, text: plain values; no objects, no records, no dates
HEADER_BYTES = 10_000  # NumPy's own limit on the text it is willing to parse
CHUNK_BYTES = 1 << 20
DEFAULT_MAX_BYTES = 1 << 30
Content = bytes | mmap.mmap


def writable(path: str | os.PathLike[str]) -> Path:
    """The file that `path` names, symbolic links followed, if it may be written; for a check before long work, too.

    Raises
    ------
    IsADirectoryError, FileNotFoundError, PermissionError
        If `path` is a folder, its folder does not exist, or it may not be written.
    ValueError
        If `path` exists and is no regular file (a device, a pipe).
    """
    target = Path(os.path.realpath(os.fsdecode(path)))
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {target}: it is a folder; name a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {target}: its folder does not exist; create {target.parent} first")
    if target.exists() and not target.is_file():
        raise ValueError(f"cannot write {target}: it is no regular file; choose another name")
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise PermissionError(f"cannot write {target}: no permission to; choose another name or folder")
    return target


@contextmanager
def atomic_write(path: str | os.PathLike[str], mode: Literal["wb", "w"] = "wb") -> Iterator[IO[Any]]:
    """Open a temporary file next to `path`; put it in the place of `path` when the block ends without an error.

    A reader sees the old file or the new one, never a part: the bytes are forced to disk before the temporary file is
    renamed. After any failure (an exception in the block, a full disk) the old file is as it was and the temporary one
    is gone. A symbolic link keeps pointing where it did; an existing file keeps its permissions. Text is UTF-8.

    Raises
    ------
    IsADirectoryError, FileNotFoundError, PermissionError
        If `path` is a folder, its folder does not exist, or it may not be written.
    ValueError
        If `path` exists and is no regular file (a device, a pipe).
    """
    target = writable(path)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        # "x" instead of tempfile: fails if the name exists too, but gives the permissions that a plain open gives.
        with open(temporary, mode.replace("w", "x"), encoding=None if "b" in mode else "utf-8") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened (POSIX)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, ArrayLike], *, compress: bool = False) -> None:
    """Write named arrays to an ``.npz``, whole or not at all (`atomic_write`); the same bytes every time.

    Like ``numpy.savez`` (with `compress`: ``numpy.savez_compressed``), which allow pickles and leave a part on a full disk.

    Raises
    ------
    OSError
        As `atomic_write`.
    ValueError
        If an array holds objects.
    """
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            # zip64 from the start: a member is written as a stream, and its header cannot grow afterwards
            with archive.open(member, "w", force_zip64=True) as stream:
                npy.write_array(stream, np.asanyarray(array), allow_pickle=False)


def regular_size(path: str | os.PathLike[str]) -> int:
    """Bytes of the regular file at `path`; a check before it is opened.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If there is none, or a folder.
    ValueError
        If it is a device or a pipe.
    """
    name = os.fsdecode(path)
    status = os.stat(name)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"cannot read {name}: it is a folder; name the file in it")
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for a writer
        raise ValueError(f"cannot read {name}: it is no regular file; copy its content into one first")
    return status.st_size


def mapped(path: str | os.PathLike[str]) -> Content:
    """The bytes of the regular file at `path`, read from it when they are looked at; it must not be cut short meanwhile.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, ValueError
        As `regular_size`.
    """
    if regular_size(path) == 0:  # nothing to map
        return b""
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def read_npz(
    path: str | os.PathLike[str], *, expected: Iterable[str] = (), max_bytes: int | None = None
) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file, read without trusting it: no pickles, no allocation that the file cannot back.

    Reads what `write_npz`, `numpy.savez` and `numpy.savez_compressed` write. What each member declares (its ``.npy``
    shape and type against the size in the zip directory, all members together against `max_bytes`) is checked before
    memory is taken for any of them, and no more than the declared bytes are ever unpacked. Equivalent to
    ``dict(np.load(path, allow_pickle=False))`` for a file it accepts.

    Parameters
    ----------
    path : path
    expected : names
        Arrays that must be there; others may be, and are returned too.
    max_bytes : int, optional
        Most bytes of array data to take; by default 1 GiB, or the size of the file where that is more (so that an
        uncompressed file can always be read).

    Returns
    -------
    dict of arrays
        In the order of the file, each with the type and byte order it was stored with, writable, owned by the caller; large ones in files
        within `slth.spool.out_of_core`.

    Raises
    ------
    ValueError
        If the file is no ``.npz``, is truncated or damaged, holds anything but plain arrays, declares more than
        `max_bytes`, or lacks an expected array. The message names the path.
    FileNotFoundError, IsADirectoryError, PermissionError
        If there is nothing at `path` that can be opened.

    Notes
    -----
    Time and memory are linear in the declared bytes.
    """
    name = os.fsdecode(path)
    size = regular_size(name)
    limit = max(DEFAULT_MAX_BYTES, size) if max_bytes is None else max_bytes
    with open(name, "rb") as file:
        try:
            arrays = _read_archive(file, limit)
        # A hostile archive makes the standard parsers raise whatever they like (BadZipFile, zlib.error, EOFError,
        # struct.error, NotImplementedError, TokenError, ...): to the caller all of it is one thing, a bad file.
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise ValueError(
                f"cannot read {name} as an .npz of plain arrays: {reason}; write the file again"
            ) from error
    missing = [key for key in expected if key not in arrays]
    if missing:
        raise ValueError(f"{name} lacks {', '.join(missing)} (it holds {', '.join(arrays) or 'nothing'}); wrong file?")
    return arrays


def _read_archive(file: IO[bytes], limit: int) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        _check_directory(members, limit)
        headers = [_read_header(archive, member) for member in members]
        return {
            member.filename.removesuffix(".npy"): _read_array(archive, member, *header)
            for member, header in zip(members, headers, strict=True)
        }


def _check_directory(members: list[zipfile.ZipInfo], limit: int) -> None:
    """Refuse what np.savez never writes, and more bytes than allowed, from the zip directory alone."""
    seen: set[str] = set()
    for member in members:
        if not member.filename.endswith(".npy") or member.filename == ".npy":
            raise ValueError(f"member {member.filename!r} is no .npy array")
        if member.filename in seen:
            raise ValueError(f"member {member.filename!r} appears twice")
        seen.add(member.filename)
        if member.flag_bits & 0x1:
            raise ValueError(f"member {member.filename!r} is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"member {member.filename!r} uses zip method {member.compress_type}, not stored or deflated"
            )
    total = sum(member.file_size for member in members)
    if total > limit:
        raise ValueError(f"it declares {total:,} bytes of arrays, more than max_bytes={limit:,}")


def _read_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[int, tuple[int, ...], bool, np.dtype[Any]]:
    """Length of the header, shape, Fortran order and type of a member, consistent with its declared size."""
    with archive.open(member) as stream:
        start = BytesIO(stream.read(HEADER_BYTES + 12))
    version = npy.read_magic(start)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(start, max_header_size=HEADER_BYTES)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(start, max_header_size=HEADER_BYTES)
    else:  # 3.0 exists for field names in UTF-8, and records are refused anyway
        raise ValueError(f"member {member.filename!r} has .npy version {version}, not (1, 0) or (2, 0)")
    if dtype.kind not in PLAIN_KINDS or dtype.itemsize == 0:
        raise ValueError(f"member {member.filename!r} holds values of type {dtype}, not plain numbers or text")
    if any(isinstance(extent, bool) or extent < 0 for extent in shape):
        raise ValueError(f"member {member.filename!r} declares the shape {shape}")
    declared = start.tell() + math.prod(shape) * dtype.itemsize
    if declared != member.file_size:
        raise ValueError(
            f"member {member.filename!r} declares shape {shape} of {dtype}, {declared:,} bytes, "
            f"but the archive declares {member.file_size:,}"
        )
    return start.tell(), shape, fortran, dtype


def _read_array(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    skip: int,
    shape: tuple[int, ...],
    fortran: bool,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """The data of a member whose header was checked, read in chunks; the last read checks the CRC."""
    data = spool.zeros((member.file_size - skip,), np.uint8, lasting=True)
    with archive.open(member) as stream:
        stream.read(skip)
        done = 0
        while chunk := stream.read(CHUNK_BYTES):
            data[done : done + len(chunk)] = np.frombuffer(chunk, dtype=np.uint8)
            done += len(chunk)
    if done != data.size:
        raise ValueError(f"member {member.filename!r} ends after {done:,} of {data.size:,} bytes")
    if dtype.kind == "b" and data.size and data.max() > 1:
        raise ValueError(f"member {member.filename!r} holds truth values other than 0 and 1")
    if dtype.kind == "U" and data.size and data.view(dtype.byteorder.replace("|", "=") + "u4").max() > 0x10FFFF:
        raise ValueError(f"member {member.filename!r} holds text that is not Unicode")
    return data.view(dtype).reshape(shape, order="F" if fortran else "C")
