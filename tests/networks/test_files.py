"""`slth.files`: whole files or none, and archives that lie."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slth.files
from slth.files import atomic_write, read_npz, write_npz

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=100)
ARRAYS = {
    "a": np.arange(12.0).reshape(3, 4),
    "layer.weight": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "names": np.array(["relu", "é"]),
    "flags": np.array([True, False]),
    "words": np.array([2**64 - 1], dtype=np.uint64),
    "big_endian": np.array([1.5, -0.0], dtype=">f8"),
    "bytes": np.array([b"ab", b"c"]),
    "number": np.int64(7),
    "none": np.empty((0, 3)),
}


def raw_npy(array: Any, header: dict[str, Any] | None = None) -> bytes:
    """An .npy file, with a header of our own on request."""
    buffer = io.BytesIO()
    if header is None:
        np.save(buffer, array)
    else:
        text = repr(header).encode().ljust(117) + b"\n"
        buffer.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + np.asarray(array).tobytes())
    return buffer.getvalue()


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def patch_directory(path: Path, offset: int, value: bytes) -> None:
    """Overwrite a field of the first entry of the zip directory."""
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02") + offset
    content[start : start + len(value)] = value
    path.write_bytes(content)


# --- atomic_write ------------------------------------------------------------------------------------------------


def test_write_creates_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    for content in (b"first", b"second"):
        with atomic_write(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    with atomic_write(path, "w") as file:
        file.write("né")
    assert path.read_bytes() == "né".encode()
    assert os.listdir(tmp_path) == ["file.bin"]


def test_old_file_is_seen_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_error_in_the_block_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with atomic_write(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.bin"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failing_last_steps_leave_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write() -> None:
        with atomic_write(path) as file:
            file.write(b"new")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(OSError, match="No space left"):
            write()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.bin"]


@pytest.mark.parametrize("size", [1, 100_000])
def test_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    class FullDisk(io.FileIO):
        def write(self, content: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def open_on_full_disk(path: Path, mode: str, encoding: None) -> io.BufferedWriter:
        return io.BufferedWriter(FullDisk(path, mode.replace("b", "")))

    path = tmp_path / "file.npz"
    path.write_bytes(b"old")

    monkeypatch.setattr(slth.files, "open", open_on_full_disk, raising=False)
    with pytest.raises(OSError, match="No space left"):
        write_npz(path, {"a": np.zeros(size)})
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.npz"]


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_npz(tmp_path / "file.npz", {"a": np.array([None])})
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions and links")
def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    path, link, plain = tmp_path / "file.bin", tmp_path / "link.bin", tmp_path / "plain.bin"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    plain.write_bytes(b"")
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    with atomic_write(tmp_path / "fresh.bin"):
        pass
    assert (tmp_path / "fresh.bin").stat().st_mode == plain.stat().st_mode


def test_write_refuses_places_that_are_no_file(tmp_path: Path) -> None:
    def write(path: Any) -> None:
        with atomic_write(path):
            raise AssertionError("must not be entered")

    with pytest.raises(IsADirectoryError, match=r"is a folder; name a file in it"):
        write(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"folder does not exist; create .*missing first"):
        write(tmp_path / "missing" / "file.bin")
    with pytest.raises(TypeError):
        write(3)
    if os.name == "posix":
        with pytest.raises(ValueError, match="no regular file"):
            write(os.devnull)
    assert not os.listdir(tmp_path)


def test_write_refuses_a_read_only_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # chmod does not stop the superuser
    with pytest.raises(PermissionError, match=r"no permission to; choose another name"), atomic_write(path):
        pass
    assert path.read_bytes() == b"old"


# --- read_npz ----------------------------------------------------------------------------------------------------


def write_ours(path: Path, **arrays: Any) -> None:
    write_npz(path, arrays)
    with np.load(path, allow_pickle=False) as file:
        assert list(file) == list(arrays)
        assert all(file[name].tobytes() == np.asarray(array).tobytes() for name, array in arrays.items())


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed, write_ours])
def test_reads_what_is_written(tmp_path: Path, save: Any) -> None:
    path = tmp_path / "file.npz"
    save(path, **ARRAYS)
    arrays = read_npz(path, expected=["a", "names"])
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == np.asarray(array).dtype
        assert arrays[name].shape == np.asarray(array).shape
        assert arrays[name].tobytes() == np.asarray(array).tobytes()
        assert arrays[name].flags.writeable


def test_missing_array_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "file.npz", a=1)
    with pytest.raises(ValueError, match=r"file\.npz lacks b \(it holds a\)"):
        read_npz(tmp_path / "file.npz", expected=["a", "b"])


def test_places_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder; name the"):
        read_npz(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz"):
        read_npz(tmp_path / "nothing.npz")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.npz")
        with pytest.raises(ValueError, match="no regular file"):
            read_npz(tmp_path / "pipe.npz")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 and nothing", raw_npy(np.zeros(3))])
def test_foreign_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot read .*file\.npz as an \.npz of plain arrays"):
        read_npz(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_truncated_anywhere(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "file.npz", a=np.arange(40.0))
    content = (tmp_path / "file.npz").read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "cut.npz").write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"cut\.npz"):
            read_npz(tmp_path / "cut.npz")


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.savez(tmp_path / "file.npz", a=np.array([Trap()], dtype=object))
    archive(tmp_path / "bare.npz", {"a.npy": b"\x80\x04."})
    for name in ("file.npz", "bare.npz"):
        with pytest.raises(ValueError, match=name):
            read_npz(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"descr": "<f8", "fortran_order": False, "shape": (2**40,)}, "declares shape"),
        ({"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**40)}, "declares shape"),
        ({"descr": "<f8", "fortran_order": False, "shape": (3,)}, "declares shape"),
        ({"descr": "<f8", "fortran_order": False, "shape": (-2, -1)}, "declares the shape"),
        ({"descr": "<f8", "fortran_order": False, "shape": (True, 2)}, "declares the shape"),
        ({"descr": "|O", "fortran_order": False, "shape": (2,)}, "type object"),
        ({"descr": [("x", "<f8")], "fortran_order": False, "shape": (2,)}, "not plain numbers"),
        ({"descr": "<M8[s]", "fortran_order": False, "shape": (2,)}, "not plain numbers"),
        ({"descr": "|V8", "fortran_order": False, "shape": (2,)}, "not plain numbers"),
        ({"descr": "<U0", "fortran_order": False, "shape": (2**60,)}, "not plain numbers"),
        ({"descr": "|b1", "fortran_order": False, "shape": (16,)}, "truth values"),
        ({"descr": "<U1", "fortran_order": False, "shape": (4,)}, "not Unicode"),
        ({"descr": ">U1", "fortran_order": False, "shape": (4,)}, "not Unicode"),
        ({"descr": "nonsense", "fortran_order": False, "shape": (2,)}, "cannot read"),
        ({"descr": "<f8", "shape": (2,)}, "cannot read"),
    ],
)
def test_lying_and_strange_headers(tmp_path: Path, header: dict[str, Any], message: str) -> None:
    content = raw_npy(np.full(2, -1.7e-300), header)
    with pytest.raises(ValueError, match=message):
        read_npz(archive(tmp_path / "file.npz", {"a.npy": content}))


@pytest.mark.parametrize("start", [b"\x93NUMPY\x03\x00", b"\x93NUMPY\x09\x00", b"(((((((((("])
def test_unknown_versions(tmp_path: Path, start: bytes) -> None:
    content = start + raw_npy(np.zeros(2))[len(start) :]
    with pytest.raises(ValueError, match=r"file\.npz"):
        read_npz(archive(tmp_path / "file.npz", {"a.npy": content}))


def test_strange_members(tmp_path: Path) -> None:
    good = raw_npy(np.zeros(2))
    path = tmp_path / "file.npz"
    for name in ("readme.txt", "folder/", ".npy"):
        with pytest.raises(ValueError, match=r"is no \.npy array"):
            read_npz(archive(path, {name: good if name != "folder/" else b""}))
    with pytest.raises(ValueError, match="zip method 14"):
        read_npz(archive(path, {"a.npy": good}, zipfile.ZIP_LZMA))
    archive(path, {"a.npy": good})
    patch_directory(path, 8, b"\x01\x00")
    with pytest.raises(ValueError, match="encrypted"):
        read_npz(path)
    archive(path, {"a.npy": good, "b.npy": good})
    path.write_bytes(path.read_bytes().replace(b"b.npy", b"a.npy"))
    with pytest.raises(ValueError, match="twice"):
        read_npz(path)


def test_damaged_data_fails_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    np.savez(path, a=np.full(100, 1 / 3))
    content = bytearray(path.read_bytes())
    content[content.index(struct.pack("<d", 1 / 3))] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="CRC"):
        read_npz(path)


ZEROS = 8 << 20  # bytes; some 8 KiB deflated


@pytest.mark.parametrize("lie", ["none", "directory too small", "both too small", "both too large"])
def test_zip_bombs_take_no_memory(tmp_path: Path, lie: str) -> None:
    told = {"both too small": 2, "both too large": 2**26}.get(lie, ZEROS // 8)
    content = raw_npy(b"", {"descr": "<f8", "fortran_order": False, "shape": (told,)})
    path = archive(tmp_path / "file.npz", {"a.npy": content + bytes(16 if lie == "both too large" else ZEROS)})
    if lie.startswith("both"):
        patch_directory(path, 24, struct.pack("<I", len(content) + 8 * told))
    elif lie == "directory too small":
        patch_directory(path, 24, struct.pack("<I", len(content) + 16))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"file\.npz"):
            read_npz(path, max_bytes=1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_a_declared_size_without_data_is_an_error(tmp_path: Path) -> None:
    content = raw_npy(b"", {"descr": "<f8", "fortran_order": False, "shape": (1000,)})
    path = archive(tmp_path / "file.npz", {"a.npy": content + bytes(16)})
    patch_directory(path, 24, struct.pack("<I", len(content) + 8000))
    with pytest.raises(ValueError, match=r"file\.npz"):
        read_npz(path)


def test_the_limit_is_for_all_members_together(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "file.npz", **{f"a{i}": np.zeros(1000) for i in range(10)})
    assert len(read_npz(tmp_path / "file.npz", max_bytes=82_000)) == 10
    with pytest.raises(ValueError, match=r"declares 81,280 bytes of arrays, more than max_bytes=80,000"):
        read_npz(tmp_path / "file.npz", max_bytes=80_000)


@FIXED
@given(st.data())
def test_any_damage_is_a_value_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.arange(5.0), names=np.array(["x"]))
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(content)
    with contextlib.suppress(ValueError):  # anything else fails the test
        arrays = read_npz(path, max_bytes=10_000)
        assert sum(array.nbytes for array in arrays.values()) <= 10_000
