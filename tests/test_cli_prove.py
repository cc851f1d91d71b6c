"""``slth prove``: exit codes, the table, the ledger it writes, what it says when it cannot run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofs_checks import PAPERS, ledger, run
from proofs_checks.lemma import BOOKS, Refuted, lemma
from slth import cli


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The ledger, moved away."""
    for name in ("VERDICTS", "README"):
        path = tmp_path / getattr(ledger, name).name
        path.write_bytes(getattr(ledger, name).read_bytes())
        monkeypatch.setattr(ledger, name, path)
    return tmp_path


@pytest.fixture
def false_lemma() -> Iterator[str]:
    """A lemma of the first paper that is refuted."""
    run.steps([PAPERS[0]])

    def wrong() -> str:
        """One is two."""
        raise Refuted("1 < 2")

    wrong.__module__ = f"proofs_checks.{PAPERS[0]}"
    lemma("a slip", means="exact", scope="1", bounds=("rss_n_explicit",), cites=("slth",))(wrong)
    yield "wrong"
    del BOOKS[PAPERS[0]]["wrong"]


def test_a_table_of_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prove", "explicit_rss", "--fast", "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "+ proven            explicit_rss: step 3, the chord bound (chord_bound)" in out
    assert "slack = s (1 - s) / (2 v (1 + s))" in out
    assert " proven" in out.splitlines()[-1]


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prove", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(run.steps())


def test_a_refuted_step_is_exit_code_1(capsys: pytest.CaptureFixture[str], false_lemma: str) -> None:
    assert cli.main(["prove", PAPERS[0], "--fast", "--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert f"! REFUTED           {PAPERS[0]}: a slip (wrong)" in out
    assert "1 < 2" in out


def test_the_ledger_is_written_for_the_papers_run(
    capsys: pytest.CaptureFixture[str], copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = json.loads((copies / "verdicts.json").read_text())
    monkeypatch.setattr(
        run, "run_all", lambda steps, workers: (run.Outcome(s.paper, s.name, s.shows, "new", 0.0) for s in steps)
    )
    assert cli.main(["prove", "explicit_rss", "--ledger"]) == 0
    after = json.loads((copies / "verdicts.json").read_text())
    assert {found[1] for found in after["explicit_rss"]["steps"].values()} == {"new"}
    assert {paper: book for paper, book in after.items() if paper != "explicit_rss"} == {
        paper: book for paper, book in before.items() if paper != "explicit_rss"
    }
    assert "new" in (copies / "README.md").read_text()
    assert cli.main(["prove", "--fresh"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_a_stale_ledger_is_exit_code_1(capsys: pytest.CaptureFixture[str], copies: Path) -> None:
    (copies / "README.md").write_text("nothing")
    assert cli.main(["prove", "--fresh"]) == 1
    assert "run: slth prove --ledger" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["euclid"], "no paper is called 'euclid'; choose from"),
        (["--fast", "--ledger"], "leave --fast away"),
        (["--workers", "0"], "workers must be >= 1"),
    ],
)
def test_misuse(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert cli.main(["prove", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_the_extra(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)
    assert cli.main(["prove"]) == 2
    assert "pip install 'slth[prove]'" in capsys.readouterr().err


def test_several_processes_give_the_same_in_the_same_order() -> None:
    chosen = run.steps(["explicit_rss"], fast=True)
    alone, together = list(run.run_all(chosen, 1)), list(run.run_all(chosen, 2))
    assert [(o.name, o.verdict, o.evidence) for o in alone] == [(o.name, o.verdict, o.evidence) for o in together]


def test_ctrl_c_ends_it_at_once() -> None:
    papers = "borgs_2001", "pensia_2020", "becchetti_2022", "burkholz_2022"  # the slow steps would be run first
    process = subprocess.Popen(
        [sys.executable, "-m", "slth.cli", "prove", *papers, "--fast", "--workers", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    import os

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    start = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert time.monotonic() - start < 30
