"""The command line: rows one after another, each in a process of its own and stored as it comes, then the table of all that are stored."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial

from tests.benchmarks.cells import stored
from tests.benchmarks.papers.stored import rounded, save
from tests.benchmarks.targets import images, language, policies, sound
from tests.benchmarks.targets.measured import HEADER, LARGEST, Row, measure
from tests.benchmarks.targets.target import RealTarget
from tests.benchmarks.timing import table

TARGETS: dict[str, Callable[[], RealTarget]] = {
    "digits": images.digits,
    "mnist-dense": images.mnist_dense,
    "mnist-conv": images.mnist_convolutional,
    "swingup": partial(policies.policy, "swingup"),
    "ant": partial(policies.policy, "ant"),
    "pulsevad-2k": partial(sound.voice, "pulsevad_2.1k.onnx"),
    "pulsevad-81k": partial(sound.voice, "pulsevad_teacher_81k.onnx"),
    "minilm-1": partial(language.minilm, 1),
    "minilm-6": partial(language.minilm, language.BLOCKS),
}
QUICK = ("digits", "swingup", "ant", "pulsevad-2k", "pulsevad-81k")


def main() -> None:
    parser = argparse.ArgumentParser(description="Networks that others have trained, found in random networks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small targets only, at their first width")
    parser.add_argument(
        "--show", action="store_true", help="measure nothing: print what notebooks/data/targets.json holds"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)  # number of the width: measured in this process
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in TARGETS]
    if unknown:
        parser.error(f"unknown target {unknown[0]!r}; choose of {', '.join(TARGETS)}")
    names = options.names or (QUICK if options.quick else TARGETS)
    if options.row is not None:
        target = TARGETS[names[0]]()
        row = measure(names[0], target, list(target.widths)[options.row], options.workers)
        print(json.dumps(row.plain()))
        return
    if not options.show:
        for name in names:
            measured(name, 1 if options.quick else 2, options.workers)
    rows = stored_rows()
    if not rows:
        return
    print(table(HEADER, [row.cells() for row in rows]))
    print(
        f"\n{options.workers} threads. Entries: the numbers that subset sums stand for; of attention the product matrices of each head. "
        "Memory: most anonymous memory of the process while the ticket is made."
    )
    if not all(row.itself for row in rows):
        print(
            f"*: a source of more than {LARGEST:,} weights is not evaluated itself, but through its effective weights: the same outputs "
            "up to rounding."
        )


def stored_rows() -> list[Row]:
    """All rows measured so far, in the order of `TARGETS`."""
    return sorted((Row(**row) for row in stored("targets")), key=lambda row: list(TARGETS).index(row.target))


def store(row: Row) -> None:
    """Put a row in the place of an older one of its target and width."""
    others = [old for old in stored_rows() if (old.target, old.width) != (row.target, row.width)]
    save("targets", {"runs": [rounded(other.plain()) for other in [*others, row]]})


def measured(name: str, widths: int, workers: int) -> None:
    """Measure and store the rows of a target, as far as its packages are installed."""
    for i in range(widths):
        command = [sys.executable, "-m", "tests.benchmarks.targets", name, "--row", str(i), "--workers", str(workers)]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"{name}: left out ({reason})", file=sys.stderr)
            break
        row = Row(**json.loads(run.stdout.splitlines()[-1]))
        print(" | ".join(row.cells()), file=sys.stderr, flush=True)
        store(row)


if __name__ == "__main__":
    main()
