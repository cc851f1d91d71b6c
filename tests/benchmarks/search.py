"""How fast a search steps: an epoch of edge-popup on a 784-500-10 network against a straightforward PyTorch implementation.

    python -m tests.benchmarks.search [--steps 200] [--threads 1]       (PyTorch is compared where it is installed)

Both: the same architecture, batch of 64, top half of |score| in each layer, straight-through gradients, momentum, weight decay. The rival
sorts the scores in every step, as the authors' code does. Inputs are random images of MNIST's shape: the time does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import pairwise

import numpy as np

from tests.benchmarks.timing import in_turn, ratio, table

BATCH, EPOCH, WIDTHS = 64, 60_000 // 64, (784, 500, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description="Steps of edge-popup a second.")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1, help="of BLAS and of PyTorch")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != str(options.threads):
        print(f"(set OPENBLAS_NUM_THREADS={options.threads} before the start, so that both have as many threads)")
    contenders = {"slth": ours(options.steps)}
    try:
        contenders["PyTorch"] = theirs(options.steps, options.threads)
    except ImportError:
        print("PyTorch is not installed: slth alone")
    seconds = in_turn(contenders, options.repeats)
    rows = []
    for name, times in seconds.items():
        middle = float(np.median(times)) / options.steps
        rows.append([name, f"{middle * 1e3:.2f} ms", f"{middle * EPOCH:.1f} s", f"{BATCH / middle:,.0f}"])
    print(table(["", "a step", "an epoch of 60,000", "inputs a second"], rows))
    if len(seconds) > 1:
        print(f"PyTorch over slth: {ratio(seconds, 'PyTorch', 'slth')} times the seconds")
    print(parts(options.steps))


def ours(steps: int):  # type: ignore[no-untyped-def]
    """A search of so many steps; validation, once at the end on one batch, is next to nothing of it."""
    from slth import search

    random = np.random.default_rng(0)
    source = search.random_network(WIDTHS, rng=0)
    x, y = random.random((steps * BATCH, WIDTHS[0])), random.integers(10, size=steps * BATCH)
    objective = search.classification(x, y, held_out=1 / steps, rng=0)
    return lambda: search.find(source, objective, density=0.5, steps=steps, every=steps, rng=0)


def theirs(steps: int, threads: int):  # type: ignore[no-untyped-def]
    """Written for this comparison, after the paper."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)

    class Subnet(torch.autograd.Function):
        @staticmethod
        def forward(ctx, size, density):  # type: ignore[no-untyped-def]
            order = size.flatten().sort()[1]
            mask = torch.ones_like(size)
            mask.view(-1)[order[: int((1 - density) * size.numel())]] = 0
            return mask

        @staticmethod
        def backward(ctx, gradient):  # type: ignore[no-untyped-def]
            return gradient, None

    weights, scores = [], []
    for d_in, d_out in pairwise(WIDTHS):
        weights.append(torch.sign(torch.randn(d_out, d_in)) * (2 / d_in) ** 0.5)
        scores.append(torch.nn.Parameter((2 * torch.rand(d_out, d_in) - 1) / d_in**0.5))
    x, y = torch.rand(steps * BATCH, WIDTHS[0]), torch.randint(10, (steps * BATCH,))

    def run() -> None:
        optimiser = torch.optim.SGD(scores, lr=0.1, momentum=0.9, weight_decay=5e-4)
        for step in range(steps):
            here = slice(step * BATCH, (step + 1) * BATCH)
            h = x[here]
            for layer, (w, s) in enumerate(zip(weights, scores, strict=True)):
                h = torch.nn.functional.linear(h, w * Subnet.apply(s.abs(), 0.5))
                h = torch.relu(h) if layer == 0 else h
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(h, y[here]).backward()
            optimiser.step()

    return run


def parts(steps: int) -> str:
    """What a step consists of: products of matrices, and all that the scores need."""
    from slth import search
    from slth.search.budget import groups
    from slth.search.flat import Flat
    from slth.search.gradients import LayeredOracle
    from slth.search.method import Step

    source = search.random_network(WIDTHS, rng=0)
    flat = Flat.of(source)
    oracle, gradient = LayeredOracle(source), np.empty_like(flat.values)
    searcher = search.EdgePopup().start(flat, groups(flat, 0.5, "layer"), 0)
    random = np.random.default_rng(0)
    x, y = random.random((BATCH, WIDTHS[0]), np.float32), random.integers(10, size=BATCH)
    spent = dict.fromkeys(("choose", "forward and back", "learn", "sort instead"), 0.0)
    for number in range(steps):
        step = Step(number, steps, 0.1, 0)
        clock = [time.perf_counter()]
        weights = flat.views(searcher.effective(step))
        clock.append(time.perf_counter())
        oracle.gradient(weights, x, y, "cross-entropy", flat.views(gradient))
        clock.append(time.perf_counter())
        searcher.learn(gradient, step)
        clock.append(time.perf_counter())
        np.sort(np.abs(searcher.scores))
        clock.append(time.perf_counter())
        for name, seconds in zip(spent, np.diff(clock), strict=True):
            spent[name] += seconds
    words = ", ".join(f"{name} {seconds / steps * 1e3:.2f} ms" for name, seconds in spent.items())
    return f"a step: {words}"


if __name__ == "__main__":
    main()
