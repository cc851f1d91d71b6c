"""The solvers as small frozen objects, and what each can do as data.

A new solver is a class here with a `capability` and an `answer`, and an entry of `SOLVERS`; its algorithm lives in a file of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from slth.subset_sum import answer, closest, smallest, within
from slth.subset_sum.answer import in_blocks
from slth.subset_sum.capability import Capability, Solver
from slth.subset_sum.heuristics import answer as long_answer
from slth.subset_sum.heuristics.row import CompleteKarmarkarKarp, Greedy, KarmarkarKarp, Method
from slth.subset_sum.heuristics.swaps import LocalSearch
from slth.subset_sum.multiple_choice import listing, restricted
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Solution
from slth.subset_sum.vectors import answer as vector_answer
from slth.threads import progress_bar

_EXACT: dict[str, Any] = {
    "proven": True,
    "sizes": True,
    "coefficients": False,
    "patterns": False,
    "locked": True,
    "integers": True,
    "vectors": False,
}


@dataclass(frozen=True)
class HashJoin:
    """Halve the samples, write down all half sums unsorted, and let a bit table tell which can meet near the target."""

    capability = Capability(
        "hash-join",
        ("closest", "smallest"),
        **_EXACT,
        largest=64,
        time="2^(n/2)",
        memory="2^(n/2) words to n = 30, 2^(n/4) above",
        source="after Horowitz and Sahni 1974",
    )

    def answer(self, question: Question) -> Solution:
        batch = question.batch
        blocks = answer.blocks(batch, closest.cost(batch.n))
        # the threads are inside where an instance takes long
        inside = question.workers if batch.n >= closest.CHUNKED_FROM else 1
        outside = replace(question, workers=1) if inside > 1 else question
        if question.objective == "smallest":
            return in_blocks(outside, blocks, lambda which: smallest.by_sizes(question, which, inside))
        return in_blocks(outside, blocks, lambda which: closest.by_join(batch, which, inside, question.deadline))


@dataclass(frozen=True)
class SharedRow:
    """One sorted list a row, in which every target looks itself up: for many targets of the same samples."""

    capability = Capability(
        "shared-row",
        ("closest",),
        **{**_EXACT, "sizes": False},
        largest=44,
        time="2^p a row, 2^(n - p) a target",
        memory="2^p words, p <= 20",
        source="this project",
    )

    def answer(self, question: Question) -> Solution:
        batch = question.batch
        return in_blocks(
            question, closest.shared_blocks(batch, answer.BLOCK_NS), lambda which: closest.by_shared_row(batch, which)
        )


@dataclass(frozen=True)
class Streaming:
    """The hash join with halves produced slice by slice from sorted quarters: one instance, all threads, little memory."""

    capability = Capability(
        "streaming",
        ("closest",),
        **_EXACT,
        largest=64,
        time="2^(n/2)",
        memory="2^(n/4) words",
        source="after Schroeppel and Shamir 1981",
    )

    def answer(self, question: Question) -> Solution:
        alone = replace(question, workers=1, progress=False)  # the threads are inside, and so is the bar
        with progress_bar(0, "sum", question.progress) as bar:
            return in_blocks(alone, question.batch.blocks(1), lambda which: closest.by_streaming(question, which, bar))


@dataclass(frozen=True)
class SortedLists:
    """Sorted half lists, by size class where sizes matter, walked by two pointers."""

    capability = Capability(
        "sorted-lists",
        ("closest", "smallest"),
        **_EXACT,
        largest=44,
        time="2^(n/2)",
        memory="24 * 2^(n/2) bytes",
        source="Horowitz and Sahni 1974",
    )

    def answer(self, question: Question) -> Solution:
        batch = question.batch
        if question.objective == "smallest":
            tolerance = question.epsilon
            assert tolerance is not None
            return in_blocks(
                question,
                answer.blocks(batch, smallest.cost(batch.n)),
                lambda which: smallest.by_size_classes(batch, which, tolerance),
            )
        return in_blocks(question, batch.blocks(1), lambda which: closest.by_sorted_lists(batch, which))


@dataclass(frozen=True)
class PythonIntegers:
    """Exact integers of any length throughout: slow, and the judge of all others."""

    capability = Capability(
        "python-integers",
        ("closest", "smallest"),
        **_EXACT,
        largest=40,
        time="2^(n/2) heap steps",
        memory="2^(n/4) objects, with sizes 2^(n/2)",
        source="Schroeppel and Shamir 1981",
    )

    def answer(self, question: Question) -> Solution:
        batch, tolerance = question.batch, question.epsilon
        if question.objective == "smallest":
            assert tolerance is not None
            return in_blocks(question, batch.blocks(1), lambda which: smallest.by_integers(batch, which, tolerance))
        return in_blocks(question, batch.blocks(1), lambda which: closest.by_integers(batch, which))


@dataclass(frozen=True)
class GrowingPrefix:
    """A prefix just long enough to hold a subset within epsilon; only where there is none does the rest of the row count."""

    capability = Capability(
        "growing-prefix",
        ("any",),
        **_EXACT,
        largest=64,
        time="sqrt(spread / epsilon), whatever n; 2^(n/2) where nothing is found",
        memory="at most 14 MiB; then as the hash join",
        source="after Lueker 1998",
    )

    def answer(self, question: Question) -> Solution:
        batch = question.batch
        return in_blocks(question, batch.blocks(within.BLOCK), lambda which: within.solve(question, which))


@dataclass(frozen=True)
class MultipleChoice:
    """Sorted half lists of groups of options: any coefficients, patterns, all subsets, the k best."""

    capability = Capability(
        "multiple-choice",
        ("closest", "smallest", "any", "all"),
        **{**_EXACT, "coefficients": True, "patterns": True},
        largest=64,
        time="square root of the number of choices",
        memory="12 to 24 bytes times that, at most 2^24 choices a half",
        source="Horowitz and Sahni 1974",
    )

    def answer(self, question: Question) -> Solution:
        batch = question.batch
        if question.k_best is not None:
            return listing.closest_few(question)
        return in_blocks(
            question,
            answer.blocks(batch, restricted.cost(batch)),
            lambda which: restricted.solve(question, which),
        )


@dataclass(frozen=True)
class VectorJoin:
    """The hash join on cells of R^d."""

    capability = Capability(
        "vector-join",
        ("closest", "smallest", "any"),
        **{**_EXACT, "locked": False, "integers": False, "vectors": True},
        largest=64,
        time="2^(n/2) for small d and n to 40",
        memory="2^(n/2) words, at most some MiB",
        source="after Horowitz and Sahni 1974",
    )

    def answer(self, question: Question) -> Solution:
        return vector_answer.answer(question)


_HEURISTIC: dict[str, Any] = {
    **_EXACT,
    "proven": False,
    "locked": False,
    "largest": None,
}


@dataclass(frozen=True)
class Heuristic:
    """A method without proof, for rows of any length; it proves its answer only where it happens to (status OPTIMAL)."""

    method: Method

    @property
    def capability(self) -> Capability:
        """Of the method."""
        return _METHODS[type(self.method)]

    def answer(self, question: Question) -> Solution:
        return long_answer.answer(question, self.method)


_METHODS: Final[dict[type[Method], Capability]] = {
    LocalSearch: Capability(
        "local-search",
        ("closest", "any"),
        **_HEURISTIC,
        time="n log n, and a hash join of 32 moves a round",
        memory="n",
        source="this project",
    ),
    Greedy: Capability("greedy", ("closest", "any"), **_HEURISTIC, time="n log n", memory="n", source="folklore"),
    KarmarkarKarp: Capability(
        "karmarkar-karp",
        ("closest", "any"),
        **{**_HEURISTIC, "sizes": False},
        time="n log n",
        memory="n",
        source="Karmarkar and Karp 1982",
    ),
    CompleteKarmarkarKarp: Capability(
        "complete-karmarkar-karp",
        ("closest", "any"),
        **{**_HEURISTIC, "sizes": False},
        time="budget nodes; proven where the tree ends before",
        memory="n",
        source="Korf 1998",
    ),
}


SOLVERS: Final[dict[str, Solver]] = {
    solver.capability.solver: solver
    for solver in (
        HashJoin(),
        SharedRow(),
        Streaming(),
        SortedLists(),
        PythonIntegers(),
        GrowingPrefix(),
        MultipleChoice(),
        VectorJoin(),
        Heuristic(LocalSearch()),
        Heuristic(Greedy()),
        Heuristic(KarmarkarKarp()),
        Heuristic(CompleteKarmarkarKarp()),
    )
}
