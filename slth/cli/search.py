"""The command `slth search`: find a good mask of a random network by optimisation."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slth.search import Objective

_DATA = "digits-data"
_METHODS = (
    "edge-popup (default), biprop, gem-miner, iterand, partly-frozen, relaxed-gates, sign-search, supermask; "
    "with losses alone: annealing, genetic, greedy, tempering; without a search: random, magnitude, snip, grasp, synflow"
)
_EXAMPLES = f"""examples:
  slth search {_DATA} --hidden 256 --density 0.3 --epochs 100
  slth search data.npz --hidden 500 --method supermask --density 0.1 --plot search.png
  slth search digits --domain 0 1 --hidden 512 --density 0.5      (imitate the network that ships with slth)"""


def add_commands(commands: Any) -> None:
    """Add the sub-command of this module to the parser's."""
    search = commands.add_parser(
        "search",
        help="find a mask by optimisation: edge-popup and its rivals",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    search.add_argument(
        "task",
        help="an .npz with inputs x and labels or outputs y; a network to imitate (.npz, .safetensors, .onnx, or the word 'digits'); or "
        f"the word '{_DATA}' for the images that ship with slth",
    )
    search.add_argument(
        "--hidden", type=int, nargs="+", required=True, help="widths of the hidden layers of the source"
    )
    search.add_argument("--density", type=float, required=True, help="share of the weights that is kept, in (0, 1]")
    search.add_argument("--method", default="edge-popup", help=_METHODS)
    search.add_argument(
        "--budget", default="layer", help="how the density is spread: layer, global, erk (default: layer)"
    )
    search.add_argument("--law", default="signed-constant", help="signed-constant, kaiming-normal, kaiming-uniform")
    search.add_argument("--biases", default="none", help="none, non-zero, looks-linear (default: none)")
    search.add_argument("--epochs", type=float, help="passes over the inputs (default: 50)")
    search.add_argument("--steps", type=int, help="instead of epochs")
    search.add_argument(
        "--anneal", type=float, help="share of the steps over which the density falls (edge-popup, biprop)"
    )
    search.add_argument("--rate", type=float, help="learning rate of the first step (default: 0.1)")
    search.add_argument("--batch", type=int, help="inputs a step (default: 64)")
    search.add_argument("--held-out", type=float, default=0.2, help="share of the inputs to validate on (default: 0.2)")
    search.add_argument("--domain", type=float, nargs=2, metavar=("LOW", "HIGH"), help="of a network to imitate")
    search.add_argument("--seed", type=int, help="of source, split and search (default: fresh)")
    search.add_argument("--checkpoint", metavar="FILE", help="state of the search, to go on from after a crash")
    search.add_argument("--scale", help="kaiming or scaled: scales of the layers (default: those of the law)")
    search.add_argument("--patience", type=int, help="stop after so many validations without a better one")
    search.add_argument(
        "--result", metavar="FILE", help="write source, mask and history (.npz; slth.search.load reads it)"
    )
    search.add_argument("--out", metavar="FILE", help="write the pruned network (.npz, .safetensors, .onnx)")
    search.add_argument("--plot", metavar="FILE", help="draw losses and layer densities: PNG, PDF or SVG")
    search.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> int:
    import numpy as np

    from slth import search
    from slth.files import writable
    from slth.networks import seed_from
    from slth.plots.figure import writable_figure

    if options.checkpoint and options.seed is None:
        raise ValueError("--checkpoint needs --seed: without it the next run draws another source, and cannot go on")
    # fail before the work, not after it
    for path in (options.out, options.result):
        if path:
            writable(path)
    if options.plot:
        writable_figure(options.plot)
    draw, split, run = np.random.SeedSequence(seed_from(options.seed)).spawn(3)
    objective = _objective(options, np.random.default_rng(split))
    outputs = _outputs(objective)
    source = search.random_network(
        [objective.inputs[0].size, *options.hidden, outputs],
        law=options.law,
        biases=options.biases,
        rng=np.random.default_rng(draw),
    )
    # 50 epochs, unless the method gives its mask at once, or counts in steps alone
    usual = 50.0 if options.steps is None and options.method in search.METHODS else None
    try:
        found = search.find(
            source,
            objective,
            density=options.density,
            method=_method(options),
            steps=options.steps,
            epochs=usual if options.epochs is None else options.epochs,
            budget=options.budget,
            scale=options.scale,
            rate=options.rate,
            batch=options.batch,
            patience=options.patience,
            checkpoint=options.checkpoint,
            rng=run,
            progress=True,
        )
    except search.SearchError as error:
        print(f"slth search: {error}", file=sys.stderr)
        return 1
    print(found.summary())
    if options.result:
        found.save(options.result)
        print(f"written: {options.result}")
    if options.out:
        found.network.save(options.out)
        print(f"written: {options.out}")
    if options.plot:
        from slth import plots

        plots.save(found.plot(), options.plot)
        print(f"written: {options.plot}")
    return 0


def _objective(options: argparse.Namespace, rng: Any) -> Objective:
    import numpy as np

    from slth import data, search
    from slth.cli.tickets import read_model
    from slth.files import read_npz

    if options.task == _DATA and not Path(_DATA).exists():
        images, labels = data.digits_test()
        return search.classification(images, labels, held_out=options.held_out, rng=rng)
    if options.task.endswith(".npz"):
        arrays = read_npz(options.task)
        if {"x", "y"} <= set(arrays):
            x, y = arrays["x"].reshape(len(arrays["x"]), -1), arrays["y"]
            kind = search.classification if y.ndim == 1 and y.dtype.kind in "iu" else search.regression
            y = y if kind is search.classification else np.asarray(y, np.float64).reshape(len(y), -1)
            return kind(x, y, held_out=options.held_out, rng=rng)
    domain = None if options.domain is None else tuple(options.domain)
    aim = search.imitation(read_model(options.task), domain=domain, held_out=options.held_out, rng=rng)
    # the source is dense: images come to it as rows
    flat = {name: getattr(aim, name).reshape(len(getattr(aim, name)), -1) for name in ("inputs", "held_out")}
    return replace(aim, **flat)


def _method(options: argparse.Namespace) -> Any:
    """The name, or the method with its setting."""
    from slth import search

    if options.anneal is None:
        return options.method
    kinds = {"edge-popup": search.EdgePopup, "biprop": search.Biprop}
    if options.method not in kinds:
        raise ValueError(f"--anneal is for edge-popup and biprop, got --method {options.method}; leave it out")
    return kinds[options.method](anneal=options.anneal)


def _outputs(objective: Objective) -> int:
    """How many the source needs."""
    if not objective.labelled:
        return int(objective.wanted.shape[1])
    most = int(max(objective.wanted.max(), objective.held_out_wanted.max(initial=0)))
    if most >= max(1000, len(objective.inputs)):
        raise ValueError(
            f"labels go up to {most:,} for {len(objective.inputs):,} inputs; number the classes 0, 1, 2, ..."
        )
    return most + 1
