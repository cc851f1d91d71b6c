"""`slth census`: both forms, what is written, and the exit codes."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

import slth
from slth import cli


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["census", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    slth.Network.read([([[0.5, -0.25]], None)]).save(tmp_path / "model.npz")
    slth.Network.random([2, 2, 1], rng=5).save(tmp_path / "source.npz")
    np.save(tmp_path / "points.npy", np.array([[0.5, 0.5], [-1.0, 0.25]]))
    return tmp_path


def test_under_a_construction(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    table, plot = files / "table.csv", files / "plot.png"
    code, out, _ = run(
        capsys,
        str(files / "model.npz"),
        "--width",
        "20",
        "--epsilon",
        "0.3",
        "--seed",
        "1",
        "--csv",
        str(table),
        "--plot",
        str(plot),
    )
    found = slth.census.of_construction(slth.Network.read(files / "model.npz"), 20, 0.3, rng=1)
    assert code == 0
    assert "construction only" in out
    assert "layer 0: Census(" in out
    assert plot.read_bytes().startswith(b"\x89PNG")
    rows = read_csv(table)
    assert [int(row["size"]) for row in rows] == found.sizes.tolist()
    assert [float(row["log2_number"]) for row in rows] == pytest.approx(found.log2_by_size.tolist())
    assert all(float(row["log2_lower"]) <= float(row["log2_upper"]) <= float(row["log2_all_masks"]) for row in rows)


def test_of_a_source(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    model, source, points = (str(files / name) for name in ("model.npz", "source.npz", "points.npy"))
    code, out, _ = run(
        capsys, model, "--source", source, "--inputs", points, "--epsilon", "0.5", "--csv", str(files / "a.csv")
    )
    found = slth.count_subnetworks(slth.Network.read(source), slth.Network.read(model), 0.5, inputs=np.load(points))
    assert code == 0
    assert repr(found)[:30] in out
    rows = read_csv(files / "a.csv")
    numbers = [2.0 ** float(row["log2_number"]) for row in rows]
    assert numbers == pytest.approx(found.by_size.astype(float).tolist())
    code, out, _ = run(capsys, model, "--source", source, "--domain", "0", "1", "--epsilon", "2", "--rows", "3")
    assert code == 0
    assert "EXACT" in out


def test_sampled_and_gone_on_with(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    slth.Network.random([2, 5, 1], rng=5).save(files / "source.npz")
    arguments = [str(files / "model.npz"), "--source", str(files / "source.npz"), "--inputs", str(files / "points.npy")]
    arguments += ["--epsilon", "0.5", "--method", "splitting", "--effort", "0.1", "--store", str(files / "store.npz")]
    first, again = (run(capsys, *arguments) for _ in range(2))
    assert first[:2] == again[:2]
    assert (files / "store.npz").exists()
    code, _, err = run(capsys, *arguments, "--epsilon", "0.4")
    assert code == 2
    assert "another task" in err


def test_none_is_an_answer(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    code, out, _ = run(capsys, str(files / "model.npz"), "--width", "2", "--epsilon", "0.0001", "--seed", "0")
    assert code == 1
    assert "none" in out
    assert "have no subset within their share of epsilon=0.0001" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--width", "20", "--epsilon", "-1"], "epsilon must be >= 0"),
        (["--width", "20", "--epsilon", "nan"], "epsilon must be >= 0"),
        (["--width", "0", "--epsilon", "0.1"], "width"),
        (["--width", "20", "--epsilon", "0.1", "--rows", "1"], "--rows must be >= 2"),
        (["--width", "20", "--epsilon", "0.1", "--inputs", "x.npy"], "--inputs belongs to --source"),
        (["--width", "20", "--epsilon", "0.1", "--effort", "2"], "--effort belongs to --source"),
        (["--width", "20", "--epsilon", "0.1", "--method", "walk"], "--method belongs to --source"),
        (["--width", "20", "--epsilon", "0.1", "--construction", "nonesuch"], "nonesuch"),
        (["--width", "20", "--epsilon", "0.1", "--plot", "nowhere/plot.png"], "nowhere"),
        (["--source", "SOURCE", "--epsilon", "0.1", "--law", "normal"], "--law belongs to --width"),
        (
            ["--source", "SOURCE", "--epsilon", "0.1", "--construction", "two-layer"],
            "--construction belongs to --width",
        ),
        (["--source", "SOURCE", "--epsilon", "0.1", "--method", "brute"], "unknown method 'brute'"),
        (["--source", "SOURCE", "--epsilon", "0.1", "--inputs", "x.npy", "--domain", "0", "1"], "not both"),
        (["--source", "nowhere.npz", "--epsilon", "0.1"], "nowhere.npz"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], files: Path, arguments: list[str], message: str) -> None:
    given = [str(files / "source.npz") if word == "SOURCE" else word for word in arguments]
    code, out, err = run(capsys, str(files / "model.npz"), *given)
    assert (code, out) == (2, "")
    assert err.startswith("slth census: ")
    assert message in err


def test_a_source_is_needed(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    for arguments in ([], ["--width", "3", "--source", "x.npz"]):
        with pytest.raises(SystemExit) as stopped:
            run(capsys, str(files / "model.npz"), "--epsilon", "0.1", *arguments)
        assert stopped.value.code == 2


def test_interrupted(capsys: pytest.CaptureFixture[str], files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of sampling: 130, one line, no table; what was sampled is in the store, and a second run goes on."""
    from slth.census.sampled import splitting

    slth.Network.random([2, 8, 1], rng=5).save(files / "source.npz")
    calls, work = itertools.count(), splitting._run

    def interrupted(*given: object) -> object:
        if next(calls) == 20:
            raise KeyboardInterrupt
        return work(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(splitting, "_run", interrupted)
    arguments = [str(files / "model.npz"), "--source", str(files / "source.npz"), "--inputs", str(files / "points.npy")]
    arguments += [
        "--epsilon",
        "0.5",
        "--method",
        "splitting",
        "--effort",
        "0.1",
        "--store",
        str(files / "store.npz"),
        "--workers",
        "1",
    ]
    code, out, err = run(capsys, *arguments, "--csv", str(files / "a.csv"))
    assert (code, out) == (130, "")
    assert "interrupted" in err
    assert not (files / "a.csv").exists()
    assert (files / "store.npz").exists()
    assert run(capsys, *arguments)[0] == 0
