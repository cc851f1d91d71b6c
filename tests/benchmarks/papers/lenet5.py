"""The experiment of da Cunha, Natale and Viennot, "Proving the strong lottery ticket hypothesis for CNNs" (ICLR 2022), done again.

    python -m tests.benchmarks.papers.lenet5 [--quick] [--workers 2]

Theirs: for each of the 2,572 weights and biases of the two convolutions of a LeNet5 trained on MNIST, n fresh numbers X uniform on [-1, 1]
and the subset of them whose sum is closest, n = 5, 10, ..., 30, by Gurobi without a time limit ("can take many hours"). The same here with
ten draws, proven optimal, up to n = 40. Their weights are not at hand: those of a LeNet5 trained here (`train`), of the same shape, data
set, optimizer and accuracy (98.98 %, theirs 98.99 %; 10 epochs, theirs 50), stand in for them. What follows is `slth.approximate` of the
same two layers, pruned random convolutions with products of two weights as candidates, certified on all images in [0, 1]^(28 x 28).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import slth
from slth import plots, subset_sum
from slth.networks import Conv2d, MaxPool2d, Network
from tests.benchmarks.papers.stored import FIGURES, load, rounded, save, weights

SIZES, WIDTHS = (5, 10, 15, 20, 25, 30, 35, 40), (10, 20, 30, 40, 50, 60)
TENSORS = ("conv1_weight", "conv1_bias", "conv2_weight", "conv2_bias")
# n: largest relative error of a tensor, mean absolute error; read from the results the authors publish
PUBLISHED = {
    5: (0.892, 0.048), 10: (0.566, 3.4e-3), 15: (0.0179, 1.15e-4), 20: (7.3e-4, 4.5e-6), 25: (7.7e-5, 1.8e-7), 30: (7.7e-6, 1.0e-7),
}  # fmt: skip


def theirs(n: int, seed: int, workers: int | None = None) -> dict[str, Any]:
    """Fresh candidates for each weight: errors of one draw."""
    rng = np.random.default_rng([seed, n])
    target = weights("lenet5_target")
    relative, absolute = {}, []
    for name in TENSORS:
        wanted = target[name].ravel()
        found = subset_sum.solve(rng.uniform(-1, 1, (wanted.size, n)), wanted, workers=workers)
        relative[name] = found.error.max() / np.abs(wanted).max()
        absolute.append(found.error)
    errors = np.concatenate(absolute)
    return {
        "n": n, "seed": seed, "largest_relative": max(relative.values()), "relative": relative, "mean": errors.mean(),
        "median": np.median(errors),
    }  # fmt: skip


def convolutions() -> Network:
    """The two layers, with their pooling."""
    w = weights("lenet5_target")
    first, second = (Conv2d(w[f"{name}_weight"], w[f"{name}_bias"], padding=2) for name in ("conv1", "conv2"))
    return Network((first, MaxPool2d(2), second, MaxPool2d(2)), (1, 28, 28))


def ours(width: int, seed: int, workers: int | None = None, *, steps: int = 20) -> dict[str, Any]:
    """A pruned random network: errors of one source, what is certified and what an attack finds."""
    target = convolutions()
    ticket = slth.approximate(target, width, domain=(0, 1), rng=seed, workers=workers)
    errors, relative = [], []
    for piece, layer in zip(ticket.effective(), target.linear, strict=True):
        pairs = ((piece.scale * piece.positive, layer.matrix), (piece.scale * piece.bias, layer.bias))
        for found, wanted in pairs:
            errors.append(np.abs(found - wanted).ravel())
            relative.append(errors[-1].max() / np.abs(wanted).max())
    every = np.concatenate(errors)
    attack = ticket.attack(steps=steps, starts=8, rng=0)
    return {
        "width": width, "seed": seed, "largest_relative": max(relative), "mean": every.mean(), "median": np.median(every),
        "error_bound": ticket.error_bound, "error_found": attack.error, "kept": ticket.kept, "size": ticket.size,
    }  # fmt: skip


def measured(quick: bool = False, workers: int | None = None) -> dict[str, Any]:
    """All of it; the quick one is a part, which the stored results hold as it is."""
    draws, sources = (2, 1) if quick else (10, 5)
    results = {
        "theirs": [theirs(n, seed, workers) for n in (SIZES[:3] if quick else SIZES) for seed in range(draws)],
        "ours": [ours(w, seed, workers) for w in (WIDTHS[:1] if quick else WIDTHS) for seed in range(sources)],
    }
    return {"target": "lenet5_target.npz", "parameters": 2572} | dict(rounded(results))


def table(results: dict[str, Any]) -> str:
    lines = [
        "| n | largest relative error, theirs | ours: median (least to most) | mean absolute error, theirs | ours: mean (least to most) |",
        "| -- | -- | -- | -- | -- |",
    ]
    for n in sorted({row["n"] for row in results["theirs"]}):
        rows = [row for row in results["theirs"] if row["n"] == n]
        published = [f"{value:.2g}" for value in PUBLISHED[n]] if n in PUBLISHED else ["", ""]
        cells = [
            f"{middle(values):.2g} ({min(values):.2g} to {max(values):.2g})"
            for middle, values in (
                (np.median, [row["largest_relative"] for row in rows]),
                (np.mean, [row["mean"] for row in rows]),
            )
        ]
        lines.append(f"| {n} | {published[0]} | {cells[0]} | {published[1]} | {cells[1]} |")
    lines += [
        "",
        "| width | candidates, about | largest relative error | mean absolute error | error bound | found by attack | ratio | kept, of |",
        "| -- | -- | -- | -- | -- | -- | -- | -- |",
    ]
    for width in sorted({row["width"] for row in results["ours"]}):
        rows = [row for row in results["ours"] if row["width"] == width]
        names = ("largest_relative", "mean", "error_bound", "error_found")
        cells = [f"{np.median([row[name] for row in rows]):.2g}" for name in names]
        ratio = np.median([row["error_bound"] / row["error_found"] for row in rows])
        kept = f"{int(np.median([row['kept'] for row in rows])):,} of {rows[0]['size']:,}"
        lines.append(f"| {width} | {width // 2} | {' | '.join(cells)} | {ratio:.2g} | {kept} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="da Cunha, Natale and Viennot (2022), LeNet5, done again.")
    parser.add_argument("--quick", action="store_true", help="a part of it, in seconds; stores nothing")
    parser.add_argument("--figure", action="store_true", help="only draw the stored results")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    results = load("lenet5") if options.figure else measured(options.quick, options.workers)
    print(table(results))
    if not options.quick:
        save("lenet5", results)
        figure = plots.single(lambda ax: plots.errors_against_samples(results, PUBLISHED, ax=ax))
        plots.save(figure, str(FIGURES / "lenet5.png"))


if __name__ == "__main__":
    main()
