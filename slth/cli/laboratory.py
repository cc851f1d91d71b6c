"""Commands about subset sums: subset-sum, count, coverage."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

Numbers = list[int] | list[float]


def add_commands(commands: Any) -> None:
    """Add the sub-commands of this module to the parser's."""
    solve = commands.add_parser(
        "subset-sum",
        help="the subset of some numbers whose sum is closest to a target, proven",
        epilog="example: slth subset-sum 0.5 -0.3 0.9 0.25 --target 0.44",
    )
    _add_numbers(solve)
    _add_size(solve)
    solve.add_argument(
        "--objective",
        default="closest",
        help="closest (default), smallest, any, or all: the last three within --epsilon",
    )
    solve.add_argument("--epsilon", type=float, help="how far from the target a sum may be")
    solve.add_argument("--order", default="error", help='order of --objective all: "error" (default) or "size"')
    solve.add_argument("--most", type=int, default=20, help="how many of --objective all to print (default: 20)")
    solve.add_argument("--k-best", type=int, metavar="K", help="the K closest subsets")
    solve.add_argument(
        "--pattern", type=int, nargs=2, metavar=("S", "B"), help="exactly S of every B consecutive samples"
    )
    solve.add_argument(
        "--coefficients", type=int, nargs="+", default=[0, 1], help="instead of 0 and 1; -1 1 is number partitioning"
    )
    solve.add_argument("--locked", type=int, nargs="+", metavar="PLACE", help="samples always chosen, counted from 0")
    solve.add_argument("--solver", default="auto", help="name of a solver (default: auto; --explain tells which)")
    solve.add_argument("--time-limit", type=float, metavar="SECONDS", help="then the best subset seen, status LIMIT")
    solve.add_argument("--explain", action="store_true", help="tell which solver would be used and why, and stop")
    solve.set_defaults(run=_solve)

    count = commands.add_parser(
        "count",
        help="how many subsets of each size come within epsilon of a target",
        epilog="example: slth count 3 5 7 11 --target 12 --epsilon 0",
    )
    _add_numbers(count)
    count.add_argument("--epsilon", type=float, required=True, help="how far from the target a sum may be")
    count.add_argument("--method", default="auto", help="how to count (default: auto)")
    count.add_argument("--plot", metavar="FILE", help="draw the counts by size: PNG, PDF or SVG")
    count.set_defaults(run=_count)

    coverage = commands.add_parser(
        "coverage",
        help="which targets of an interval are within epsilon of some subset",
        epilog="example: slth coverage 0.5 -0.3 0.9 0.25 --epsilon 0.1",
    )
    _add_numbers(coverage, target=False)
    _add_size(coverage)
    coverage.add_argument("--epsilon", type=float, required=True, help="how far from a target a sum may be")
    coverage.add_argument(
        "--interval",
        type=float,
        nargs=2,
        default=(-0.5, 0.5),
        metavar=("LOW", "HIGH"),
        help="targets (default: -0.5 0.5)",
    )
    coverage.add_argument("--plot", metavar="FILE", help="draw what is covered: PNG, PDF or SVG")
    coverage.set_defaults(run=_coverage)


