"""What holds of every kind of task: identity, reproducibility, integers that add up, and parameters that are refused clearly."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from slth import laws
from slth.sweeps.tally import Tally
from slth.sweeps.task import Task
from slth.sweeps.tasks import (
    KINDS,
    Census,
    ClosestError,
    Construction,
    Counts,
    Partition,
    Quantized,
    QuantizedTarget,
    RFSSInterval,
    RFSSTarget,
    RSSInterval,
    RSSTarget,
    Search,
    Vectors,
)

SMALL: dict[str, Task] = {
    task.kind: task
    for task in (
        RSSTarget(trials_a_block=200, ns=(4, 7, 10), epsilons=(0.02, 0.1), law="uniform"),
        RFSSTarget(trials_a_block=200, k=3, ns=(5, 9), epsilons=(0.1,)),
        RSSInterval(trials_a_block=50, n=14, epsilons=(0.1, 0.3)),
        RFSSInterval(trials_a_block=50, n=14, k=4, epsilons=(0.3,)),
        Quantized(trials_a_block=100, n=12, m=20, deltas=(0, 1)),
        QuantizedTarget(trials_a_block=100, ns=(4, 8), m=20, deltas=(0, 1)),
        Partition(trials_a_block=100, n=9, bits=8),
        Vectors(trials_a_block=40, d=2, ns=(4, 8), epsilons=(0.3,), law="uniform"),
        ClosestError(trials_a_block=100, n=9, epsilons=(0.02, 0.1)),
        Counts(trials_a_block=50, n=9, epsilon=0.1, target=0.3, spread=0.5),
        Census(trials_a_block=2, source="1-2-1", target="1-1", epsilon=0.3),
        Construction(trials_a_block=2, width=12, epsilons=(0.1, 1.0), target="2-2"),
        Search(trials_a_block=1, method="random", density=0.5, hidden=(8,), accuracies=(0.05, 0.5)),
    )
}

# first 16 digits of the SHA-256 of what one generator gives, for kinds without floating-point sums: a change needs a new `version`
BLOCKS = {
    "rss-target": "97ab4860a389bf44",
    "rfss-target": "accc0cb5c69d0123",
    "rss-interval": "4b742e3b58009925",
    "rfss-interval": "752a1e896807053c",
    "quantized": "825edf95ffb3c02b",
    "quantized-target": "37eb23048e373f43",
    "partition": "cc3a109827205459",
    "vectors": "575ae25e1e0d37ed",
    "counts": "3f8f6496fbc871fe",
    "census": "4726f4f26c696c66",
}

every_kind = pytest.mark.parametrize("task", SMALL.values(), ids=SMALL.keys())


def test_every_kind_is_tried_here() -> None:
    assert SMALL.keys() == KINDS.keys()
    assert all(KINDS[kind].kind == kind for kind in KINDS)


@every_kind
def test_a_block_is_a_function_of_seed_and_index(task: Task) -> None:
    once = task.block(5, 3)
    assert once.to_json() == pickle.loads(pickle.dumps(task)).block(5, 3).to_json()
    assert once.trials == task.trials_a_block
    assert Tally.from_json(once.to_json()) == once
    assert len({once.to_json(), task.block(5, 4).to_json(), task.block(6, 3).to_json()}) > 1
    both = once + task.block(5, 4)
    assert both.trials == 2 * task.trials_a_block
    for tally in (once, both):
        hits = task.successes(tally)
        assert len(hits) == len(task.points) > 0
        assert all(isinstance(k, int) and 0 <= k <= tally.trials for k in hits)
    assert task.successes(both) == tuple(
        a + b for a, b in zip(task.successes(once), task.successes(task.block(5, 4)), strict=True)
    )
    assert task.successes(Tally()) == (0,) * len(task.points)


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_are_those_of_this_version(kind: str) -> None:
    block = SMALL[kind].measure(np.random.default_rng(5), SMALL[kind].trials_a_block).to_json()
    assert hashlib.sha256(block.encode()).hexdigest()[:16] == BLOCKS[kind]


@every_kind
def test_a_task_comes_back_from_its_parameters(task: Task) -> None:
    again = KINDS[task.kind](**task.parameters)
    assert again == task
    assert again.id == task.id
    assert replace(task, trials_a_block=7).id != task.id
    assert len({point_text(point) for point in task.points}) == len(task.points)


def point_text(point: Any) -> str:
    return repr(sorted(point.items()))


@every_kind
def test_docstrings_say_what_a_trial_costs(task: Task) -> None:
    assert "Trials a second" in str(type(task).__doc__)


def test_one_question_has_one_id() -> None:
    plain = RSSTarget(ns=(8, 12), epsilons=(0.01, 1.0), law="uniform", target=0.0, spread=1.0)
    other = RSSTarget(ns=[12, np.int64(8)], epsilons=[1, 0.01], law="uniform(-1, 1)", target=0, spread=1)  # type: ignore[arg-type]
    assert plain == other
    assert plain.id == other.id
    single = RSSTarget(ns=8, epsilons=0.5, law=laws.Normal(0, 1))  # type: ignore[arg-type]
    assert (single.ns, single.epsilons, single.law) == ((8,), (0.5,), "normal")
    assert Construction(width=8, epsilons=(1,), target="08-4", construction="fixed-size(3)").target == "8-4"
    assert RSSTarget(ns=(8,), epsilons=(0.5,), target=-0.0).id == RSSTarget(ns=(8,), epsilons=(0.5,)).id
    ids = [task.id for task in SMALL.values()]
    assert len(set(ids)) == len(ids)


REFUSED: list[tuple[type[Task], dict[str, Any], str]] = [
    (RSSTarget, {"ns": (4, 4), "epsilons": (0.1,)}, "ns must be different numbers, got 4 twice"),
    (RSSTarget, {"ns": (), "epsilons": (0.1,)}, "ns must not be empty"),
    (RSSTarget, {"ns": (45,), "epsilons": (0.1,)}, "ns must lie between 1 and 44, got 45"),
    (RSSTarget, {"ns": (0, 4), "epsilons": (0.1,)}, "ns must be >= 1, got 0"),
    (RSSTarget, {"ns": (4.5,), "epsilons": (0.1,)}, "ns must be a positive integer, got 4.5"),
    (RSSTarget, {"ns": "8", "epsilons": (0.1,)}, "ns must be a positive integer, got '8'"),
    (RSSTarget, {"ns": (4,), "epsilons": (0.0,)}, "epsilons must be > 0 and finite, got 0.0"),
    (RSSTarget, {"ns": (4,), "epsilons": (0.1,), "law": "cauchy"}, "unknown law 'cauchy'"),
    (RSSTarget, {"ns": (4,), "epsilons": (0.1,), "target": float("nan")}, "target must be finite"),
    (RSSTarget, {"ns": (4,), "epsilons": (0.1,), "target": (1, 2)}, "target must be a number"),
    (RSSTarget, {"ns": (4,), "epsilons": (0.1,), "spread": -1}, "spread must be >= 0, got -1.0"),
    (RSSTarget, {"ns": (4,), "epsilons": (0.1,), "trials_a_block": 0}, "trials_a_block must be >= 1"),
    (RFSSTarget, {"k": 5, "ns": (4, 8), "epsilons": (0.1,)}, "ns of subsets of k samples must lie between 5 and 44, got 4"),
    (RFSSTarget, {"k": 2, "ns": (4,), "epsilons": (0.1,), "unit": "k"}, "unknown unit 'k'"),
    (RSSInterval, {"n": 50, "epsilons": (0.1,)}, "n must lie between 1 and 44, got 50"),
    (RSSInterval, {"n": 5, "epsilons": (0.1,), "low": 1, "high": 1}, "low must lie below high, got 1.0 and 1.0"),
    (RFSSInterval, {"n": 5, "k": 6, "epsilons": (0.1,)}, "must lie between 6 and 44, got 5"),
    (Quantized, {"n": 8, "m": 2**20 + 1}, "m must lie between 1 and 1048576"),
    (Quantized, {"n": 8, "m": 8, "deltas": (0.5,)}, "deltas must be a whole number, got 0.5"),
    (Quantized, {"n": 8, "m": 8, "deltas": (-1,)}, "deltas must be >= 0, got -1"),
    (QuantizedTarget, {"ns": (8,), "m": 8, "target": -2.5}, "target must be a whole number, got 2.5"),
    (ClosestError, {"n": 4, "size": 5}, "size must lie between 1 and 4, got 5"),
    (Partition, {"n": 1, "bits": 8}, "n must lie between 2 and 44, got 1"),
    (Partition, {"n": 8, "bits": 47}, "bits must lie between 1 and 46, got 47"),
    (Vectors, {"d": 0, "ns": (4,), "epsilons": (0.1,)}, "d must be >= 1, got 0"),
    (Vectors, {"d": 2, "ns": (41,), "epsilons": (0.1,)}, "ns must lie between 1 and 40, got 41"),
    (Counts, {"n": 41, "epsilon": 0.1}, "n must lie between 1 and 40, got 41"),
    (Census, {"source": "2-6-1", "target": "1-1", "epsilon": 0.1}, "must take the same 1 or 2 inputs"),
    (Census, {"source": "3-2-1", "target": "3-1", "epsilon": 0.1}, "must take the same 1 or 2 inputs"),
    (Census, {"source": "2-9-1", "target": "2-1", "epsilon": 0.1}, r"a census counts 2\^37 masks for 2-9-1"),
    (Construction, {"width": 8, "epsilons": (0.1,), "target": "mnist"}, "a shape is written as its widths, such as '8-4-2', got 'mnist'"),
    (Construction, {"width": 8, "epsilons": (0.1,), "construction": "none"}, "construction"),
    (Construction, {"width": 8, "epsilons": (0.1,), "construction": "found"}, "is not made for a target"),
    (Construction, {"width": 0, "epsilons": (0.1,)}, "width must be >= 1, got 0"),
    (Search, {"method": "magic", "density": 0.5}, "unknown method 'magic'"),
    (Search, {"method": "edge-popup", "density": 0.5}, "give epochs, such as 10"),
    (Search, {"method": "random", "density": 0.5, "epochs": 3}, "does not search; leave epochs away, got 3"),
    (Search, {"method": "random", "density": 1.5}, r"density must lie in \(0, 1\], got 1.5"),
    (Search, {"method": "random", "density": 0.5, "accuracies": (2.0,)}, r"accuracies must lie in \(0, 1\]"),
    (Search, {"method": "random", "density": 0.5, "law": "uniform"}, "unknown law 'uniform'"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "parameters", "message"), REFUSED, ids=[f"{k.kind}-{m[:30]}" for k, _, m in REFUSED])
def test_what_makes_no_task_is_refused(kind: type[Task], parameters: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        kind(**parameters)


def test_a_law_that_a_name_does_not_bring_back_is_refused() -> None:
    law = laws.UserLaw("mine", support=(0.0, 1.0), quantile=lambda u: u)
    with pytest.raises(ValueError, match="'mine' does not bring this one back"):
        RSSTarget(ns=(4,), epsilons=(0.1,), law=law)  # type: ignore[arg-type]
