"""Large arrays in nameless files: the same numbers, no leftovers, one clear error where the disk has no room."""

from __future__ import annotations

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from slth import spool
from slth.files import mapped
from slth.spool import out_of_core

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")


def nameless(folder: Path) -> dict[int, int]:
    """Inode and bytes on disk of every open file of the folder that has no name."""
    found = {}
    for link in os.listdir("/proc/self/fd"):
        try:
            at, status = os.readlink(f"/proc/self/fd/{link}"), os.stat(f"/proc/self/fd/{link}")
        except OSError:
            continue
        if at.startswith(str(folder)) and status.st_nlink == 0:
            found[status.st_ino] = status.st_blocks * 512
    return found


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.bool_, "<f4"])
def test_arrays_are_those_of_numpy(lasting: bool, dtype: str, tmp_path: Path) -> None:
    for shape in ((), (1,), (3, 5), (0, 4), (700, 11)):
        with out_of_core(tmp_path, above=1):
            array, other = (spool.zeros(shape, dtype, lasting=lasting) for _ in range(2))
        assert type(array) is np.ndarray
        assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
        assert not array.any()
        assert array.flags.c_contiguous
        array[...] = 1  # after the block, and without a trace in the other
        assert array.all()
        assert not other.any()


@LINUX
def test_only_large_arrays_go_to_files_and_only_within_the_block(tmp_path: Path) -> None:
    with out_of_core(tmp_path, above=800):
        assert spool.in_use()
        small = spool.zeros((99,))
        assert nameless(tmp_path) == {}
        large = spool.zeros((100,))
        assert len(nameless(tmp_path)) == 1
        seen: list[bool] = []
        thread = threading.Thread(target=lambda: seen.append(spool.in_use()))
        thread.start()
        thread.join()
        assert seen == [False]
    assert not spool.in_use()
    outside = spool.zeros((100,))
    assert len(nameless(tmp_path)) == 1
    assert small.size + large.size + outside.size == 299


@LINUX
def test_files_have_no_names_and_go_with_the_last_array(tmp_path: Path) -> None:
    with out_of_core(tmp_path, above=1):
        lasting = [spool.zeros((1 << 16,), np.uint8, lasting=True) for _ in range(50)]
        alone = [spool.zeros((1 << 16,), np.uint8) for _ in range(3)]
        assert os.listdir(tmp_path) == []
        assert len(nameless(tmp_path)) == 4  # 50 that last share one
        assert sum(nameless(tmp_path).values()) >= 53 << 16
        view = alone.pop()[5:9]
        del alone
        gc.collect()
        assert len(nameless(tmp_path)) == 2
    assert len(nameless(tmp_path)) == 2
    assert not view.any()
    del view, lasting
    gc.collect()
    assert nameless(tmp_path) == {}


def test_more_than_one_file_of_lasting_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_SEGMENT", 10_000)
    with out_of_core(tmp_path, above=1):
        arrays = [spool.zeros((size,), np.uint8, lasting=True) for size in (4000, 5000, 3000, 50_000, 10, 9000)]
    for i, array in enumerate(arrays):
        array[:] = i
    assert all((array == i).all() for i, array in enumerate(arrays))


