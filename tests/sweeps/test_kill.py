"""`kill -9` at random moments: the store is whole, what was committed is there, and the final numbers are those of an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slth.sweeps import Store

SPEC = """
[sweep]
seed = 3
stop = { successes = 300, most = 30_000 }

[[task]]
kind = "rss-target"
law = ["uniform", "normal"]
ns = [6, 8, 10, 12]
epsilons = [0.01, 0.001]
trials_a_block = 50
"""
ROOT = Path(__file__).parents[2]


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "slth.cli", "sweep", *map(str, words)]


def exported(store: Path) -> bytes:
    table = store.with_suffix(".csv")
    subprocess.run(command("export", store, "-o", table), cwd=ROOT, check=True, capture_output=True, timeout=300)
    return table.read_bytes()


def stored(path: Path) -> int:
    """Blocks in a store, read while it is written; 0 if there is none yet."""
    try:
        with Store(path) as store:
            return sum(store.count(entry) for entry in store.entries())
    except (OSError, ValueError):  # not there, or not yet a store
        return 0


def killed(path: Path, spec: Path, after: int, workers: int, delay: float) -> tuple[int, bool]:
    """Run until so many more blocks are stored and a moment longer, then kill; returns the blocks seen before, and if it still ran."""
    before = stored(path)
    run = ["run", spec, "--store", path, "--workers", workers]
    process = subprocess.Popen(command(*run), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while process.poll() is None and stored(path) < before + after and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(delay)
    seen, runs = stored(path), process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return seen, runs


@pytest.mark.slow
@pytest.mark.parametrize("draw", range(2))
def test_killed_at_random_moments(draw: int, tmp_path: Path) -> None:
    rng = random.Random(draw)
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    calm, rough = tmp_path / "calm.store", tmp_path / "rough.store"
    subprocess.run(command("run", spec, "--store", calm), cwd=ROOT, check=True, capture_output=True, timeout=300)
    interrupted = 0
    for _ in range(6):
        after = rng.choice([0, 0, 1, 20, 100])
        seen, runs = killed(rough, spec, after, rng.randint(1, 3), rng.uniform(0, 0.1))
        interrupted += runs
        if rough.exists() and seen:
            with Store(rough) as store:
                assert store.check() >= seen  # what a reader had seen is not lost
    assert interrupted >= 3
    done = subprocess.run(
        command("run", spec, "--store", rough), cwd=ROOT, check=True, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.count("finished") == 2
    assert exported(rough) == exported(calm)
    status = subprocess.run(command("status", rough, "--check"), cwd=ROOT, check=True, capture_output=True, text=True)
    assert "every hash and every sum is right" in status.stdout


LOOP = """
import sys
from slth.sweeps import Trials, collect
from tests.sweeps.fake import Coins
collect([Coins(seconds=0.002)], store=sys.argv[1], stop=Trials(10_000_000), workers=2)
"""


def test_killed_once(tmp_path: Path) -> None:
    """A reader saw so many blocks before the kill: they are there after it, and another writer goes on at once."""
    path = tmp_path / "store"
    process = subprocess.Popen([sys.executable, "-c", LOOP, str(path)], cwd=ROOT)
    until = time.monotonic() + 120
    while stored(path) < 30 and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.005)
    seen = stored(path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with Store(path, write=True) as store:
        assert store.check() >= seen >= 30
    assert os.listdir(tmp_path) == ["store"]
