"""Statistical checks: what a number of successes says about a claimed probability, at a stated false-alarm probability."""

from __future__ import annotations

from scipy.stats import binom

from proofs_checks.lemma import require


def probability_at_most(claim: float, successes: int, trials: int, false_alarm: float, what: str) -> None:
    """Refute "P <= claim" if so many successes had a probability below `false_alarm` under it."""
    chance = float(binom.sf(successes - 1, trials, min(max(claim, 0.0), 1.0)))
    require(
        chance >= false_alarm, f"{what}: {successes} of {trials}, but P <= {claim:.4g} claimed (chance {chance:.1g})"
    )


def probability_at_least(claim: float, successes: int, trials: int, false_alarm: float, what: str) -> None:
    """Refute "P >= claim" if so few successes had a probability below `false_alarm` under it."""
    chance = float(binom.cdf(successes, trials, min(max(claim, 0.0), 1.0)))
    require(
        chance >= false_alarm, f"{what}: {successes} of {trials}, but P >= {claim:.4g} claimed (chance {chance:.1g})"
    )


def probability_is(claim: float, tolerance: float, successes: int, trials: int, false_alarm: float, what: str) -> None:
    """Refute "|P - claim| <= tolerance" if the successes contradict either side at half of `false_alarm`."""
    probability_at_most(claim + tolerance, successes, trials, false_alarm / 2, what)
    probability_at_least(claim - tolerance, successes, trials, false_alarm / 2, what)
