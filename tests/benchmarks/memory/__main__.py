"""Memory, disk and time against the size of the target, out of core: every kind of layer and of file, at two sizes each or more.

    python -m tests.benchmarks.memory [KIND ...] [--workers 2] [--full] [--folder FOLDER] [--in-memory]

Each row is a process of its own: it reads the target from its file, approximates, saves the ticket, loads, verifies and evaluates it.
*Anonymous memory* is what the process holds that is no file (RssAnon of /proc/self/status, sampled every 2 ms), less what it holds before
it begins: interpreter, libraries, compiled kernels; the most of all phases, and that of each (`--phases`). *Disk* is what its nameless
files take at most. Needs the extra `safetensors`, and `onnx` and PyTorch for their rows. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import slth
from slth import subset_sum
from slth.spool import out_of_core
from tests.benchmarks.memory.kinds import KINDS, write
from tests.benchmarks.memory.watch import Watch
from tests.benchmarks.timing import table

FULL = {"1 dense": (3162,), "3 dense": (3162,), "3 convolutions": (1000,), "attention": (1024,)}
PHASES = ("read", "approximate", "save", "verify", "evaluate")
HEADER = [
    "target", "size", "width", "weights", "weights/s", "weights/s of one CPU", "save, s", "load, verify, s", "evaluate, s", "anonymous, MB",
    "disk, MB", "ticket, MB",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory, disk and time against the size of the target.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; all by default")
    parser.add_argument("--size", type=int, action="append", help="instead of the sizes of the table")
    parser.add_argument("--width", type=int, help="instead of the widths of the table")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="up to 3e7 weights, some minutes")
    parser.add_argument("--phases", action="store_true", help="anonymous memory phase by phase")
    parser.add_argument(
        "--folder", default=tempfile.gettempdir(), help="for targets, tickets and large arrays: on a disk"
    )
    parser.add_argument("--in-memory", action="store_true", help="without out_of_core, for comparison")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        print(json.dumps(row(*json.loads(options.row), options.width, options.workers, options.in_memory)))
        return
    header = HEADER + [f"{phase}, MB" for phase in PHASES] * options.phases
    rows, last = [], {}
    for name in options.kinds or KINDS:
        if find_spec(KINDS[name].package) is None:
            print(f"{name}: left out, it needs the package {KINDS[name].package}", flush=True)
            continue
        for size in options.size or (*KINDS[name].sizes, *(FULL.get(name, ()) if options.full else ())):
            with tempfile.TemporaryDirectory(dir=options.folder) as place:
                write(KINDS[name], size, Path(place) / f"target{KINDS[name].suffix}")
                command = [sys.executable, "-m", "tests.benchmarks.memory", "--row", json.dumps([name, size, place])]
                width = KINDS[name].width if options.width is None else options.width
                command += ["--workers", str(options.workers), "--width", str(width)]
                command += ["--in-memory"] * options.in_memory
                last = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            numbers = (f"{last[title]:,.{digits(last[title])}f}" for title in header[3:])
            rows.append([name, f"{size:,}", str(width), *numbers])
            print("  ".join(rows[-1]), flush=True)
    print("\n" + table(header, rows) + "\n")
    extrapolate(last)


def digits(value: float) -> int:
    return 1 if value < 10 else 0


def extrapolate(last: dict[str, float]) -> None:
    """To 10^9 weights from the last row: time, disk and ticket in proportion; memory as it is for layers no larger."""
    times = 1e9 / last["weights"]
    approximate, save, verify = (
        seconds / 3600
        for seconds in (1e9 / last["weights/s"], last["save, s"] * times, last["load, verify, s"] * times)
    )
    print(
        f"extrapolated to 10^9 weights in layers like the last ({times:,.0f} times as many): approximate {approximate:.1f} h, save "
        f"{save:.1f} h, load and verify {verify:.1f} h; {last['disk, MB'] * times / 1e3:,.0f} GB of disk at most, ticket "
        f"{last['ticket, MB'] * times / 1e3:.1f} GB, {last['anonymous, MB']:,.0f} MB of anonymous memory"
    )


def row(name: str, size: int, place: str, width: int, workers: int, in_memory: bool) -> dict[str, float]:
    kind = KINDS[name]
    target, saved = Path(place) / f"target{kind.suffix}", Path(place) / "ticket.npz"
    # kernels compiled, BLAS and threads started
    slth.approximate(slth.Network.random([40, 40, 2], rng=0), width, domain=(0, 1), rng=0, workers=workers).verify(
        slth.Network.random([40, 40, 2], rng=0)
    )
    subset_sum.solve(np.ones((2, 21)), 0.5)
    watch = Watch()
    started, cpu = time.perf_counter(), time.process_time()
    with nullcontext() if in_memory else out_of_core(place):
        network = slth.Network.read(target, kind.architecture(size), input_shape=kind.input_shape(size))
        watch.phase("read")
        ticket = slth.approximate(
            network, width, construction=kind.construction, domain=kind.domain, rng=0, workers=workers
        )
        watch.phase("approximate")
        approximated, cpu = time.perf_counter(), time.process_time() - cpu
        ticket.save(saved)
        watch.phase("save")
        written = time.perf_counter()
        slth.load(saved, max_bytes=1 << 50 if in_memory else None).verify(network)
        watch.phase("verify")
        verified = time.perf_counter()
        ticket(np.zeros((4, *(d or 8 for d in network.shapes[0]))))
        watch.phase("evaluate")
        evaluated = time.perf_counter()
    watch.stop()
    return {
        "weights": network.size,
        "weights/s": network.size / (approximated - started),
        "weights/s of one CPU": network.size / cpu,
        "save, s": written - approximated,
        "load, verify, s": verified - written,
        "evaluate, s": evaluated - verified,
        "anonymous, MB": watch.memory / 1e6,
        "disk, MB": watch.disk / 1e6,
        "ticket, MB": saved.stat().st_size / 1e6,
        **{f"{phase}, MB": most / 1e6 for phase, most in watch.phases.items()},
    }


if __name__ == "__main__":
    main()
