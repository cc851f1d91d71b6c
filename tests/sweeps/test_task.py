"""Tasks: names that depend on content alone, blocks that depend on (task, seed, index) alone."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np
import pytest

from slth.sweeps import Tally
from tests.sweeps.fake import Coins, Slow


def test_the_id_is_the_hash_of_the_parameters() -> None:
    task = Coins(20, heads=(0.1, 0.5))
    plain = {"kind": "test-coins", "version": 1, "trials_a_block": 20, "heads": [0.1, 0.5], "seconds": 0.0}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    assert task.to_json() == text
    assert task.id == sha256(text.encode()).hexdigest()[:32]
    assert pickle.loads(pickle.dumps(task)).id == task.id
    ids = {
        one.id for one in (task, Coins(20), Coins(), Slow(), replace(task, heads=(0.1,)), replace(task, seconds=1e-9))
    }
    assert len(ids) == 6


def test_another_version_is_another_task() -> None:
    class Newer(Coins):
        version: ClassVar[int] = 2

    assert Newer().id != Coins().id
    assert Newer().block(0, 0) != Coins().block(0, 0)


def test_a_block_is_a_function_of_task_seed_and_index() -> None:
    """The second way: the generator as NumPy documents it, from the 128 bits of the id and the index."""
    task = Coins(1000)
    blocks = {(seed, i): task.block(seed, i) for seed in (0, 1, 2**80) for i in (0, 1, 10**6)}
    assert len({found["sum"] for found in blocks.values()}) == len(blocks)
    words = [int(task.id[i : i + 8], 16) for i in (0, 8, 16, 24)]
    for (seed, i), found in blocks.items():
        assert task.block(seed, i) == found
        draws = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*words, i))).random(1000)
        assert found == Tally(1000, {"heads": (int((draws < 0.5).sum()),), "sum": int(np.rint(draws * 1e6).sum())})


@dataclass(frozen=True)
class Odd(Coins):
    kind: ClassVar[str] = "test-odd"
    gives: Any = None

    def measure(self, rng: np.random.Generator, trials: int) -> Any:
        return Tally(trials + 1) if self.gives is None else self.gives


def test_a_block_is_a_tally_of_its_trials() -> None:
    with pytest.raises(ValueError, match=r"Odd\.measure made 11 trials instead of 10"):
        Odd().block(0, 0)
    with pytest.raises(TypeError, match=r"Odd\.measure must give a Tally, got 3"):
        Odd(gives=3).block(0, 0)


@pytest.mark.parametrize("value", [{"a": 1}, np.array([0.5]), 1j, object()])
def test_parameters_are_plain(value: object) -> None:
    with pytest.raises(TypeError, match="gives of a task must be plain"):
        _ = Odd(gives=value).id
    with pytest.raises(ValueError, match="not JSON compliant"):
        _ = Odd(gives=float("nan")).id
