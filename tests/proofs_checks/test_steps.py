"""Fast steps hold, and with the verdict that the ledger shows; every second one by default, all of them in ``make prove``."""

from __future__ import annotations

import json

import pytest

from proofs_checks import ledger, run
from proofs_checks.lemma import Step

FAST = [step for step in run.steps(fast=True) if step.check is not None]
RECORDED = json.loads(ledger.VERDICTS.read_text(encoding="utf-8"))


SOME = [step if i % 2 else pytest.param(step, marks=pytest.mark.slow) for i, step in enumerate(FAST)]


@pytest.mark.parametrize("step", SOME, ids=str)
def test_step(step: Step) -> None:
    outcome = run.run(step)
    assert outcome.verdict == step.shows, outcome.evidence
    assert outcome.verdict == RECORDED[step.paper]["steps"][step.name][0]


@pytest.mark.slow
@pytest.mark.parametrize("step", [step for step in run.steps() if step.slow], ids=str)
def test_slow_step(step: Step) -> None:
    outcome = run.run(step)
    assert outcome.verdict == step.shows, outcome.evidence
