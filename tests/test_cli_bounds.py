"""``slth bounds``: lists, statements, grids, exports, comparisons, and messages a person can act on."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import slth
from slth import bounds
from slth.cli import theory


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The command alone, with the exit codes of ``slth``."""
    parser = argparse.ArgumentParser()
    theory.add_commands(parser.add_subparsers())
    options = parser.parse_args(["bounds", *words])
    try:
        code = options.run(options)
    except (ValueError, TypeError, OSError) as error:
        print(f"slth bounds: {error}", file=sys.stderr)
        code = 2
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    for bound in bounds.catalogue():
        assert bound.name in out
    assert f"{len(bounds.catalogue())} bounds" in out


def test_filters(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--direction", "sufficient", "--text", "explicit", "--cites", "dacunha")
    assert code == 0
    assert "rss_n_explicit" in out
    assert "necessary" not in out
    code, out, _ = run(capsys, "--text", "no such words")
    assert (code, out) == (1, "no bound matches\n")


def test_one_bound(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rss_n_explicit")
    assert code == 0
    assert out.startswith("rss_n_explicit(err, delta, a=0.5, c=0.5)\n")
    for shown in (
        "Statement (sufficient)",
        "Assumptions",
        "Source",
        r"\ln",
        "Revisiting the Random Subset Sum Problem",
    ):
        assert shown in out


def test_values_on_a_grid(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rss_n_explicit", "err=0.1,0.03", "delta=0.5,0.1,0.01")
    assert code == 0
    rows = [line.split() for line in out.splitlines()[2:]]
    assert [int(row[2]) for row in rows] == [21, 27, 35, 30, 35, 43]
    code, out, _ = run(capsys, "rss_failure_explicit", "n=10:50:20", "err=0.1")
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["10", "30", "50"]


def test_outside_the_hypotheses(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rss_n_explicit", "err=0.1,3", "delta=0.1")
    assert code == 0
    assert "rss_n_explicit needs 0 < err <= 2 a" in out
    code, _, _ = run(capsys, "rss_n_explicit", "err=3", "delta=0.1")
    assert code == 1


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("n=1", {"n": [1]}),
        ("n=1:3", {"n": [1, 2, 3]}),
        ("n=10:50:20,7", {"n": [10, 30, 50, 7]}),
        ("err=0.1:0.3:0.1", {"err": [0.1, 0.2, 0.30000000000000004]}),
        ("err=1e-3,-2", {"err": [0.001, -2]}),
        ("widths=784-500-10,3-4", {"widths": [(784, 500, 10), (3, 4)]}),
        ("interval=(-0.5, 0.5),(0, 1)", {"interval": [(-0.5, 0.5), (0, 1)]}),
        ("law=uniform,normal(0, 0.5)", {"law": ["uniform", "normal(0, 0.5)"]}),
        ("frobenius=True,False", {"frobenius": [True, False]}),
        ("eps=0.1 delta=0.2", {"eps": [0.1], "delta": [0.2]}),
    ],
)
def test_words_for_values(words: str, values: dict[str, list[object]]) -> None:
    parts = re.split(r" (?=\w+=)", words)
    found = theory._grid(bounds.catalogue()[0], parts)
    assert found == values
    assert [type(x) for x in found[next(iter(found))]] == [type(x) for x in values[next(iter(values))]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rss_n_explict"], "unknown bound 'rss_n_explict'; did you mean rss_n_explicit"),
        (["qqqq"], "`slth bounds` lists them"),
        (["rss_n_explicit", "0.1"], "'0.1' should be PARAMETER=VALUES; rss_n_explicit takes err, delta, a, c"),
        (["rss_n_explicit", "err="], "should be PARAMETER=VALUES"),
        (["rss_n_explicit", "err=0.1", "err=0.2"], "err is given twice"),
        (["rss_n_explicit", "err=0.1"], "needs 'delta' too"),
        (["rss_n_explicit", "eps=0.1"], "no parameter 'eps'"),
        (["rss_n_explicit", "err=5:1"], "'5:1' is no range"),
        (["rss_n_explicit", "err=0:1:0"], "'0:1:0' is no range"),
        (["rss_n_explicit", "err=1:2:3:4"], "is no range"),
        (["rss_n_explicit", "err=0:1e9"], "at most 10,000 are tabulated"),
        (["rss_n_explicit", "err=0:1:0.001", "delta=0:1:0.01"], "combinations; at most 10,000"),
        (["rss_n_explicit", "err=(1,", "delta=0.1"], "is not a sequence of numbers"),
        (["--direction", "upper"], "unknown direction 'upper'"),
        (["rss_n_explicit", "--compare", "0.1", "0.01"], "give a NAME or --compare, not both"),
        (["--network", "3-3", "--text", "x"], "give --network or --latex, --bib and the filters, not both"),
        (["--plot", "x.png"], "--plot draws what --compare or --network compares"),
        (["rss_n_explicit", "--delta", "0.1"], "parameters of a bound are delta=VALUES"),
        (["--constant", "C=3"], "--constant belongs to --compare and --network"),
        (["--compare", "0.1", "0.1"], r"two different errors in \(0, 1/2\)"),
        (["--compare", "0.1", "0.7"], r"two different errors in \(0, 1/2\)"),
        (["--compare", "0.1", "0.01", "--constant", "C"], "--constant takes NAME=VALUE"),
        (["--compare", "0.1", "0.01", "--constant", "c_amp=1"], "c_amp"),
        (["--network", "3-3"], "--network needs --epsilon"),
        (["--network", "nowhere.npz", "--epsilon", "0.1"], "nowhere.npz"),
        (["--latex", "/no/such/folder/x.tex"], "its folder does not exist"),
    ],
)
def test_one_clear_line(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    code, out, err = run(capsys, *words)
    assert code == 2
    assert out == ""
    assert re.search(message, err), err
    assert err.startswith("slth bounds: ")
    assert err.count("\n") == 1


def test_exports(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    latex, bib = tmp_path / "bounds.tex", tmp_path / "bounds.bib"
    code, out, _ = run(capsys, "--cites", "dacunha", "--latex", str(latex), "--bib", str(bib))
    assert code == 0
    found = bounds.catalogue(cites="dacunha")
    assert f"({len(found)} bounds)" in out
    text = latex.read_text()
    assert text.count(r"\cite{") == len(found)
    cited = set(",".join(re.findall(r"\\cite\{([^}]+)\}", text)).split(","))
    assert cited == set(re.findall(r"@\w+\{([^,]+),", bib.read_text()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bounds.bib", "bounds.tex"]


def test_nothing_is_written_if_one_file_cannot_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, _ = run(capsys, "--latex", str(tmp_path / "bounds.tex"), "--bib", str(tmp_path))
    assert code == 2
    assert list(tmp_path.iterdir()) == []


def test_compare(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    figure = tmp_path / "needed.png"
    code, out, _ = run(
        capsys, "--compare", "1e-1", "1e-3", "--constant", "C=5", "--delta", "0.1", "--plot", str(figure)
    )
    assert code == 0
    assert "C = 5 assumed" in out
    assert "failure probability 0.1" in out
    assert len(re.findall(r"(?m)^ *(0\.|1e-)", out)) == 9, "four points a decade"
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_network(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(
        capsys, "--network", "20-20-10", "--epsilon", "0.01", "--density", "0.2", "--constant", "c_amp=2"
    )
    assert code == 0
    assert "target 20-20-10" in out
    assert "c_amp = 2 assumed" in out
    figure = tmp_path / "density.png"
    code, out, _ = run(capsys, "--network", "5-5", "--epsilon", "0.1", "--constant", "C=5", "--plot", str(figure))
    assert code == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    path = tmp_path / "model.npz"
    slth.Network.read([(3 * np.eye(2), np.ones(2))]).save(path)
    code, out, _ = run(capsys, "--network", str(path), "--epsilon", "0.01")
    assert code == 0
    assert "spectral norm 3 > 1 of layer 0; use scale=True" in " ".join(out.split())
    code, out, _ = run(capsys, "--network", "digits", "--epsilon", "0.1", "--scale")
    assert code == 0
    assert "target 65-33-10" in out


def test_help_gives_examples_that_run(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    theory.add_commands(parser.add_subparsers())
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args(["bounds", "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    examples = re.findall(r"(?m)^  slth (bounds .*)$", shown)
    assert len(examples) == len(re.findall(r"(?m)^  slth", theory._EXAMPLES)) >= 6
    for example in examples:
        options = parser.parse_args(example.split())
        if options.plot is None and options.latex is None:
            assert options.run(options) == 0, example


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--compare", "0.1", "0.05", "--constant", "c_amp=2"), "no constant 'c_amp' enters here; --constant sets C"),
        (("--compare", "0.1", "0.05", "--epsilon", "0.1"), "--epsilon belongs to --network"),
        (("--compare", "0.1", "0.05", "--scale"), "--scale belongs to --network"),
        (("--network", "4-3", "--epsilon", "0.1", "--constant", "D=3"), "--constant sets C, c_amp, precision"),
        (("--network", "4-3", "--epsilon", "0.1", "--constant", "C=1", "--constant", "C=2"), "C is given twice"),
        (("rfss_n", "--delta", "0"), "--delta belongs to --compare and --network"),
        (("rss_cover_prob", "n=10", "eps=0.1", "interval=3"), "interval must be a pair"),
    ],
)
def test_options_that_would_be_ignored(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err


def test_nothing_is_printed_before_a_plot_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "--network", "4-3", "--epsilon", "0.7", "--plot", str(tmp_path / "p.png"))
    assert (code, out) == (2, "")
    assert "--plot needs an error below 1/2" in err


def test_two_exports_into_one_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    same = str(tmp_path / "bounds.tex")
    code, _, err = run(capsys, "--latex", same, "--bib", same)
    assert code == 2
    assert "name two files" in err
    assert not list(tmp_path.iterdir())
