"""The command `slth census`: how many subnetworks of each size approximate a network."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slth.census import Census

_EXAMPLES = """examples:
  slth census digits --width 42 --epsilon 0.5 --domain 0 1 --plot census.png
  slth census model.npz --source random.npz --inputs points.npy --epsilon 0.1 --method splitting"""


def add_commands(commands: Any) -> None:
    """Add the sub-command of this module to the parser's."""
    from slth.cli.tickets import MODEL_HELP

    census = commands.add_parser(
        "census",
        help="count the subnetworks of each size that approximate a network",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    census.add_argument("model", help=MODEL_HELP)
    source = census.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--width", type=int, nargs="+", help="count under a construction, in a random network of this widening factor"
    )
    source.add_argument("--source", metavar="FILE", help="count all masks of this network instead")
    census.add_argument("--epsilon", type=float, required=True, help="largest error of the whole network")
    census.add_argument("--domain", type=float, nargs=2, metavar=("LOW", "HIGH"), help="range of every input")
    census.add_argument("--construction", help="with --width (default: two-layer)")
    census.add_argument("--law", help="with --width: law of the random weights (default: the construction's)")
    census.add_argument(
        "--inputs", metavar="FILE", help="with --source: an .npy of inputs, one a row, instead of --domain"
    )
    census.add_argument("--method", default="auto", help="with --source: auto, walk, halves, splitting, flat-histogram")
    census.add_argument(
        "--store", metavar="FILE", help="with --source: where sampled methods keep their state, to go on later"
    )
    census.add_argument(
        "--effort", type=float, help="with --source: times so many draws of sampled methods (default: 1)"
    )
    census.add_argument("--seed", type=int, help="seed of the random network or of the sampling (default: fresh)")
    census.add_argument("--workers", type=int, help="threads (default: all cores)")
    census.add_argument("--rows", type=int, default=12, help="sizes shown (default: 12)")
    census.add_argument("--csv", metavar="FILE", help="write every size to this file")
    census.add_argument("--plot", metavar="FILE", help="draw the curve: PNG, PDF or SVG")
    census.set_defaults(run=_census)


def _census(options: argparse.Namespace) -> int:
    from slth.files import writable
    from slth.plots.figure import writable_figure

    _check(options)
    # fail before the work, not after it
    if options.csv:
        writable(options.csv)
    if options.plot:
        writable_figure(options.plot)
    found = _under_a_construction(options) if options.width else _of_a_source(options)
    print(found.table(options.rows))
    for i, layer in enumerate(found.layers):
        print(f"layer {i}: {layer}")
    if options.csv:
        _write_csv(found, options.csv)
        print(f"written: {options.csv}")
    if options.plot:
        from slth import plots
        from slth.census import theory

        plots.save(plots.single(lambda ax: plots.census(found, ax=ax, theory=theory(found))), options.plot)
        print(f"written: {options.plot}")
    return 0 if found.smallest is not None else 1


def _check(options: argparse.Namespace) -> None:
    if options.rows < 2:
        raise ValueError(f"--rows must be >= 2, got {options.rows}")
    for name in ("inputs", "store", "effort") if options.width else ("law", "construction"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} belongs to --{'source' if options.width else 'width'}; leave it away")
    if options.width and options.method != "auto":
        raise ValueError("--method belongs to --source; under a construction the weights are counted exactly")
    if options.inputs is not None and options.domain is not None:
        raise ValueError("give --inputs or --domain, not both")


def _under_a_construction(options: argparse.Namespace) -> Census:
    from slth.census import of_construction
    from slth.cli.tickets import read_model

    return of_construction(
        read_model(options.model),
        options.width[0] if len(options.width) == 1 else options.width,
        options.epsilon,
        construction=options.construction or "two-layer",
        law=options.law,
        domain=None if options.domain is None else tuple(options.domain),
        rng=options.seed,
        workers=options.workers,
        progress=True,
    )


def _of_a_source(options: argparse.Namespace) -> Census:
    import numpy as np

    from slth.census import count_subnetworks
    from slth.cli.tickets import read_model

    inputs: np.ndarray[Any, Any] | None = None
    if options.inputs is not None:
        # mapped, so that a header cannot ask for more than the file holds
        inputs = np.load(options.inputs, mmap_mode="r", allow_pickle=False)
        if not isinstance(inputs, np.ndarray):
            raise ValueError(f"--inputs must be an .npy of one array, got {options.inputs}; write it with numpy.save")
    return count_subnetworks(
        read_model(options.source),
        read_model(options.model),
        options.epsilon,
        inputs=inputs,
        domain=None if options.domain is None else tuple(options.domain),
        method=options.method,
        effort=1.0 if options.effort is None else options.effort,
        store=options.store,
        rng=options.seed,
        workers=options.workers,
        progress=True,
    )


def _write_csv(found: Census, path: str) -> None:
    from slth.files import atomic_write

    columns = (found.sizes, found.log2_by_size, found.log2_lower, found.log2_upper, found.log2_all)
    with atomic_write(path, "w") as file:
        file.write("size,log2_number,log2_lower,log2_upper,log2_all_masks\n")
        for size, *logs in zip(*(column.tolist() for column in columns), strict=True):
            file.write(f"{size},{','.join(f'{value:.9g}' for value in logs)}\n")
