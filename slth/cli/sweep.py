"""The command `slth sweep`: measure what a specification asks for, go on after a crash, put stores together, show what there is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slth.bounds.table import Table
    from slth.sweeps import Collected

_EXAMPLES = """examples:
  slth sweep run phase.toml --store phase.store          (the same again goes on, after Control-C, a crash, or with more trials)
  slth sweep status phase.store --check
  slth sweep merge here.store there.store -o both.store
  slth sweep export both.store -o phase.csv
  slth sweep plot both.store --along n -o phase.png"""


def add_commands(commands: Any) -> None:
    """Add the sub-command of this module, and those below it, to the parser's."""
    sweep = commands.add_parser(
        "sweep",
        help="measure probabilities over grids of parameters, with a store that outlives a crash",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = sweep.add_subparsers(dest="part", required=True, metavar="PART")

    run = parts.add_parser("run", help="run what is not yet in the store")
    run.add_argument(
        "spec", help="a specification (TOML): [sweep] with seed and stop, one [[task]] for each grid of tasks"
    )
    run.add_argument("--store", required=True, metavar="FILE", help="results; made if it is not there")
    run.add_argument("--workers", type=int, help="threads or processes (default: all cores, or those of the cluster)")
    run.add_argument("--seed", type=int, help="instead of the specification's")
    run.add_argument("--dask", metavar="ADDRESS", help="scheduler of a dask cluster, such as tcp://host:8786")
    run.add_argument("--on-error", default="stop", help="stop, or go-on without blocks that fail (default: stop)")
    run.add_argument("--plot", metavar="FILE", help="draw success (PNG, PDF or SVG)")
    run.add_argument("--along", default="n", help="the parameter on the x-axis of the plot (default: n)")
    run.set_defaults(run=_run)

    status = parts.add_parser("status", help="what a store holds; also while it is written")
    status.add_argument("store")
    status.add_argument("--check", action="store_true", help="read all of it, and add all sums up again")
    status.set_defaults(run=_status)

    merge = parts.add_parser("merge", help="put stores together")
    merge.add_argument("stores", nargs="+", metavar="STORE")
    merge.add_argument(
        "-o", "--out", required=True, metavar="FILE", help="the store they go into; made if it is not there"
    )
    merge.set_defaults(run=_merge)

    export = parts.add_parser("export", help="write the estimates as a table")
    export.add_argument("store")
    export.add_argument(
        "-o",
        "--out",
        required=True,
        metavar="FILE",
        help=".csv, .parquet with pyarrow, or .json: answers that slth.sweeps.read reads",
    )
    export.add_argument("--confidence", type=float, default=0.95, help="of the intervals (default: 0.95)")
    export.set_defaults(run=_export)

    plot = parts.add_parser("plot", help="draw success against a parameter")
    plot.add_argument("store")
    plot.add_argument("-o", "--out", required=True, metavar="FILE", help="PNG, PDF or SVG")
    plot.add_argument("--along", default="n", help="the parameter on the x-axis (default: n)")
    plot.add_argument("--failures", action="store_true", help="failure instead, on a logarithmic axis")
    plot.add_argument("--confidence", type=float, default=0.95, help="of the intervals (default: 0.95)")
    plot.set_defaults(run=_plot)


def _run(options: argparse.Namespace) -> int:
    from slth.plots.figure import writable_figure
    from slth.sweeps import BlockError, Collected, collect
    from slth.sweeps.curves.curve import curves_of
    from slth.sweeps.spec import read_spec
    from slth.validation import worker_count

    spec = read_spec(options.spec)
    worker_count(options.workers)
    seed = spec.seed if options.seed is None else options.seed
    if options.plot:  # fail before the work, not after it
        writable_figure(options.plot)
        curves_of((Collected(task, seed, spec.stop) for task in spec.tasks), options.along)
    try:
        with _cluster(options.dask) as executor:
            found = collect(
                spec.tasks,
                store=options.store,
                executor=executor,
                workers=options.workers,
                seed=seed,
                stop=spec.stop,
                on_error=options.on_error,
                progress=True,
            )
    except KeyboardInterrupt:
        print(
            f"interrupted: {_blocks(options.store):,} blocks are in {options.store}; the same command goes on",
            file=sys.stderr,
        )
        return 130
    except BlockError as error:
        print(f"{error.text.rstrip()}\nslth sweep: {error}", file=sys.stderr)
        return 1
    print(_table(found))
    if options.plot:
        _draw(found, options.plot, options.along, failures=False, confidence=0.95)
    return 0 if all(one.finished for one in found) else 1


def _blocks(path: str) -> int:
    """How many a store has; none if it was not made yet."""
    from slth.sweeps import Store

    try:
        with Store(path) as store:
            return sum(store.count(entry) for entry in store.entries())
    except (OSError, ValueError):
        return 0


def _status(options: argparse.Namespace) -> int:
    from slth.sweeps import Store
    from slth.sweeps.stored import iter_stored

    with Store(options.store) as store:
        if options.check:
            print(f"{store.check():,} blocks read, every hash and every sum is right")
        print(_table(iter_stored(store)))
    return 0


def _merge(options: argparse.Namespace) -> int:
    from slth.sweeps import Store

    for path in options.stores:  # a wrong name leaves no empty store behind
        Store(path).close()
    with Store(options.out, write=True) as store:
        new = store.merge(options.stores)
        whole = sum(store.count(entry) for entry in store.entries())
    print(f"written: {options.out} ({new:,} new blocks of {whole:,})")
    return 0


def _export(options: argparse.Namespace) -> int:
    from slth.sweeps import Store, write
    from slth.sweeps.export import write_table
    from slth.sweeps.stored import stored

    with Store(options.store) as store:
        found = stored(store)
    if options.out.lower().endswith(".json"):
        print(f"written: {options.out} ({write(found, options.out):,} answers)")
        return 0
    print(f"written: {options.out} ({write_table(found, options.out, options.confidence):,} estimates)")
    return 0


def _plot(options: argparse.Namespace) -> int:
    from slth.plots.figure import writable_figure
    from slth.sweeps import Store
    from slth.sweeps.stored import stored

    writable_figure(options.out)
    with Store(options.store) as store:
        found = stored(store)
    _draw(found, options.out, options.along, failures=options.failures, confidence=options.confidence)
    return 0


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """A client of the cluster there, or nothing."""
    if address is None:
        yield None
        return
    try:
        import distributed
    except ImportError:
        raise ImportError("--dask needs distributed; pip install 'slth[dask]'") from None
    make: Any = distributed.Client
    with make(address) as client:
        yield client


def _draw(found: tuple[Collected, ...], path: str, along: str, *, failures: bool, confidence: float) -> None:
    from slth import plots
    from slth.sweeps.curves.curve import curves_of

    curves = curves_of(found, along, confidence=confidence)
    draw = plots.failure_decay if failures else plots.success_curve
    plots.save(plots.single(lambda ax: draw(curves, ax=ax)), path)
    print(f"written: {path}")


def _table(found: Iterable[Collected]) -> Table:
    """A row a task: how far it is."""
    from slth.bounds.table import Table

    rows, notes = [], []
    for one in found:
        given = ", ".join(f"{name}={_short(value)}" for name, value in one.task.parameters.items())
        state = "finished" if one.finished else "given up" if len(one.errors) else "goes on"
        rows.append(
            (one.task.id[:8], one.seed, f"{one.task.kind}({given})", one.blocks, one.tally.trials, str(one.stop), state)
        )
        notes += [
            f"block {block} of {one.task.id[:8]} failed: {text.strip().splitlines()[-1]}" for block, text in one.errors
        ]
    return Table(("task", "seed", "what", "blocks", "trials", "stop", "state"), tuple(rows), tuple(notes))


def _short(value: Any) -> str:
    text = str(value).replace(" ", "")
    return text if len(text) <= 30 else f"{text[:27]}..."
