"""Points of many tasks, sorted into curves."""

from __future__ import annotations

import numpy as np
import pytest

from slth.sweeps import Collected, Trials, collect
from slth.sweeps.curves.cells import Cells
from slth.sweeps.curves.curve import Curve, curves_of
from slth.sweeps.tasks import Partition, RSSTarget
from tests.sweeps.drawn import curve_of
from tests.sweeps.fake import Coins
from tests.sweeps.twin import collected


@pytest.fixture(scope="module")
def found() -> tuple[Collected, ...]:
    tasks = [
        RSSTarget(ns=ns, epsilons=(0.1, 0.3), trials_a_block=50, law=law)
        for ns in ((2, 4), (3,))
        for law in ("uniform", "normal")
    ]
    return collect(tasks, stop=Trials(50))


def test_one_curve_for_each_value_of_the_others(found: tuple[Collected, ...]) -> None:
    curves = curves_of(found)
    assert [(c.given["epsilon"], c.given["law"]) for c in curves] == [
        (e, law) for law in ("uniform", "normal") for e in (0.1, 0.3)
    ]
    for curve in curves:
        assert curve.x.tolist() == [2, 3, 4]
        assert curve.given["kind"] == "rss-target"
        assert not {"n", "ns", "epsilons", "trials_a_block"} & set(curve.given)
        # 2 and 4 are of one task, 3 of another
        assert curve.run[0] == curve.run[2] != curve.run[1]
        assert curve.trials.tolist() == [50] * 3
        assert (curve.lower < curve.rate).all()


def test_along_another_parameter_and_filtered(found: tuple[Collected, ...]) -> None:
    (curve,) = curves_of(found, "epsilon", law="normal", n=4)
    assert curve.x.tolist() == [0.1, 0.3]
    assert curve.name == "kind=rss-target, law=normal, target=0, spread=1, n=4"
    assert curve.between(0.2).x.tolist() == [0.3]
    assert curve.table().column("epsilon") == [0.1, 0.3]
    assert repr(curve).startswith("Curve(2 of epsilon: 0.1 to 0.3; ")
    assert "<table>" in curve._repr_html_()


def test_a_number_that_is_no_ladder_is_no_run() -> None:
    tasks = [Partition(n=n, bits=3, trials_a_block=20) for n in (5, 4, 6)]
    curve = curves_of([collected(task, Trials(20)) for task in tasks], below_bits=1)[0]
    assert curve.x.tolist() == [4, 5, 6]
    assert np.unique(curve.run).size == 3


def test_points_that_nobody_has(found: tuple[Collected, ...]) -> None:
    with pytest.raises(ValueError, match="no point has 'width'"):
        curves_of(found, "width")
    with pytest.raises(ValueError, match="no point has 'n', law=cauchy"):
        curves_of(found, law="cauchy")


def test_cells_cut_a_run_and_stand_apart_otherwise() -> None:
    shared, apart = (Cells.of(curve_of([1, 2], [3, 5], 9, shared=shared)) for shared in (True, False))
    inf = np.inf
    assert list(zip(shared.low, shared.high, shared.counts, strict=True)) == [(-inf, 1, 3), (1, 2, 2), (2, inf, 4)]
    assert list(zip(apart.low, apart.high, apart.counts, strict=True)) == [
        (-inf, 1, 3),
        (1, inf, 6),
        (-inf, 2, 5),
        (2, inf, 4),
    ]


def test_a_run_does_not_fall() -> None:
    with pytest.raises(ValueError, match=r"succeed more often along n; got \[5, 3\] of \[9, 9\]"):
        curve_of([1, 2], [5, 3], 9, shared=True)


def test_other_misuse() -> None:
    (row,) = collected(Coins(), Trials(20)).rows()
    with pytest.raises(ValueError, match="n must be finite, got nan"):
        Curve.of([np.nan], [row])
    with pytest.raises(ValueError, match="one estimate and one run a value of n wanted, got 1 and 2 for 2"):
        Curve.of([1, 2], [row])
