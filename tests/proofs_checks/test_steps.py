"""Fast steps hold, and with the verdict that the ledger shows; every second one by default, all of them in ``make test-slow`` and
``make prove``."""

from __future__ import annotations

import json

import pytest

from proofs_checks import ledger, run
from proofs_checks.lemma import Step

FAST = [step for step in run.steps(fast=True) if step.check is not None]
RECORDED = json.loads(ledger.VERDICTS.read_text(encoding="utf-8"))
# half a second to two each
LONGEST = {
    "pensia_2020.explicit_error", "pensia_2020.network", "predictors.one_target", "borgs_2001.least_discrepancy",
    "borgs_2001.second_moment", "borgs_2001.perfect_partitions", "burkholz_2022.construction", "burkholz_2022.linear_near_zero",
    "natale_2024_corollaries.uniform_success_at_small_sizes", "becchetti_2022.packing", "becchetti_2022.boosting",
    "otsuka_2025.hunt_for_perturbations", "mixture_poisson.smallest_useful_size", "natale_2024.second_moment_bound",
}  # fmt: skip
SOME = [
    step if i % 2 and str(step) not in LONGEST else pytest.param(step, marks=pytest.mark.slow)
    for i, step in enumerate(FAST)
]


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
