"""The main job on a real network, from end to end: what ``slth demo`` runs."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from slth import data, plots
from slth.approximation import approximate
from slth.networks import Network
from slth.ticket import Ticket, load

WIDTH = 42  # 21 candidates a weight, as in Pensia et al.'s experiment
DOMAIN = (0.0, 1.0)  # pixels


def demo(folder: Path, *, width: int = WIDTH, seed: int = 0, workers: int | None = None, progress: bool = True) -> str:
    """Approximate the shipped digits network, save and verify the ticket, draw the figure; returns the report.

    Writes ``ticket.npz`` and ``demo.png`` into `folder`.
    """
    target = Network.read(data.digits_arrays())
    images, labels = data.digits_test()
    started = time.perf_counter()
    found = approximate(target, width, domain=DOMAIN, rng=seed, workers=workers, progress=progress)
    seconds = time.perf_counter() - started
    found.save(folder / "ticket.npz")
    checked = load(folder / "ticket.npz").verify(target)
    seen = largest_error_seen(checked, target, images)
    plots.save(plots.digits_demo(checked, images, labels), str(folder / "demo.png"))
    rows = [
        ("target", f"{target!r}, trained"),
        (
            "random network",
            f"{'-'.join(map(str, checked.source.widths))}, U[-1, 1], seed {checked.source.seed}, untrained",
        ),
        (
            "accuracy of target",
            f"{accuracy(target, images, labels):.2%} of {labels.size:,} images it was not trained on",
        ),
        ("accuracy of ticket", f"{accuracy(checked, images, labels):.2%}"),
        ("largest weight error", f"{checked.weight_error:.2g}"),
        ("certified error bound", f"{checked.error_bound:.2g} in any output, on all of [0, 1]^{target.widths[0]}"),
        ("largest error seen", f"{seen:.2g} on the images and 20,000 random inputs"),
        ("weights kept", f"{checked.kept:,} of {checked.size:,} ({checked.density:.1%})"),
        ("seconds", f"{seconds:.1f} to find it (compilation included, the first time)"),
    ]
    name = max(len(label) for label, _ in rows)
    return "\n".join(f"  {label:<{name}}  {value}" for label, value in rows)


def accuracy(network: Network | Ticket, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images whose largest output is the label."""
    return float((network(images).argmax(axis=1) == labels).mean())


def largest_error_seen(ticket: Ticket, target: Network, images: np.ndarray) -> float:
    """The largest output error on the images, on random inputs, and on random corners of the domain."""
    rng = np.random.default_rng(0)
    inside = ticket.domain.sample(rng, 10_000)
    corners = np.where(rng.random(inside.shape) < 0.5, ticket.domain.lower, ticket.domain.upper)
    return max(ticket.error(x, target) for x in (images, inside, corners))
