"""The command line: exit codes, messages a person can act on, files that appear or do not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import slth
from slth import cli


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.npz"
    rng = np.random.default_rng(0)
    slth.Network.read([(rng.normal(size=(3, 4)), rng.normal(size=3)), (rng.normal(size=(2, 3)), None)]).save(path)
    return path


def test_subset_sum_of_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "subset-sum", "0.5", "-0.3", "0.9", "0.25", "--target", "0.44")
    assert code == 0
    assert "0.5 -0.3 0.25" in out
    assert "OPTIMAL of 16 subsets" in out


def test_subset_sum_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("3, 5\n-7\t11")
    code, out, _ = run(capsys, "subset-sum", "--file", str(tmp_path / "numbers.txt"), "--target", "4")
    assert code == 0
    assert "subset   -7 11" in out
    assert "error    0\n" in out


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (["0.5", "-0.3", "0.9", "0.25", "--target", "0.44", "--size", "2"], 0, ["subset   -0.3 0.9", "OPTIMAL"]),
        (
            ["4", "5", "6", "7", "8", "--target", "0", "--coefficients", "-1", "1"],
            0,
            ["-1*4 -1*5 -1*6 +1*7 +1*8", "error    0\n"],
        ),
        (["3", "5", "7", "11", "--target", "12", "--objective", "all", "--epsilon", "1"], 0, ["5 7", "11"]),
        (
            ["3", "5", "7", "11", "--target", "12", "--objective", "all", "--epsilon", "9", "--most", "2"],
            0,
            ["more: --most"],
        ),
        (["3", "5", "7", "11", "--target", "12", "--k-best", "2"], 0, ["5 7", "11"]),
        (["3", "5", "7", "11", "--target", "13", "--objective", "any", "--epsilon", "0"], 1, ["NOT_FOUND"]),
        (["3", "5", "7", "11", "--target", "13", "--pattern", "1", "2"], 0, ["subset   5 7", "error    1\n"]),
        (["3", "5", "7", "11", "--target", "13", "--locked", "2"], 0, ["7"]),
        (["3", "5", "7", "11", "--target", "13", "--explain"], 0, ["n = 4"]),
        ([*["0.5"] * 70, "--target", "3"], 0, ["error    0.0"]),
    ],
)
def test_subset_sum_with_options(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, shown: list[str]
) -> None:
    found, out, err = run(capsys, "subset-sum", *arguments)
    assert found == code, err
    assert all(text in out for text in shown), out


def test_count(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plot = tmp_path / "counts.png"
    code, out, _ = run(capsys, "count", "1", "2", "3", "4", "5", "--target", "6", "--epsilon", "0", "--plot", str(plot))
    assert code == 0
    assert "Count(total=3, most at size 2, EXACT, method='exact')" in out
    assert [line.split()[:2] for line in out.splitlines()[3:]] == [["2", "2"], ["3", "1"]]
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_coverage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plot = tmp_path / "coverage.png"
    numbers = ["0.5", "-0.3", "0.9", "0.25"]
    code, out, _ = run(
        capsys, "coverage", *numbers, "--epsilon", "0.1", "--interval", "-0.3", "0.3", "--plot", str(plot)
    )
    assert code == 0
    assert out.startswith("Coverage(share=")
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["subset-sum", "--target", "1"], "no samples"),
        (["subset-sum", "1", "--file", "x", "--target", "1"], "not both"),
        (["subset-sum", "nan", "--target", "1"], "finite"),
        (["subset-sum", *["1"] * 70, "--target", "1", "--objective", "smallest", "--epsilon", "1"], "objective"),
        (["subset-sum", "1", "2", "--target", "1", "--size", "3"], "0 <= lo <= hi <= n = 2"),
        (["subset-sum", "1", "2", "--target", "1", "--size", "1", "2", "3"], "one number or two"),
        (["subset-sum", "1", "2", "--target", "1", "--locked", "2"], "from 0 to 1"),
        (["subset-sum", "1", "2", "--target", "1", "--solver", "magic"], "unknown solver"),
        (["count", "1", "2", "--target", "1", "--epsilon", "-1"], "epsilon must be >= 0"),
        (["count", "1", "2", "--target", "1", "--epsilon", "1", "--plot", "/nonexistent/c.png"], "does not exist"),
        (["coverage", "1", "2", "--epsilon", "0"], "epsilon"),
        (["subset-sum", "--file", "/nonexistent", "--target", "1"], "/nonexistent"),
        (["approximate", "/nonexistent.npz", "--width", "4"], "/nonexistent.npz"),
        (["approximate", "digits", "--width", "0"], "width"),
        (["approximate", "digits", "--width", "4", "4", "4"], "2 target layers"),
        (["approximate", "digits", "--width", "4", "--epsilon", "-1"], "epsilon"),
        (["approximate", "digits", "--width", "4", "--law", "cauchy"], "cauchy"),
        (["approximate", "digits", "--width", "4", "--construction", "x"], "two-layer"),
        (["approximate", "digits", "--width", "4", "--domain", "0", "1", "--ball", "1"], "not both"),
        (["approximate", "digits", "--width", "4", "--out", "/nonexistent/t.npz"], "does not exist"),
        (["verify", "/nonexistent.npz", "--target", "digits"], "/nonexistent.npz"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith(f"slth {arguments[0]}: ")
    assert "Traceback" not in err


def test_a_word_that_is_no_number(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("1 two 3")
    code, _, err = run(capsys, "subset-sum", "--file", str(tmp_path / "numbers.txt"), "--target", "4")
    assert code == 2
    assert "'two' is not a number" in err


def test_approximate_verify_round_trip(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path) -> None:
    out_file = tmp_path / "t.npz"
    code, out, _ = run(capsys, "approximate", str(model), "--width", "16", "--seed", "3", "--out", str(out_file))
    assert code == 0
    assert "certified error bound" in out
    ticket = slth.load(out_file)
    assert ticket.source.seed == 3
    code, out, _ = run(capsys, "verify", str(out_file), "--target", str(model))
    assert code == 0
    assert "verified" in out


@pytest.mark.parametrize("domain", [["--domain", "0", "1"], ["--ball", "2"], []])
def test_images_and_residual_blocks(capsys: pytest.CaptureFixture[str], tmp_path: Path, domain: list[str]) -> None:
    rng = np.random.default_rng(0)
    block = slth.networks.Residual(
        (slth.networks.Conv2d(rng.normal(size=(2, 2, 3, 3)), rng.normal(size=2), padding=1),)
    )
    head = slth.networks.Dense(rng.normal(size=(3, 2)), None, "identity")
    target = slth.Network((block, slth.networks.GlobalAveragePool2d(), head), (2, 4, 5))
    path, out_file = tmp_path / "images.npz", tmp_path / "t.npz"
    target.save(path)
    arguments = ["approximate", str(path), "--width", "16", "12", "--seed", "1", "--out", str(out_file), *domain]
    code, out, err = run(capsys, *arguments, "--construction", "fixed-size(2)", "--law", "normal")
    assert code == 0, err
    assert "residual global-average-pool2d dense" in out
    assert "fixed-size(2)" in out
    ticket = slth.load(out_file)
    assert ticket.source.law == "normal"
    x = ticket.domain.sample(rng, 50).reshape(50, 2, 4, 5)
    assert ticket.error(x, target) <= ticket.error_bound
    code, out, _ = run(capsys, "verify", str(out_file), "--target", str(path))
    assert code == 0
    assert "verified" in out


def test_verify_against_another_network_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    out_file, other = tmp_path / "t.npz", tmp_path / "other.npz"
    run(capsys, "approximate", str(model), "--width", "8", "--seed", "3", "--out", str(out_file))
    slth.Network.random([4, 3, 2], rng=0).save(other)
    layers = slth.Network.read(model).layers
    slth.Network.read([(layers[0].weight, layers[0].bias), (2 * layers[1].weight, None)]).save(other)
    code, _, err = run(capsys, "verify", str(out_file), "--target", str(other))
    assert code == 1
    assert "not the network" in err


def test_too_narrow_is_exit_code_1_and_names_a_width(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    out_file = tmp_path / "t.npz"
    arguments = ["approximate", str(model), "--seed", "0", "--epsilon", "0.01", "--out", str(out_file)]
    code, _, err = run(capsys, *arguments, "--width", "4")
    assert code == 1
    assert not out_file.exists()
    width = err.split("use width=")[1].split()[0]
    code, _, _ = run(capsys, *arguments, "--width", width)
    assert code == 0
    assert slth.load(out_file).error_bound <= 0.01


def test_ball_and_box_domains(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path) -> None:
    out_file = tmp_path / "t.npz"
    assert run(capsys, "approximate", str(model), "--width", "8", "--ball", "2", "--out", str(out_file))[0] == 0
    assert isinstance(slth.load(out_file).domain, slth.Ball)
    assert run(capsys, "approximate", str(model), "--width", "8", "--domain", "0", "2", "--out", str(out_file))[0] == 0
    assert isinstance(slth.load(out_file).domain, slth.Box)


def test_given_edges(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path) -> None:
    target = slth.Network.read(model)
    matrices = [np.random.default_rng(i).random(shape) < 0.7 for i, shape in enumerate(slth.source_shapes(target, 16))]
    np.savez(tmp_path / "edges.npz", *matrices)
    out_file = tmp_path / "t.npz"
    asked = ("approximate", str(model), "--width", "16", "--seed", "3", "--out", str(out_file), "--edges")
    code, out, err = run(capsys, *asked, str(tmp_path / "edges.npz"))
    assert code == 0, err
    there = sum(int(m.sum()) for m in matrices)
    every = sum(m.size for m in matrices)
    assert f"edges                  {there:,} of {every:,} given ({there / every:.2%})" in out
    assert slth.load(out_file).source == slth.approximate(target, 16, edges=matrices, rng=3).source
    for name, words in (("none.npz", "none.npz"), ("edges.pkl", "suffix '.pkl' is not one of"), ("model.npz", "")):
        code, _, err = run(capsys, *asked, str(tmp_path / name))
        assert code == 2
        assert err.startswith("slth approximate: ")
        assert words in err


def test_usage_errors_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["frobnicate"], ["approximate", "digits"]):
        with pytest.raises(SystemExit) as stopped:
            cli.main(arguments)
        assert stopped.value.code == 2
    assert "usage: slth" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert slth.__version__ in capsys.readouterr().out


def test_demo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "demo", "--out", str(tmp_path / "new"), "--width", "24")
    assert code == 0
    assert "certified error bound" in out
    assert (tmp_path / "new" / "demo.png").read_bytes().startswith(b"\x89PNG")
    # the hint it prints works
    code, out, _ = run(capsys, "verify", str(tmp_path / "new" / "ticket.npz"), "--target", "digits")
    assert code == 0


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.run(
        f"{sys.executable} -m slth.cli subset-sum 1 2 3 --target 4 | true", shell=True, capture_output=True, text=True
    )
    assert process.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_leaves_the_old_file_and_no_traceback(tmp_path: Path) -> None:
    out_file = tmp_path / "t.npz"
    out_file.write_bytes(b"precious")
    big = tmp_path / "big.npz"
    slth.Network.random([300, 300, 10], rng=0).save(big)
    process = subprocess.Popen(
        [sys.executable, "-m", "slth.cli", "approximate", str(big), "--width", "60", "--out", str(out_file)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "weight" not in process.stderr.read(40):  # the progress bar is up
        pass
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert out_file.read_bytes() == b"precious"
    assert sorted(tmp_path.iterdir()) == [big, out_file]
