"""Answers in a file: read back as they were, equal bytes for equal answers, and nothing else is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slth.cli import main
from slth.sweeps import Collected, HalfWidth, Store, Successes, Trials, collect, read, write
from slth.sweeps.tasks import RSSTarget

TASKS = [RSSTarget(ns=(4, 8), epsilons=(0.1, 0.5), law=law, trials_a_block=100) for law in ("uniform", "normal")]


@pytest.fixture(scope="module")
def answers() -> tuple[Collected, ...]:
    return collect(TASKS, workers=1, seed=3, stop=Successes(80, of="failures"))


@pytest.mark.parametrize("stop", [Trials(150), HalfWidth(0.2), Successes(80)])
def test_what_is_read_is_what_was_written(stop: Trials | HalfWidth | Successes, tmp_path: Path) -> None:
    found = collect(TASKS, workers=1, seed=3, stop=stop)
    assert write(found, tmp_path / "a.json") == 2
    again = read(tmp_path / "a.json")
    assert again == found
    assert [one.rows(0.9) for one in again] == [one.rows(0.9) for one in found]
    write(again, tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert len((tmp_path / "a.json").read_text().splitlines()) == 3


def test_nothing_collected_is_a_file_too(tmp_path: Path) -> None:
    assert write([], tmp_path / "none.json") == 0
    assert read(tmp_path / "none.json") == ()


def test_a_store_is_exported(
    answers: tuple[Collected, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(tmp_path / "a.store", write=True) as store:
        collect(TASKS, workers=1, seed=3, stop=Successes(80, of="failures"), store=store)
    assert main(["sweep", "export", str(tmp_path / "a.store"), "-o", str(tmp_path / "a.json")]) == 0
    assert "2 answers" in capsys.readouterr().out
    assert sorted(read(tmp_path / "a.json"), key=lambda one: one.task.id) == sorted(
        answers, key=lambda one: one.task.id
    )


def test_failed_blocks_are_not_left_out_silently(answers: tuple[Collected, ...], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"1 blocks of .* failed; run the sweep again"):
        write([replace(answers[0], errors=((3, "Traceback"),))], tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()


def _spoiled(lines: list[str], name: str) -> str:
    row = json.loads(lines[1])
    if name == "foreign":
        return '{"format": "something else"}\n'
    if name == "version":
        return lines[0].replace('"version": 1', '"version": 2') + "\n"
    if name == "text":
        return "kind,task\nrss,1\n"
    if name == "cut":
        return "\n".join(lines)[:-40]
    if name == "empty":
        return ""
    if name == "kind":
        row["task"]["kind"] = "unheard-of"
    elif name == "trials":
        row["tally"]["trials"] += 1
    elif name == "shape":
        row["tally"]["counts"]["first"] = [1, 2]
    elif name == "missing":
        del row["seed"]
    elif name == "seed":
        row["seed"] = True
    elif name == "last":
        row["last"] = None
    return "\n".join([lines[0], json.dumps(row), ""])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("foreign", "not a file of answers of version 1"), ("version", "not a file of answers of version 1"),
        ("text", "line 1: not JSON"), ("empty", "line 1: not JSON"), ("cut", "cut off"), ("kind", "unheard-of"),
        ("trials", "are not the"), ("shape", "line 2: not an answer"), ("missing", "it has not"), ("seed", "integers >= 0"),
        ("last", "are not the"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(name: str, message: str, answers: tuple[Collected, ...], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write(answers, path)
    path.write_text(_spoiled(path.read_text().splitlines(), name))
    with pytest.raises(ValueError, match=message) as caught:
        read(path)
    assert "a.json" in str(caught.value)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.json")
