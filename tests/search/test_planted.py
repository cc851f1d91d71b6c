"""Planted tickets solve their tasks, lie in their sources, and are measured right."""

import numpy as np
import pytest

from slth import search

CASES = [("relu", 2), ("relu", 10), ("circle", 3), ("circle", 10), ("helix", 2), ("helix", 10)]


@pytest.mark.parametrize(("task", "depth"), CASES)
@pytest.mark.parametrize("law", ["kaiming-normal", "signed-constant"])
def test_the_ticket_solves_the_task(task: str, depth: int, law: str) -> None:
    planted = search.plant(task, depth, 60, law=law, count=1000, rng=depth)
    assert planted.source.depth == planted.ticket.depth == depth
    x = planted.objective.inputs.astype(float)
    assert np.allclose(planted.ticket(x), planted.small(x), atol=1e-9)
    if task == "circle":
        # 10 knots blur the boundaries: 4 % of the square lie that close to one
        assert (planted.ticket(x).argmax(axis=1) == planted.objective.wanted).mean() > 0.95
    elif task == "helix":
        assert np.abs(planted.ticket(x) - planted.objective.wanted).max() < 0.06
    else:
        assert np.allclose(planted.ticket(x), np.maximum(x, 0), atol=1e-6)


@pytest.mark.parametrize(("task", "depth"), CASES)
def test_the_ticket_lies_in_the_source(task: str, depth: int) -> None:
    planted = search.plant(task, depth, 50, rng=1)
    for source, ticket in zip(planted.source.layers, planted.ticket.layers, strict=True):
        assert (ticket.weight[ticket.weight != 0] == source.weight[ticket.weight != 0]).all()
        assert (ticket.bias[ticket.bias != 0] == source.bias[ticket.bias != 0]).all()
    assert planted.size == sum(int(mask.sum()) for mask in planted.mask.values())
    assert 0 < planted.density < 1


def test_recovery_counts_what_was_planted() -> None:
    planted = search.plant("helix", 2, 40, rng=0)
    by_chance = search.find(planted.source, planted.objective, density=0.999, method="random", budget="global", rng=0)
    assert planted.recovery(by_chance) > 0.98
    few = search.find(planted.source, planted.objective, density=0.02, method="random", budget="global", rng=0)
    assert planted.recovery(few) < 0.2


def test_relu_ticket_of_depth_two_has_two_weights() -> None:
    assert search.plant("relu", 2, 5, rng=0).size == 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("spiral",), "unknown task"), (("circle", 2), "at least 3 layers"), (("helix", 3, 20), "use width=30 or more")],
)
def test_refuses_what_does_not_fit(arguments: tuple[object, ...], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        search.plant(*arguments, rng=0)
