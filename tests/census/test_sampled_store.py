"""A sampled census that is stopped goes on where it was, to the same bits; a store of something else is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slth.census.answer import Census
from slth.census.sampled import flat_histogram, setting, splitting
from slth.census.sampled.store import Store
from slth.files import read_npz, write_npz
from tests.census.test_splitting import all_sampled, case

__all__ = ["all_sampled"]
METHODS: dict[str, Any] = {"splitting": splitting.count, "flat-histogram": flat_histogram.count}


def ask(method: str, **more: Any) -> Census:
    found: Census = METHODS[method](case(), sizes=[5, 6, 9], effort=0.1, **{"rng": 3, "workers": 2, **more})
    return found


def same(one: Census, two: Census) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in ("log2_by_size", "log2_lower", "log2_upper")
    )


@pytest.mark.usefixtures("all_sampled")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("after", [0, 4, 11])
def test_interrupted(method: str, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = tmp_path / "state.npz", ask(method)
    puts: list[str] = []
    put = Store.put

    def failing(self: Store, key: str, values: Any) -> None:
        if len(puts) == after:
            raise KeyboardInterrupt
        puts.append(key)
        put(self, key, values)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", failing)
        with pytest.raises(KeyboardInterrupt):
            ask(method, store=path, workers=1)
    assert path.exists() == (after > 0)
    with monkeypatch.context() as patch:
        again: list[str] = []
        patch.setattr(Store, "put", lambda self, key, values: (again.append(key), put(self, key, values)))
        assert same(ask(method, store=path, workers=3), whole)
    assert not set(puts) & set(again)
    # a third time nothing is left to compute, and the seed is known
    monkeypatch.setattr(Store, "put", lambda *_: pytest.fail("computed again"))
    assert same(ask(method, store=path, rng=None), whole)


def test_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 in the middle: the file is whole, and the numbers in the end are the same."""
    path = tmp_path / "state.npz"
    code = (
        "import sys; from slth.census.sampled import setting, splitting; from tests.census.test_splitting import case\n"
        "setting.LOOK_AT_ALL = 0\n"
        "splitting.count(case(), sizes=[5, 6, 9], effort=1, rng=3, workers=1, store=sys.argv[1])"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    stored = read_npz(path, expected=("task", "seed"))
    assert any(name.startswith("ladder.") for name in stored)
    monkeypatch.setattr(setting, "LOOK_AT_ALL", 0)
    found = [splitting.count(case(), sizes=[5, 6, 9], effort=1, rng=3, store=store) for store in (path, None)]
    assert same(*found)


@pytest.mark.usefixtures("all_sampled")
@pytest.mark.parametrize("method", METHODS)
def test_of_another_task(method: str, tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    ask(method, store=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="holds a run with rng=3, not 4; give that number, or another store"):
        ask(method, store=path, rng=4)
    others: list[Any] = [
        lambda: METHODS[method](case(epsilon=0.13), sizes=[5, 6, 9], effort=0.1, rng=3, store=path),
        lambda: METHODS[method](case(hidden=4), sizes=[5, 6, 9], effort=0.1, rng=3, store=path),
        lambda: METHODS[method](case(), sizes=[5, 6, 9], effort=0.2, rng=3, store=path),
        lambda: METHODS["flat-histogram" if method == "splitting" else "splitting"](
            case(), sizes=[5, 6, 9], effort=0.1, rng=3, store=path
        ),
    ]
    for other in others:
        with pytest.raises(
            ValueError,
            match=r"holds the state of another task .*; ask the same again, give another store, or delete it",
        ):
            other()
    assert path.read_bytes() == before


@pytest.mark.usefixtures("all_sampled")
def test_damaged(tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    ask("splitting", store=path)
    good, arrays = path.read_bytes(), read_npz(path)
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(ValueError, match=r"cannot read .* as an \.npz of plain arrays"):
        ask("splitting", store=path)
    spoiled: list[dict[str, Any]] = [
        {"slth_census": np.int64(9)},
        {"seed": np.array("three")},
        {"run.5.0": np.zeros(3)},
        {"run.5.0": np.zeros((2, 2))},
        {"ladder.5": np.zeros(5)},
    ]
    for change in spoiled:
        write_npz(path, {**arrays, **change})
        with pytest.raises(ValueError, match=r"delete it|give another store"):
            ask("splitting", store=path)
    with pytest.raises(FileNotFoundError, match="its folder does not exist"):
        ask("splitting", store=tmp_path / "nowhere" / "state.npz")


@pytest.mark.usefixtures("all_sampled")
def test_more_sizes_later(tmp_path: Path) -> None:
    """Sizes are independent in splitting: a store can be asked for others."""
    path = tmp_path / "state.npz"
    splitting.count(case(), sizes=[5, 6], effort=0.1, rng=3, store=path)
    assert same(splitting.count(case(), sizes=[5, 6, 9], effort=0.1, store=path), ask("splitting"))
