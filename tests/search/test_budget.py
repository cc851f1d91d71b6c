"""How a density is spread over layers."""

import numpy as np
import pytest

import slth
from slth.search.budget import groups
from slth.search.flat import Flat


def flat(*widths: int, bias: bool = False) -> Flat:
    return Flat.of(slth.Network.random(list(widths), rng=0, bias=bias))


@pytest.mark.parametrize("density", [0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("budget", ["layer", "global", "erk"])
def test_keeps_the_density(density: float, budget: str) -> None:
    source = flat(20, 50, 30, 10)
    kept = sum(group.keep for group in groups(source, density, budget))
    assert abs(kept - density * source.values.size) <= 2


def test_erk_by_hand() -> None:
    """Evci et al. 2020: densities in proportion to (d_in + d_out) / (d_in d_out), capped at 1."""
    source = flat(100, 100, 4)
    first, second = groups(source, 0.2, "erk")
    raw = np.array([200 / 10000, 104 / 400])
    weights = np.array([10000, 400])
    factor = 0.2 * weights.sum() / (raw * weights).sum()
    assert factor * raw[1] > 1  # the small layer is full, the large one has what is left
    assert second.keep == 400
    assert first.keep == round(0.2 * 10400 - 400)


def test_zeros_of_the_source_do_not_count() -> None:
    network = slth.Network.read([(np.array([[1.0, 0.0], [2.0, 0.0]]), None), (np.array([[1.0, 1.0]]), None)])
    assert [g.keep for g in groups(Flat.of(network), 0.5, "layer")] == [1, 1]
    assert [(g.keep, g.count) for g in groups(Flat.of(network), 0.5, "global")] == [(2, 4)]


def test_an_emptied_layer_is_named() -> None:
    with pytest.warns(UserWarning, match=r"1\.weight"):
        groups(flat(100, 10, 1), 0.04, "layer")


@pytest.mark.parametrize("density", [0, -0.1, 1.5, float("nan")])
def test_refuses_densities_outside(density: float) -> None:
    with pytest.raises(ValueError, match=r"density must be in \(0, 1\]"):
        groups(flat(4, 4), density, "layer")


def test_refuses_to_keep_nothing_and_unknown_budgets() -> None:
    with pytest.raises(ValueError, match="keeps none"):
        groups(flat(4, 4), 1e-6, "global")
    with pytest.raises(ValueError, match="unknown budget"):
        groups(flat(4, 4), 0.5, "even")
