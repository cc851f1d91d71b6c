"""`Step`: one lemma of a proof and the check of it; `lemma` and `claimed` write steps into the books of a paper.

How far a check carries is in its *means*:

    symbolic     an identity, by computer algebra
    rigorous     an inequality over the whole stated range, in ball arithmetic or by an argument whose every number is enclosed
    exact        every case of the stated, finite range, in integers or fractions
    statistical  random draws that would contradict a false statement; the false-alarm probability is stated
    search       a hunt for counterexamples at the edges of the hypotheses that found none
    none         claimed by the paper, not checked

and what it found in its *verdict*. "proven" belongs to symbolic and rigorous checks alone; an exact one is "verified" on its range.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Means = Literal["symbolic", "rigorous", "exact", "statistical", "search", "none"]
Verdict = Literal["proven", "verified", "consistent", "no counterexample", "gap", "claimed", "REFUTED"]

MEANS: Final[tuple[str, ...]] = get_args(Means)

_VERDICTS: Final[dict[str, Verdict]] = {
    "symbolic": "proven",
    "rigorous": "proven",
    "exact": "verified",
    "statistical": "consistent",
    "search": "no counterexample",
}


class Refuted(AssertionError):
    """A check found its statement false; the message is the evidence."""


def require(holds: Any, evidence: str) -> None:
    """Raise `Refuted` unless the condition holds."""
    if not holds:
        raise Refuted(evidence)


@dataclass(frozen=True)
class Step:
    """One lemma and its check.

    Attributes
    ----------
    paper : str
        Module of `proofs_checks`.
    name : str
        Of the function.
    place : str
        Theorem, lemma or step of the proof.
    statement : str
        First paragraph of the docstring.
    means : str
        See the module.
    scope : str
        The range that is covered.
    bounds : tuple of str
        Functions of `slth.bounds` that rest on it.
    cites : tuple of str
        Keys of the bibliography.
    shows : str
        Verdict when the check returns.
    false_alarm : float or None
        Of a statistical check: probability that it refutes a true statement.
    control : object or None
        A deliberately false claim that ``check(control)`` has to refute.
    slow : bool
        More than about three seconds: left to ``make prove``.
    notebook : str
        Path under notebooks/, or empty.
    check : callable or None
        Returns one line of evidence, or raises `Refuted`.
    """

    paper: str
    name: str
    place: str
    statement: str
    means: Means
    scope: str
    bounds: tuple[str, ...]
    cites: tuple[str, ...]
    shows: Verdict
    false_alarm: float | None = None
    control: Any = None
    slow: bool = False
    notebook: str = ""
    check: Callable[..., str] | None = None

    def __str__(self) -> str:
        return f"{self.paper}.{self.name}"


BOOKS: Final[dict[str, dict[str, Step]]] = {}


def lemma(
    place: str,
    *,
    means: Means,
    scope: str,
    bounds: tuple[str, ...],
    cites: tuple[str, ...],
    shows: Verdict | None = None,
    false_alarm: float | None = None,
    control: Any = None,
    slow: bool = False,
    notebook: str = "",
) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Enter a check into the books of the paper whose module it stands in.

    The function takes nothing, or one argument, the claim, whose default is the lemma's own; with `control`, a false claim, it has to
    refute that too. Statistical checks must have both `false_alarm` and `control`.
    """
    if (means == "statistical") != (false_alarm is not None) or (means == "statistical" and control is None):
        raise TypeError(f"{place}: a statistical check, and no other, states false_alarm=, and needs a control=")

    def enter(check: Callable[..., str]) -> Callable[..., str]:
        step = Step(
            paper=check.__module__.rpartition(".")[2],
            name=check.__name__,
            place=place,
            statement=_first_paragraph(check.__doc__ or ""),
            means=means,
            scope=scope,
            bounds=bounds,
            cites=cites,
            shows=shows or _VERDICTS[means],
            false_alarm=false_alarm,
            control=control,
            slow=slow,
            notebook=notebook,
            check=check,
        )
        _enter(step)
        return check

    return enter


def claimed(
    name: str, place: str, statement: str, *, why: str, bounds: tuple[str, ...], cites: tuple[str, ...]
) -> None:
    """Enter a step that nothing here checks, and why."""
    module = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]
    _enter(Step(module, name, place, statement, "none", why, bounds, cites, "claimed"))


def _enter(step: Step) -> None:
    steps = BOOKS.setdefault(step.paper, {})
    if step.name in steps:
        raise RuntimeError(f"two steps are called {step}")
    if not step.statement:
        raise RuntimeError(f"{step} has no docstring that states it")
    steps[step.name] = step


def _first_paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
