"""The framework of the checks: what is refused, what is refuted, and that controls are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flint import arb, fmpq

from proofs_checks import run
from proofs_checks.lemma import BOOKS, Refuted, Step, lemma, require
from proofs_checks.tools import balls, chance

PLACE = {"scope": "here", "bounds": ("rss_n_explicit",), "cites": ("slth",)}


@pytest.fixture(autouse=True)
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Steps entered here do not stay."""
    before = dict(BOOKS)
    yield
    BOOKS.clear()
    BOOKS.update(before)


def step_of(check: Callable[..., str]) -> Step:
    return BOOKS[check.__module__.rpartition(".")[2]][check.__name__]


def test_verdicts() -> None:
    @lemma("one", means="exact", **PLACE)
    def holds() -> str:
        """Two is two.

        Not part of the statement.
        """
        return "2 = 2"

    @lemma("two", means="rigorous", **PLACE)
    def fails() -> str:
        """Two is three."""
        require(2 == 3, "2 < 3")
        return ""

    assert step_of(holds).statement == "Two is two."
    done = run.run(step_of(holds))
    assert (done.verdict, done.evidence) == ("verified", "2 = 2")
    done = run.run(step_of(fails))
    assert (done.verdict, done.evidence) == ("REFUTED", "2 < 3")


def test_a_control_that_is_accepted_refutes_the_check() -> None:
    @lemma("one", means="statistical", false_alarm=1e-6, control=0.9, **PLACE)
    def accepts_everything(claim: float = 0.5) -> str:
        """A coin is fair."""
        return "fine"

    @lemma("two", means="statistical", false_alarm=1e-6, control=0.9, **PLACE)
    def looks(claim: float = 0.5) -> str:
        """A coin is fair."""
        chance.probability_is(claim, 0.01, 500, 1000, 1e-6, "heads")
        return "500 of 1000"

    assert run.run(step_of(accepts_everything)).verdict == "REFUTED"
    assert run.run(step_of(looks)).verdict == "consistent"


def test_a_statistical_check_states_its_false_alarm_and_has_a_control() -> None:
    with pytest.raises(TypeError, match="false_alarm"):
        lemma("one", means="statistical", **PLACE)
    with pytest.raises(TypeError, match="control"):
        lemma("one", means="statistical", false_alarm=1e-6, **PLACE)
    with pytest.raises(TypeError, match="no other"):
        lemma("one", means="exact", false_alarm=1e-6, **PLACE)


def test_a_step_needs_a_statement_and_a_name_of_its_own() -> None:
    with pytest.raises(RuntimeError, match="no docstring"):
        lemma("one", means="exact", **PLACE)(lambda: "")

    def twice() -> str:
        """Said twice."""
        return ""

    lemma("one", means="exact", **PLACE)(twice)
    with pytest.raises(RuntimeError, match="two steps"):
        lemma("one", means="exact", **PLACE)(twice)


def test_unknown_paper() -> None:
    with pytest.raises(ValueError, match="no paper is called 'euler'"):
        run.steps(["euler"])


def test_balls_prove_and_refute() -> None:
    assert balls.prove_positive(lambda x: x * x - x + arb(fmpq(26, 100)), [(0, 1)], "q") >= 1
    with pytest.raises(Refuted, match="q: "):
        balls.prove_positive(lambda x: x * x - x + arb(fmpq(24, 100)), [(0, 1)], "q")
    with pytest.raises(Refuted):  # touches zero: undecided for ever, so not proven
        balls.prove_positive(lambda x, y: (x - y) ** 2, [(0, 1), (0, 1)], "square", deepest=12)


def test_balls_contain_the_interval() -> None:
    ball = balls.interval(fmpq(1, 3), fmpq(2, 3))
    assert ball.contains(arb(fmpq(1, 3)))
    assert ball.contains(arb(fmpq(2, 3)))


def test_chance_has_its_false_alarm() -> None:
    """Of all outcomes of 50 tosses, those that refute a true claim weigh at most the false-alarm probability, and not much less."""
    from scipy.stats import binom

    def refuted(check: Callable[..., None], claim: float, successes: int) -> bool:
        try:
            check(claim, successes, 50, 0.01, "coin")
        except Refuted:
            return True
        return False

    for check in (chance.probability_at_most, chance.probability_at_least):
        weight = sum(binom.pmf(s, 50, 0.3) for s in range(51) if refuted(check, 0.3, s))
        assert 0.001 < weight <= 0.01
