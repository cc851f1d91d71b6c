"""Commands about tickets: demo, approximate, verify."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slth.networks import Network

MODEL_HELP = (
    "a network: .npz of Network.save or of W1, b1, W2, b2, ..., .safetensors, .onnx, .pt, or the word 'digits' for the one that ships "
    "with slth"
)


def add_commands(commands: Any) -> None:
    """Add the sub-commands of this module to the parser's."""
    demo = commands.add_parser("demo", help="find a ticket for a trained digits network, save it, verify it, draw it")
    demo.add_argument(
        "--out", default=".", metavar="FOLDER", help="where to write ticket.npz and demo.png (default: here)"
    )
    demo.add_argument("--width", type=int, default=42, help="neurons for each neuron of the layer below (default: 42)")
    demo.add_argument("--seed", type=int, default=0, help="seed of the random network (default: 0)")
    demo.add_argument("--workers", type=int, help="threads (default: all cores)")
    demo.set_defaults(run=_demo)

    approximate = commands.add_parser("approximate", help="find a ticket for a network of yours")
    approximate.add_argument("model", help=MODEL_HELP)
    approximate.add_argument(
        "--width", type=int, nargs="+", required=True, help="widening factor: one number, or one a layer"
    )
    approximate.add_argument(
        "--epsilon", type=float, help="budget for the error of the whole network (default: closest)"
    )
    approximate.add_argument(
        "--domain", type=float, nargs=2, metavar=("LOW", "HIGH"), help="range of every input (default: -1 1)"
    )
    approximate.add_argument("--ball", type=float, metavar="RADIUS", help="inputs lie in this l2 ball instead")
    approximate.add_argument(
        "--construction",
        default="two-layer",
        help="how the target lies in the random network, such as two-layer, fixed-size(5), malach",
    )
    approximate.add_argument(
        "--law", help="law of the random weights, such as uniform or normal (default: what the construction takes)"
    )
    approximate.add_argument(
        "--edges",
        metavar="FILE",
        help="which weights the random network has: .npz of a boolean matrix for each layer, .txt or .csv with 'layer, neuron below, "
        "neuron above' a line, or .graphml in layers (default: all of them)",
    )
    approximate.add_argument("--seed", type=int, help="seed of the random network (default: fresh)")
    approximate.add_argument("--workers", type=int, help="threads (default: all cores)")
    approximate.add_argument("--out", default="ticket.npz", metavar="FILE", help="the ticket (default: ticket.npz)")
    approximate.set_defaults(run=_approximate)

    verify = commands.add_parser("verify", help="recompute what a ticket claims, from its seed and masks")
    verify.add_argument("ticket", help="a file that `slth approximate` or Ticket.save wrote")
    verify.add_argument("--target", required=True, metavar="MODEL", help=MODEL_HELP)
    verify.add_argument(
        "--attack",
        type=int,
        nargs="?",
        const=50,
        metavar="STEPS",
        help="also search for the input with the largest error, with so many steps (50 if none are given)",
    )
    verify.set_defaults(run=_verify)


def _demo(options: argparse.Namespace) -> int:
    from slth.demo import demo

    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    print("A trained network goes in, an untrained subnetwork of a random network comes out.\n", flush=True)
    print(demo(folder, width=options.width, seed=options.seed, workers=options.workers))
    print(
        f"\nwritten: {folder / 'ticket.npz'} (seed and mask; try: slth verify {folder / 'ticket.npz'} --target digits)"
    )
    print(f"         {folder / 'demo.png'}")
    return 0


def _approximate(options: argparse.Namespace) -> int:
    from slth import Ball, approximate
    from slth.files import writable

    target = read_model(options.model)
    if options.domain is not None and options.ball is not None:
        raise ValueError("give --domain or --ball, not both")
    ball = None if options.ball is None else Ball(target.coordinates, options.ball)
    width = options.width[0] if len(options.width) == 1 else options.width
    writable(options.out)  # fail before the work, not after it
    ticket = approximate(
        target,
        width,
        epsilon=options.epsilon,
        construction=options.construction,
        law=options.law,
        domain=ball if ball is not None else None if options.domain is None else tuple(options.domain),
        edges=options.edges,
        rng=options.seed,
        workers=options.workers,
        progress=True,
    )
    ticket.save(options.out)
    print(ticket.summary())
    print(f"written: {options.out}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from slth import load
    from slth.validation import positive_int

    steps = None if options.attack is None else positive_int(options.attack, "--attack")
    ticket = load(options.ticket).verify(read_model(options.target))
    print(ticket.summary())
    print("verified: seed, masks and target give the error and the bound that the file claims")
    if steps is not None:
        found = ticket.attack(steps=steps, rng=0)
        where = found.output[0] if len(found.output) == 1 else found.output
        if found.error:
            print(
                f"attacked: an error of {found.error:.3g} found (output {where}, {found.evaluations:,} inputs tried); "
                f"the certified bound is {found.ratio:.3g} times that"
            )
        else:
            print(f"attacked: no error found ({found.evaluations:,} inputs tried)")
    return 0


def read_model(name: str) -> Network:
    from slth import data
    from slth.networks import Network

    if name == "digits" and not Path(name).exists():
        return Network.read(data.digits_arrays())
    return Network.read(Path(name))
