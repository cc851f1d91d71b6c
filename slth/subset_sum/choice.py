"""The choice among the solvers: what a question needs, who can do it, and who is expected to be fastest."""

from __future__ import annotations

from dataclasses import dataclass

from slth.subset_sum import closest, smallest
from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.capability import Capability, Solver
from slth.subset_sum.heuristics.row import CompleteKarmarkarKarp, Greedy, KarmarkarKarp, Method
from slth.subset_sum.heuristics.swaps import LocalSearch
from slth.subset_sum.question import Question
from slth.subset_sum.solvers import (
    SOLVERS,
    GrowingPrefix,
    HashJoin,
    Heuristic,
    MultipleChoice,
    SharedRow,
    SortedLists,
    Streaming,
    VectorJoin,
)
from slth.validation import one_of

_ALONE_FROM = 36  # samples: from here on a single instance is worth all threads


@dataclass(frozen=True)
class Choice:
    """The solver that a question gets, and why."""

    solver: Solver
    why: str

    def __str__(self) -> str:
        return f"{self.solver.capability.solver}: {self.why}"


def choose(question: Question, solver: str | Solver | Method = "auto") -> Choice:
    """The solver asked for, if it can answer the question; with "auto" the one expected to be fastest.

    Raises
    ------
    TypeError
        If `solver` is neither a name nor a solver.
    ValueError
        If the name is unknown, or the solver cannot answer the question.
    """
    if isinstance(solver, str) and solver == "auto":
        chosen = _automatic(question)
    elif isinstance(solver, str):
        chosen = Choice(SOLVERS[one_of(solver, ("auto", *SOLVERS), "solver")], "asked for")
    elif isinstance(solver, LocalSearch | Greedy | KarmarkarKarp | CompleteKarmarkarKarp):
        chosen = Choice(Heuristic(solver), "asked for")
    elif isinstance(solver, Solver) and not isinstance(solver, type):
        chosen = Choice(solver, "asked for")
    else:
        raise TypeError(f"solver must be a name or a solver such as subset_sum.HashJoin(), got {solver!r}")
    missing = lacks(chosen.solver.capability, question)
    if missing:
        raise ValueError(
            f"solver {chosen.solver.capability.solver!r} does not take {missing}; see subset_sum.capabilities(), or leave solver out"
        )
    return chosen


def lacks(capability: Capability, question: Question) -> str:
    """What of the question is beyond the capability, in words; empty if nothing is."""
    allowed = question.allowed
    needs = {
        f'objective="{question.objective}"': question.objective not in capability.objectives,
        f"n = {question.n} (at most {capability.largest})": question.n > (capability.largest or question.n),
        "vectors": question.norm is not None and not capability.vectors,
        "numbers without norm=": question.norm is None and capability.vectors,
        "size=": allowed.sized and not capability.sizes,
        "pattern=": allowed.pattern is not None and not capability.patterns,
        f"coefficients={allowed.coefficients}": not (allowed.reducible or allowed.pattern)
        and not capability.coefficients,
        "coefficients other than 0 and 1": allowed.coefficients != (0, 1) and not capability.locked,
        "locked=": allowed.locked is not None and not capability.locked,
        "k_best=": question.k_best is not None and "all" not in capability.objectives,
    }
    return ", ".join(need for need, missing in needs.items() if missing)


def _automatic(question: Question) -> Choice:
    allowed, n = question.allowed, question.n
    if question.norm is not None:
        return Choice(VectorJoin(), f"vectors, n = {n}")
    if n > MAX_SAMPLES:
        return Choice(
            Heuristic(LocalSearch()),
            f"n = {n:,} is beyond the {MAX_SAMPLES} samples for which a proof is feasible: a heuristic",
        )
    if question.objective == "all" or question.k_best is not None:
        return Choice(MultipleChoice(), "many subsets in order, from sorted half lists")
    if not allowed.reducible:
        what = f"pattern {allowed.pattern}" if allowed.pattern else f"coefficients {allowed.coefficients}"
        return Choice(MultipleChoice(), f"{what}: one option for each group of samples")
    if question.objective == "smallest":
        if n <= smallest.MAX_LISTED:
            return Choice(SortedLists(), "fewest elements: half lists by size class, as far as needed")
        return Choice(HashJoin(), f"fewest elements, n = {n}: size by size, because half lists would be long")
    if question.objective == "any":
        return Choice(GrowingPrefix(), "any subset within epsilon: a prefix suffices nearly always")
    per_row = question.batch.per_row
    if per_row > 1 and n <= closest.LISTED_TO and not allowed.sized and closest.listed(n, per_row):
        return Choice(
            SharedRow(), f"{per_row:,} targets share each row: sorting {closest.listed(n, per_row)} samples of it pays"
        )
    alone = question.m < 2 * question.workers and n >= _ALONE_FROM
    if n > closest.LISTED_TO or alone or question.deadline is not None:
        return Choice(Streaming(), f"n = {n}: streamed slices, all threads on one instance, stops when time is up")
    return Choice(HashJoin(), f"n = {n}: hash join of half sums, a thread for each block of instances")
