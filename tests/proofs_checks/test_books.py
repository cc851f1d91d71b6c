"""The books are kept: bounds, steps, citations and files name each other, and nothing is named that is not there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from proofs_checks import PAPERS, ledger, run
from proofs_checks.lemma import MEANS
from slth import bounds
from slth.bounds.references import entries

FOLDER = ledger.HERE
STEPS = run.steps()
CATALOGUE = {bound.name: bound for bound in bounds.catalogue()}
FRAME = {"__init__", "ledger", "lemma", "run"}


def test_every_module_is_a_paper() -> None:
    found = {path.stem for path in FOLDER.glob("*.py")} - FRAME
    assert found == set(PAPERS)
    assert len(PAPERS) == len(set(PAPERS))


def test_every_bound_has_a_step_or_says_why_not() -> None:
    stepped = {name for step in STEPS for name in step.bounds if step.check is not None}
    for name, bound in CATALOGUE.items():
        if name in stepped:
            assert not bound.unchecked, f"{name} has steps, but says why it has none"
        else:
            assert bound.unchecked, f"{name} has no checked step, and does not say why"


def test_every_public_function_is_in_the_catalogue() -> None:
    for name, bound in CATALOGUE.items():
        assert name in bounds.__all__
        assert getattr(bounds, name) is bound.function


def test_every_step_is_written_in_full() -> None:
    known = set(entries())
    for step in STEPS:
        assert step.bounds, f"{step}: a step names the bounds that rest on it"
        assert set(step.bounds) <= set(CATALOGUE), step
        assert step.cites, step
        assert set(step.cites) <= known, step
        assert step.means in MEANS, step
        assert step.scope, step
        assert step.statement.endswith((".", ")", "?")), step
        assert not step.notebook or (FOLDER.parent / "notebooks" / step.notebook).is_file(), step
        assert step.false_alarm is None or 0 < step.false_alarm <= 1e-4, step


def test_citations_resolve() -> None:
    for bound in CATALOGUE.values():
        assert bound.cites
        assert set(bound.cites) <= set(entries()), bound.name
        assert bound.bibtex.startswith("@")


def test_false_alarms_of_the_suite_add_up_to_little() -> None:
    assert sum(step.false_alarm or 0.0 for step in STEPS) < 1e-3


def test_the_ledger_is_fresh() -> None:
    assert ledger.stale() == []


def test_a_stale_ledger_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("VERDICTS", "README"):
        copy = tmp_path / name
        copy.write_bytes(getattr(ledger, name).read_bytes())
        monkeypatch.setattr(ledger, name, copy)
    assert ledger.stale() == []
    ledger.README.write_text(ledger.README.read_text(encoding="utf-8") + "x", encoding="utf-8")
    assert "README.md" in ledger.stale()[0]
    text = ledger.VERDICTS.read_text(encoding="utf-8")
    ledger.VERDICTS.write_text(text.replace(ledger._fingerprint(PAPERS[0]), "0" * 64), encoding="utf-8")
    assert PAPERS[0] in ledger.stale()[0]


def test_verdicts_belong_to_the_text_of_a_module_and_its_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    texts = {
        "paper.py": "from proofs_checks.tools import chance\n",
        "tools/chance.py": "from proofs_checks.tools.balls import prove_positive\n",
        "tools/balls.py": "1",
        "tools/other.py": "1",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(ledger, "HERE", tmp_path)
    found = {ledger._fingerprint("paper")}
    (tmp_path / "tools/other.py").write_text("2", encoding="utf-8")
    found.add(ledger._fingerprint("paper"))
    assert len(found) == 1
    for name in ("paper.py", "tools/chance.py", "tools/balls.py"):
        (tmp_path / name).write_text(texts[name] + "# changed\n", encoding="utf-8")
        found.add(ledger._fingerprint("paper"))
    assert len(found) == 4


def test_verdicts_are_earned() -> None:
    """ "proven" is for symbolic and rigorous means alone, and nothing in the ledger is refuted."""
    counts = Counter((step.means, step.shows) for step in STEPS)
    for means, shows in counts:
        assert shows != "proven" or means in ("symbolic", "rigorous")
        assert shows != "verified" or means == "exact"
        assert shows != "REFUTED"
