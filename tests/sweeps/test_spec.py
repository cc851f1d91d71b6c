"""Specifications: grids become tasks, and what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from slth.sweeps import HalfWidth, Successes, Trials
from slth.sweeps.spec import MOST_BYTES, SpecError, parse_spec, read_spec
from slth.sweeps.tasks import KINDS, RFSSTarget, Search

WHOLE = """
# both laws, all sizes
[sweep]
seed = 5
stop = { successes = 100, most = 1_000_000 }

[[task]]
kind = "rfss-target"
law = ["uniform", "normal"]
k = [2, 3]
ns = [4, 6]
epsilons = [[0.1, 0.2], [0.3]]
target = 1
"""


def test_lists_are_grids_unless_the_parameter_is_a_list() -> None:
    spec = parse_spec(WHOLE)
    assert spec.seed == 5
    assert spec.stop == Successes(100, most=1_000_000)
    wanted = [
        RFSSTarget(law=law, k=k, ns=(4, 6), epsilons=epsilons, target=1.0)
        for law in ("uniform", "normal")
        for k in (2, 3)
        for epsilons in ((0.1, 0.2), (0.3,))
    ]
    assert list(spec.tasks) == wanted
    assert [task.id for task in spec.tasks] == [task.id for task in wanted]


def test_overlapping_grids_are_one() -> None:
    text = WHOLE + '[[task]]\nkind = "rfss-target"\nk = [3, 4]\nns = [4, 6]\nepsilons = 0.3\ntarget = 1.0\n'
    assert len(parse_spec(text).tasks) == 9


def test_the_rest_has_defaults() -> None:
    spec = parse_spec('[[task]]\nkind = "search"\nmethod = "edge-popup"\ndensity = [0.1, 0.5]\nepochs = 1\n')
    assert (spec.seed, spec.stop) == (0, Trials(10_000))
    assert [type(task) for task in spec.tasks] == [Search, Search]
    assert spec.tasks[0].parameters["epochs"] == 1.0
    assert isinstance(spec.tasks[0].parameters["epochs"], float)


def test_a_rule_may_be_a_table() -> None:
    text = '[sweep.stop]\nhalf_width = 0.01\n\n[[task]]\nkind = "rss-target"\nns = 4\nepsilons = 0.1\n'
    assert parse_spec(text).stop == HalfWidth(0.01)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 5", "seed 5", r"s.toml: not TOML: .*line 4"),
        ("seed = 5", "seed = 5\nseed = 6", r"s.toml: not TOML: .*line 5"),
        ("seed = 5", "seed = -5", r"s.toml, line 4: seed must be an integer >= 0, got -5"),
        ("seed = 5", "sede = 5", r"line 4: unknown key 'sede' of \[sweep\]; choose one of 'seed', 'stop'"),
        ("[sweep]", "[sweeps]", r"line 3: unknown table 'sweeps'"),
        ("# both", "x = 1 # both", r"line 2: unknown table 'x'"),
        ("successes = 100", "successes = -100", r"line 5: stop: successes must be >= 1, got -100"),
        ("most = 1_000_000", "most = 0", r"line 5: stop: most must be >= 1, got 0"),
        (
            "most = 1_000_000",
            "least = 1",
            r"line 5: unknown key 'least' of stop 'successes'; choose one of 'successes', 'most', 'of'",
        ),
        (
            "successes = 100, most = 1_000_000",
            "for_ever = true",
            r"line 5: stop must be one of { trials = ... }, { half_width",
        ),
        ("{ successes = 100, most = 1_000_000 }", "100", r"line 5: stop must be one of .* got 100"),
        ('"rfss-target"', '"rss"', r"line 8: unknown kind 'rss'; choose one of 'census', .*'vectors'"),
        ('"rfss-target"', "[1]", r"line 8: unknown kind \[1\]"),
        ('kind = "rfss-target"', "", r"line 7: a task needs its kind; choose one of 'census'"),
        (
            "k = [2, 3]",
            "kk = 2",
            r"line 10: unknown parameter 'kk' of a task of kind 'rfss-target'; choose one of .*'ns'",
        ),
        ("k = [2, 3]", "", r"line 7: a task of kind 'rfss-target' needs 'k' too"),
        ("k = [2, 3]", "k = []", r"line 10: k must not be empty"),
        ("ns = [4, 6]", "ns = []", r"line 11: ns must not be empty"),
        ("ns = [4, 6]", "ns = [[4], []]", r"line 11: ns must not be empty"),
        ("k = [2, 3]", "k = [2, -3]", r"line 10: rfss-target: k must be >= 1, got -3"),
        ('"uniform", "normal"', '"uniform", "uniformly"', r"line (9|7): rfss-target: .*uniformly"),
        ("target = 1", "target = nan", r"line 13: rfss-target: target must be finite"),
        ("target = 1", f"target = {list(range(70_000))}", r"s.toml: at most 100,000 tasks, got grids of 560,000"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, message: str) -> None:
    assert WHOLE.count(old) == 1
    with pytest.raises(SpecError, match=message):
        parse_spec(WHOLE.replace(old, new), "s.toml")


def test_the_line_of_the_right_table() -> None:
    text = WHOLE + '\n[[task]]\nkind = "partition"\nn = 8\nbits = 99\n'
    with pytest.raises(SpecError, match=r"line 18: partition: bits must lie between 1 and [0-9]+, got 99"):
        parse_spec(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no tasks; add a table \[\[task\]\] with its kind: 'census'"),
        ("[sweep]\nseed = 1\n", "no tasks"),
        ("[task]\nkind = 'vectors'\n", r"line 1: tasks must be tables in double brackets"),
        ("task = 3\n", r"line 1: tasks must be tables in double brackets"),
        ("sweep = 3\n", r"line 1: sweep must be a table: \[sweep\]"),
        ("x = " + "[" * 100_000, "not TOML"),
    ],
)
def test_no_specification(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec(text)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(WHOLE)
    assert read_spec(path) == parse_spec(WHOLE)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match="a specification is UTF-8 text, got byte 0xff at 0"):
        read_spec(path)
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(SpecError, match="at most 1,048,576 bytes, got 1,048,577"):
        read_spec(path)
    with pytest.raises(FileNotFoundError):
        read_spec(tmp_path / "none.toml")


def test_every_kind_can_be_written_down() -> None:
    for kind in KINDS:
        with pytest.raises(SpecError, match=f"unknown parameter 'nothing' of a task of kind '{kind}'"):
            parse_spec(f"[[task]]\nkind = '{kind}'\nnothing = 1\n")