def _add_numbers(command: argparse.ArgumentParser, target: bool = True) -> None:
    # -1e-3 is a number and not an option
    command._negative_number_matcher = re.compile(r"^-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
    command.add_argument("numbers", type=_number, nargs="*", help="the samples; all integers: exact integer arithmetic")
    command.add_argument(
        "--file",
        help="read the samples from a text file instead ('-' for standard input): any white space or commas between",
    )
    if target:
        command.add_argument("--target", type=_number, required=True)


def _add_size(command: argparse.ArgumentParser) -> None:
    command.add_argument("--size", type=int, nargs="+", metavar="K", help="exactly K elements, or from LO to HI")


def _solve(options: argparse.Namespace) -> int:
    from slth import subset_sum

    numbers = _numbers(options)
    locked = None
    if options.locked is not None:
        if not all(0 <= place < len(numbers) for place in options.locked):
            raise ValueError(f"--locked places must be from 0 to {len(numbers) - 1}, got {options.locked}")
        locked = [i in options.locked for i in range(len(numbers))]
    question: dict[str, Any] = {
        "objective": options.objective,
        "epsilon": options.epsilon,
        "order": options.order,
        "k_best": options.k_best,
        "size": _size(options),
        "pattern": None if options.pattern is None else tuple(options.pattern),
        "coefficients": options.coefficients,
        "locked": locked,
        "solver": options.solver,
        "time_limit": options.time_limit,
    }
    if options.explain:
        print(subset_sum.explain(numbers, options.target, **question))
        return 0
    found = subset_sum.solve(numbers, options.target, **question)
    if isinstance(found, subset_sum.Subsets):
        return _print_subsets(found, numbers, options.most)
    if found.size.ndim:
        for i in range(found.size.size):
            print(_line(numbers, found.coefficients[i].tolist(), found.sum[i].item(), found.error[i].item()))
        return 0
    status = subset_sum.Status(int(found.status))
    coefficients = found.coefficients.tolist()
    if options.coefficients in ([0, 1], [1, 0]):
        print(f"subset   {' '.join(repr(x) for x, c in zip(numbers, coefficients, strict=True) if c) or '(empty)'}")
    else:
        print(
            f"signs    {' '.join(f'{c:+d}*{x!r}' for x, c in zip(numbers, coefficients, strict=True) if c) or '(empty)'}"
        )
    print(f"sum      {found.sum.item()!r}")
    print(f"error    {found.error.item()!r}")
    subsets = f" of {2 ** len(numbers):,} subsets" if status == status.OPTIMAL and _plain(options) else ""
    print(f"status   {status.name}{subsets}")
    return 1 if status == status.NOT_FOUND else 0


def _plain(options: argparse.Namespace) -> bool:
    """Whether the choice is among all subsets."""
    return (
        options.size is None
        and options.pattern is None
        and options.locked is None
        and sorted(options.coefficients) == [0, 1]
        and len(_numbers(options)) <= 64
    )


def _line(numbers: Numbers, coefficients: list[int], total: float, error: float) -> str:
    chosen = " ".join(repr(x) if c == 1 else f"{c:+d}*{x!r}" for x, c in zip(numbers, coefficients, strict=True) if c)
    return f"{error:<12.6g} {total:<14.8g} {chosen or '(empty)'}"


def _print_subsets(found: Any, numbers: Numbers, most: int) -> int:
    print(f"{'error':<12} {'sum':<14} subset")
    shown = 0
    for subset in found:
        if shown == most:
            print("... (more: --most)")
            break
        shown += 1
        print(_line(numbers, found.coefficients(subset.mask).tolist(), subset.sum, subset.error))
    return 0 if shown else 1


def _count(options: argparse.Namespace) -> int:
    from slth import subset_sum
    from slth.plots.figure import writable_figure

    if options.plot:
        writable_figure(options.plot)
    counts = subset_sum.count(_numbers(options), options.target, options.epsilon, method=options.method, progress=True)
    print(counts)
    print(f"\n{'size':>6} {'subsets':>24} {'log2':>10}")
    for k in range(counts.by_size.shape[-1]):
        if counts.log2_by_size[k] > -float("inf"):
            shown = f"{counts.by_size[k]:,}" if counts.exact else f"{counts.by_size[k]:.6g}"
            print(f"{k:>6} {shown:>24} {counts.log2_by_size[k]:>10.3f}")
    if options.plot:
        from slth import plots

        plots.save(plots.single(lambda ax: plots.counts_by_size(counts, ax=ax)), options.plot)
    return 0


def _coverage(options: argparse.Namespace) -> int:
    from slth import subset_sum
    from slth.plots.figure import writable_figure

    if options.plot:
        writable_figure(options.plot)
    found = subset_sum.coverage(_numbers(options), options.epsilon, tuple(options.interval), _size(options))
    print(found)
    if options.plot:
        import numpy as np

        from slth import plots

        numbers = np.array(_numbers(options), np.float64)
        plots.save(plots.single(lambda ax: plots.coverage(numbers, found, ax=ax)), options.plot)
    return 0


def _size(options: argparse.Namespace) -> int | tuple[int, int] | None:
    if options.size is None:
        return None
    if len(options.size) > 2:
        raise ValueError(f"--size takes one number or two, got {options.size}")
    return options.size[0] if len(options.size) == 1 else (options.size[0], options.size[1])


def _numbers(options: argparse.Namespace) -> Numbers:
    """The samples, from the arguments or the file (read once)."""
    if options.file is not None:
        if options.numbers:
            raise ValueError("give the samples as arguments or with --file, not both")
        text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text()
        options.numbers, options.file = [_number(word) for word in text.replace(",", " ").split()], None
    if not options.numbers:
        raise ValueError("no samples; give some numbers, or --file")
    return list(options.numbers)


def _number(word: str) -> int | float:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    raise ValueError(f"{word[:40]!r} is not a number")


_number.__name__ = "number"  # argparse says "invalid number value"
