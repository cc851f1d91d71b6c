"""The command `slth search`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import slth
from slth import cli, search
from slth.search import BASELINES, BUDGETS, FLIPS, METHODS
from slth.search.sources import BIASES, LAWS, SCALES

QUICK = ["--hidden", "16", "--density", "0.3", "--seed", "0"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["search", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_digits(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = ["--plot", "a.png", "--result", "a.npz", "--out", "net.npz"]
    code, out, _ = run(capsys, "digits-data", *QUICK, "--epochs", "5", *files)
    assert code == 0
    assert "kept      355 of 1,184 (29.98%)" in out
    assert out.endswith("written: a.npz\nwritten: net.npz\nwritten: a.png\n")
    found, net = search.load("a.npz"), slth.Network.read(Path("net.npz"))
    assert found.network.kept == net.kept == 355
    assert f"accuracy  {found.accuracy:.2%}" in out
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    again = run(capsys, "digits-data", *QUICK, "--epochs", "5")[1]
    assert again.splitlines()[:5] == out.splitlines()[:5]


def test_data_of_your_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2, 3))
    for name, y in {
        "labels": random.integers(3, size=60),
        "outputs": random.normal(size=(60, 2)),
        "one": x[:, 0, 0],
    }.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, x=x, y=y)
        code, out, _ = run(capsys, str(path), *QUICK, "--epochs", "2", "--batch", "8", "--budget", "erk")
        assert code == 0
        assert ("accuracy  -" in out) == (name != "labels")


def test_annealed_and_by_losses_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "digits-data", *QUICK, "--steps", "20", "--anneal", "0.5")[0] == 0
    code, out, _ = run(capsys, "digits-data", *QUICK, "--method", "greedy", "--steps", "2")
    assert code == 0
    assert "method    greedy" in out


def test_a_network_to_imitate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "digits", *QUICK, "--domain", "0", "1", "--method", "magnitude")
    assert code == 0
    assert "stopped   no search" in out
    conv = slth.networks.Conv2d(np.ones((1, 1, 2, 2)))
    slth.Network((conv,), (1, 3, 3)).save(tmp_path / "conv.npz")
    assert run(capsys, str(tmp_path / "conv.npz"), *QUICK, "--epochs", "1", "--scale", "scaled")[0] == 0


def test_goes_on_from_a_checkpoint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = str(tmp_path / "state.npz")
    one = run(capsys, "digits-data", *QUICK, "--epochs", "2", "--checkpoint", path)
    other = run(capsys, "digits-data", *QUICK, "--epochs", "2", "--checkpoint", path)
    assert one[0] == other[0] == 0
    assert one[1] == other[1]
    code, _, err = run(capsys, "digits-data", "--hidden", "16", "--density", "0.3", "--checkpoint", path)
    assert code == 2
    assert "--checkpoint needs --seed" in err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--density", "1.5"], "density must be in (0, 1]"),
        (["--hidden", "0"], "widths[1] must be >= 1, got 0"),
        (["--method", "magic"], "unknown method 'magic'; choose one of"),
        (["--budget", "even"], "unknown budget 'even'; choose one of"),
        (["--method", "snip", "--epochs", "3"], "leave out epochs="),
        (["--held-out", "1"], "held_out must be a share"),
        (["--out", "/nowhere/net.npz"], "its folder does not exist"),
        (["--rate", "0"], "rate must be > 0"),
        (["--anneal", "2"], "anneal must be in [0, 1), got 2.0"),
        (["--anneal", "0.5", "--method", "snip"], "--anneal is for edge-popup and biprop"),
        (["--steps", "5", "--epochs", "3"], "give steps or epochs, one of the two"),
        (["--method", "greedy"], "steps"),
    ],
)
def test_unusable_options(capsys: pytest.CaptureFixture[str], arguments: list[str], error: str) -> None:
    code, out, err = run(capsys, "digits-data", *QUICK, *arguments)
    assert (code, out) == (2, "")
    assert error in err
    assert "Traceback" not in err


def test_overflow_and_labels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "digits-data", *QUICK, "--rate", "1e36", "--epochs", "1")
    assert code == 1
    assert "no longer finite" in err
    np.savez(tmp_path / "data.npz", x=np.ones((3, 2)), y=np.array([0, 1, 10**9]))
    code, _, err = run(capsys, str(tmp_path / "data.npz"), *QUICK)
    assert code == 2
    assert "number the classes 0, 1, 2, ..." in err


def test_help_names_every_choice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["search", "--help"])
    shown = capsys.readouterr().out
    for name in (*METHODS, *FLIPS, *BASELINES, *BUDGETS, *LAWS, *BIASES, *SCALES):
        assert name in shown.replace("-\n" + " " * 24, "-")
