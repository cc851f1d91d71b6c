"""`slth sweep`: its parts, what they print and write, exit codes."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from slth import cli
from slth.sweeps import Store, Trials, collect
from slth.sweeps.spec import read_spec
from slth.sweeps.tasks import KINDS
from tests.sweeps.fake import Coins, Faulty
from tests.sweeps.test_kill import stored

SPEC = """[sweep]
stop = { trials = 200 }

[[task]]
kind = "test-coins"
heads = [[0.25, 0.5], [0.75]]
trials_a_block = [10, 20]
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(KINDS, Coins.kind, Coins)
    monkeypatch.setitem(KINDS, Faulty.kind, Faulty)
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = cli.main(["sweep", *map(str, words)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_from_a_specification_to_a_table(capsys: pytest.CaptureFixture[str], spec: Path) -> None:
    code, out, _ = run(capsys, "run", spec, "--store", "a.store", "--workers", 2, "--plot", "a.png", "--along", "heads")
    assert code == 0
    assert out.count("finished") == 4
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = run(capsys, "status", "a.store", "--check")
    assert code == 0
    assert "every hash and every sum is right" in out
    assert out.count("finished") == 4
    code, out, _ = run(capsys, "export", "a.store", "-o", "a.csv")
    assert (code, out) == (0, "written: a.csv (6 estimates)\n")
    rows = list(csv.DictReader(Path("a.csv").read_text().splitlines()))
    tasks = read_spec(spec).tasks
    found = collect(tasks, stop=Trials(200))
    expected = [row for one in found for row in one.rows()]
    assert [int(row["successes"]) for row in rows] == [row.successes for row in expected]
    assert [float(row["lower"]) for row in rows] == [row.lower for row in expected]
    code, _, _ = run(capsys, "plot", "a.store", "-o", "a.svg", "--along", "heads", "--failures")
    assert code == 0
    assert Path("a.svg").read_text().startswith("<?xml")


def test_seeds_and_merging(capsys: pytest.CaptureFixture[str], spec: Path) -> None:
    for seed in (1, 2):
        assert run(capsys, "run", spec, "--store", f"{seed}.store", "--seed", seed)[0] == 0
    code, out, _ = run(capsys, "merge", "1.store", "2.store", "-o", "both.store")
    with Store("both.store") as store:
        blocks = sum(store.count(entry) for entry in store.entries())
    assert (code, out) == (0, f"written: both.store ({blocks} new blocks of {blocks})\n")
    assert run(capsys, "merge", "2.store", "1.store", "-o", "both.store")[1].endswith(f"(0 new blocks of {blocks})\n")
    out = run(capsys, "status", "both.store")[1]
    assert out.count("finished") == 8
    for seed in (1, 2):
        assert f" {seed}  test-coins(" in out


def test_failing_blocks(capsys: pytest.CaptureFixture[str], spec: Path) -> None:
    spec.write_text('[sweep]\nstop = { trials = 300 }\n[[task]]\nkind = "test-faulty-coins"\nfaults = 0.1\n')
    code, _, err = run(capsys, "run", spec, "--store", "a.store")
    assert code == 1
    assert "Traceback" in err
    assert "slth sweep: block" in err
    assert "ArithmeticError: the coin stands on its edge" in err
    code, out, _ = run(capsys, "run", spec, "--store", "a.store", "--on-error", "go-on")
    assert code == 0
    assert "failed: ArithmeticError" in out
    spec.write_text(spec.read_text().replace("0.1", "1.0"))
    code, out, _ = run(capsys, "run", spec, "--store", "a.store", "--on-error", "go-on")
    assert code == 1
    assert "given up" in out


def test_control_c(capsys: pytest.CaptureFixture[str], spec: Path) -> None:
    spec.write_text('[sweep]\nstop = { trials = 100_000 }\n[[task]]\nkind = "test-coins"\nseconds = 0.005\n')
    threading.Timer(0.5, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    code, _, err = run(capsys, "run", spec, "--store", "a.store")
    assert code == 130
    with Store("a.store") as store:
        blocks = store.check()
    assert blocks > 1
    assert f"interrupted: {blocks:,} blocks are in a.store; the same command goes on" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "nothing.toml", "--store", "a.store"], "No such file"),
        (["run", "bad.toml", "--store", "a.store"], "bad.toml"),
        (["run", "spec.toml", "--store", "spec.toml"], "spec.toml is no store of sweeps (no SQLite file); name another file"),
        (["run", "spec.toml", "--store", "no/a.store"], "its folder does not exist"),
        (["run", "spec.toml", "--store", "a.store", "--workers", "-1"], "workers must be >= 1, got -1"),
        (["run", "spec.toml", "--store", "a.store", "--seed", "-1"], "seed must be an integer >= 0, got -1"),
        (["run", "spec.toml", "--store", "a.store", "--on-error", "x"], "unknown on_error 'x'"),
        (["run", "spec.toml", "--store", "a.store", "--plot", "a.jpg"], "figures are written as .png, .pdf, .svg"),
        (["run", "spec.toml", "--store", "a.store", "--plot", "a.png"], "no point has 'n'; choose one of"),
        (["run", "spec.toml", "--store", "a.store", "--plot", "a.png", "--along", "kind"], "'kind' must be a number"),
        (["status", "nothing.store"], "No such file"),
        (["status", "."], "it is a folder"),
        (["merge", "nothing.store", "-o", "b.store"], "No such file"),
        (["export", "spec.toml", "-o", "a.csv"], "is no store of sweeps"),
    ],
)  # fmt: skip
def test_bad_input(capsys: pytest.CaptureFixture[str], spec: Path, words: list[str], message: str) -> None:
    Path("bad.toml").write_text('[[task]]\nkind = "test-coins"\nheads = [0.5\n')
    code, _, err = run(capsys, *words)
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert not list(Path().glob("*.store"))


def test_a_store_that_is_written_is_locked_and_can_be_read(capsys: pytest.CaptureFixture[str], spec: Path) -> None:
    run(capsys, "run", spec, "--store", "a.store")
    with Store("a.store", write=True):
        code, _, err = run(capsys, "run", spec, "--store", "a.store")
        assert code == 2
        assert "a.store is locked: another process writes to it; wait until it ends" in err
        assert run(capsys, "status", "a.store")[0] == 0


def test_without_distributed(capsys: pytest.CaptureFixture[str], spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = run(capsys, "run", spec, "--store", "a.store", "--dask", "tcp://127.0.0.1:1")
    assert code == 2
    assert "--dask needs distributed; pip install 'slth[dask]'" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "wait"),
    [
        ('kind = "rss-target"\nns = [16]\nepsilons = [0.001]\ntrials_a_block = 100\n', 0.0),
        ('kind = "construction"\ntarget = "8-4-2"\nwidth = 20\nepsilons = [0.1]\ntrials_a_block = 1\n', 1.0),
    ],
    ids=["threads", "processes that begin"],
)
def test_control_c_of_a_terminal(task: str, wait: float, tmp_path: Path) -> None:
    """The signal goes to the whole group, worker processes too; all end quietly, and the message says how to go on."""
    spec, store = tmp_path / "spec.toml", tmp_path / "a.store"
    spec.write_text(f"[sweep]\nstop = {{ trials = 500_000 }}\n[[task]]\n{task}")
    command = [sys.executable, "-m", "slth.cli", "sweep", "run", str(spec), "--store", str(store)]
    root = Path(__file__).parents[1]
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    while not store.exists() or (not wait and stored(store) == 0):
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(wait)
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert "the same command goes on" in err
    assert "Traceback" not in err
    assert "KeyboardInterrupt" not in err