@LINUX
def test_nothing_is_left_however_the_process_ends(tmp_path: Path) -> None:
    code = (
        "import sys, time, numpy as np\nfrom slth import spool\n"
        "with spool.out_of_core(sys.argv[1], above=1):\n"
        "    held = [spool.zeros((1000,), lasting=lasting) for lasting in (True, False)]\n"
        "    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(end)
            assert process.wait(30) != 0
        assert os.listdir(tmp_path) == []


# --- no room ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_one_clear_error_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, start: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    for lasting in (False, True):
        with out_of_core(tmp_path, above=1), pytest.raises(OSError, match="no room for 8,000 bytes") as caught:
            spool.zeros((1000,), lasting=lasting)
        assert caught.value.errno == errno.ENOSPC
        assert str(tmp_path) in str(caught.value)
        assert "larger disk" in str(caught.value)


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs a limit on the size of files")
def test_a_limit_that_the_system_sets(tmp_path: Path) -> None:
    """Really out of room: no file of the process may be larger than 100,000 bytes."""
    code = (
        "import resource, sys, numpy as np\nfrom slth import spool\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
        "def attempt(make):\n"
        "    try:\n        make()\n    except OSError as error:\n        print(error)\n"
        "with spool.out_of_core(sys.argv[1], above=1):\n"
        "    spool.zeros((10_000,))\n"
        "    attempt(lambda: spool.zeros((20_000,)))\n"
        "    attempt(lambda: spool.zeros((20_000,), lasting=True))\n"
        "    attempt(lambda: spool.joined(([np.ones(20_000)] for _ in range(3)), 1))\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert len(lines) == 3
    assert all("no room for 160,000 bytes of large arrays" in line for line in lines)


@LINUX
def test_systems_that_cannot_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with out_of_core(tmp_path, above=1):
        arrays = [spool.zeros((300_000,), lasting=lasting) for lasting in (False, True, True)]
    assert not any(array.any() for array in arrays)
    assert sum(nameless(tmp_path).values()) >= 3 * 2_400_000


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "nothing"):
        with pytest.raises(NotADirectoryError, match="create it, or name another"), out_of_core(tmp_path / name):
            pass
    with pytest.raises(TypeError, match="folder must be a path, got 3"), out_of_core(3):  # type: ignore[arg-type]
        pass
    with pytest.raises(TypeError, match="above must be a number of bytes, got 'x'"), out_of_core(tmp_path, above="x"):  # type: ignore[arg-type]
        pass
    (tmp_path / "gone").mkdir()
    with out_of_core(tmp_path / "gone", above=1):
        (tmp_path / "gone").rmdir()
        for lasting in (False, True):
            with pytest.raises(FileNotFoundError, match=r"no file for large arrays can be made in .*: name another"):
                spool.zeros((10,), lasting=lasting)
    for above in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="positive number of bytes"), out_of_core(tmp_path, above=above):  # type: ignore[arg-type]
            pass
    assert not spool.in_use()


# --- what is made of arrays ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("above", [1, 100, 1 << 30])
def test_joined_is_the_concatenation(above: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parts = [[rng.normal(size=n), rng.normal(size=2 * n)[::2]] for n in (0, 3, 1, 40, 0, 7)]
    for some in ([], [[np.zeros(0)] * 2], parts):
        with out_of_core(tmp_path, above=above):
            spooled = spool.joined(iter(some), 2)
        for mine, plain, column in zip(spooled, spool.joined(some, 2), range(2), strict=True):
            expected = np.concatenate([np.zeros(0), *(part[column] for part in some)])
            assert mine.tobytes() == plain.tobytes() == expected.tobytes()
    assert os.listdir(tmp_path) == []


def test_copied(tmp_path: Path) -> None:
    values = np.arange(12, dtype=">f4").reshape(3, 4).T
    for above in (1, 1 << 20):
        with out_of_core(tmp_path, above=above):
            copy = spool.copied(values)
        assert copy.dtype == np.float64
        assert copy.flags.c_contiguous
        assert copy.tolist() == values.tolist()
        copy[0, 0] = 7
        assert values[0, 0] == 0


def test_slices() -> None:
    assert [(s.start, s.stop) for s in spool.slices(7, 3)] == [(0, 3), (3, 6), (6, 7)]
    assert list(spool.slices(0, 3)) == []


def test_computed_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = np.arange(60.0).reshape(5, 4, 3), np.linspace(1, 2, 5).reshape(5, 1, 1)
    for together in (1, 20, 1000):
        monkeypatch.setattr(spool, "_TOGETHER", together)
        with out_of_core(tmp_path, above=1):
            np.testing.assert_array_equal(spool.computed(np.multiply, a, b), a * b)
        np.testing.assert_array_equal(spool.computed(lambda rows: rows + 1, a[:, 0]), a[:, 0] + 1)
    assert spool.computed(np.multiply, a[:0], b[:0]).shape == (0, 4, 3)


def test_mapped_files(tmp_path: Path) -> None:
    for content in (b"", b"abc"):
        (tmp_path / "file").write_bytes(content)
        found = mapped(tmp_path / "file")
        assert (len(found), found[:]) == (len(content), content)
    with pytest.raises(IsADirectoryError):
        mapped(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        mapped(tmp_path / "pipe")
