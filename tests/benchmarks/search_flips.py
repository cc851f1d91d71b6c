"""How fast searches by losses alone step: swaps a second, each evaluated by what it changes, or in full as any network is.

    python -m tests.benchmarks.search_flips [--repeats 3]

Both walk from the same random mask at density 1/2 through the same swaps and accept or reject alike: the greedy rule, squared loss or cross
entropy. One thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from slth import search
from slth.search.budget import groups
from slth.search.flat import Flat
from slth.search.flips.landscape import AnyLandscape, Landscape, landscape_of
from slth.search.flips.sizes import Sizes
from slth.search.models import NetworkModel
from tests.benchmarks.timing import in_turn, ratio, table

# widths, inputs, swaps of the fast and of the slow way
TASKS = [((2, 8, 1), 64, 20_000, 500), ((64, 100, 10), 1797, 500, 20), ((784, 500, 10), 1000, 500, 5)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Swaps a second, incremental against full evaluation.")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for widths, inputs, many, few in TASKS:
        contenders = {"incremental": many, "full": few}
        walks = {name: walk(widths, inputs, count, name == "full") for name, count in contenders.items()}
        seconds = in_turn(walks, options.repeats)
        each = {name: [s / contenders[name] for s in times] for name, times in seconds.items()}
        speeds = [f"{1 / float(np.median(each[name])):,.0f}" for name in contenders]
        rows.append(["-".join(map(str, widths)), f"{inputs:,}", *speeds, ratio(each, "full", "incremental")])
    print(table(["network", "inputs", "incremental, swaps/s", "full, swaps/s", "times"], rows))


def walk(widths: tuple[int, ...], inputs: int, count: int, full: bool) -> Callable[[], object]:
    """So many swaps."""
    random = np.random.default_rng(0)
    net = search.random_network(widths, law="kaiming-normal", rng=0)
    x = random.normal(size=(inputs, widths[0]))
    if widths[-1] == 1:
        objective = search.regression(x, random.normal(size=(inputs, 1)))
    else:
        objective = search.classification(x, random.integers(widths[-1], size=inputs))
    flat, model = Flat.of(net), NetworkModel(net)
    sizes = Sizes.of(flat, groups(flat, 0.5, "layer"))
    given: tuple[Any, ...] = (model.oracle(), flat, sizes.where, objective.inputs, objective.wanted, objective.loss)
    landscape: Landscape = AnyLandscape(*given) if full else landscape_of(model, *given)
    order = sizes.random_order(random)[None]
    places = sizes.places(random.integers(sizes.swaps, size=(1, count)))

    def run() -> None:
        orders = order.copy()
        masks = sizes.masks(orders)
        slack = np.full((1, count), -1e-12)
        landscape.swap(masks, np.empty(1), orders, places, slack, masks.copy(), np.full(1, np.inf))

    return run


if __name__ == "__main__":
    main()
