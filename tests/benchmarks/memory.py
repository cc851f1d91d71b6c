"""Memory, disk and time against the size of the target, out of core: chains that grow in depth, and single layers that grow in size.

    python -m tests.benchmarks.memory [--workers 2] [--full] [--folder FOLDER] [--in-memory]        (needs the extra `safetensors`)

The target lies in a ``.safetensors`` file of float32, normal weights of deviation 1 / sqrt(d_in), biases included; width 42, inputs in
[0, 1]. Each row is a process of its own: it reads the file, approximates, saves the ticket, loads and verifies it. *Anonymous memory* is
what the process holds that is no file (RssAnon of /proc/self/status, sampled every 2 ms), less what it holds before it begins:
interpreter, libraries, compiled kernels. *Disk* is what its nameless files take at most. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

import slth
from slth import subset_sum
from slth.spool import out_of_core
from tests.benchmarks.timing import table

WIDTH = 42
SIZES = [(1, 316), (3, 316), (10, 316), (1, 1000), (3, 1000)]  # layers, width of each
FULL = [(10, 1000), (1, 3162), (3, 3162)]
HEADER = [
    "layers",
    "weights",
    "weights/s",
    "weights/s of one CPU",
    "save, s",
    "load, verify, s",
    "anonymous, MB",
    "disk, MB",
    "ticket, MB",
]


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory, disk and time against the size of the target.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="up to 3e7 weights, some minutes")
    parser.add_argument(
        "--folder", default=tempfile.gettempdir(), help="for targets, tickets and large arrays: on a disk"
    )
    parser.add_argument("--in-memory", action="store_true", help="without out_of_core, for comparison")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        layers, width = json.loads(options.row)
        print(json.dumps(row(layers, width, options.workers, Path(options.folder), options.in_memory)))
        return
    rows, last = [], {}
    for layers, width in SIZES + FULL * options.full:
        command = [sys.executable, "-m", "tests.benchmarks.memory", "--row", json.dumps([layers, width])]
        command += ["--workers", str(options.workers), "--folder", options.folder, *["--in-memory"] * options.in_memory]
        last = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rows.append([f"{layers} x {width}^2", *(f"{last[name]:,.{digits(last[name])}f}" for name in HEADER[1:])])
        print("  ".join(rows[-1]), flush=True)
    print("\n" + table(HEADER, rows) + "\n")
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


def row(layers: int, width: int, workers: int, folder: Path, in_memory: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        target, saved = Path(place) / "target.safetensors", Path(place) / "ticket.npz"
        write(target, layers, width)
        # kernels compiled, BLAS and threads started
        slth.approximate(slth.Network.random([40, 40, 2], rng=0), WIDTH, domain=(0, 1), rng=0, workers=workers).verify(
            slth.Network.random([40, 40, 2], rng=0)
        )
        subset_sum.solve(np.ones((2, 21)), 0.5)
        watch = Watch()
        started, cpu = time.perf_counter(), time.process_time()
        with nullcontext() if in_memory else out_of_core(place):
            network = slth.Network.read(target)
            ticket = slth.approximate(network, WIDTH, domain=(0, 1), rng=0, workers=workers)
            approximated, cpu = time.perf_counter(), time.process_time() - cpu
            ticket.save(saved)
            written = time.perf_counter()
            slth.load(saved, max_bytes=1 << 50 if in_memory else None).verify(network)
            verified = time.perf_counter()
        watch.stop()
        return {
            "weights": network.size,
            "weights/s": network.size / (approximated - started),
            "weights/s of one CPU": network.size / cpu,
            "save, s": written - approximated,
            "load, verify, s": verified - written,
            "anonymous, MB": watch.memory / 1e6,
            "disk, MB": watch.disk / 1e6,
            "ticket, MB": saved.stat().st_size / 1e6,
        }


def write(path: Path, layers: int, width: int) -> None:
    """A chain of layers, written as the format says, a row at a time."""
    rng, header, end = np.random.default_rng(0), {}, 0
    for i in range(layers):
        for kind, shape in (("weight", [width, width]), ("bias", [width])):
            start, end = end, end + 4 * int(np.prod(shape))
            header[f"layer{i}.{kind}"] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _ in range(layers * (width + 1)):  # the biases are one row more
            file.write((rng.standard_normal(width) / np.sqrt(width)).astype("<f4").tobytes())


class Watch:
    """The largest anonymous memory above that at the start, and the largest size of nameless files."""

    def __init__(self) -> None:
        self.memory = self.disk = 0
        self._start = anonymous()
        self._going = True
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        turn = 0
        while self._going:
            self.memory = max(self.memory, anonymous() - self._start)
            if turn % 50 == 0:
                self.disk = max(self.disk, nameless())
            turn += 1
            time.sleep(0.002)

    def stop(self) -> None:
        self._going = False
        self._thread.join()


def anonymous() -> int:
    """Bytes of RssAnon."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def nameless() -> int:
    """Bytes on disk of the open files without a name."""
    sizes: dict[Any, int] = {}
    for link in os.listdir("/proc/self/fd"):
        try:
            status = os.stat(f"/proc/self/fd/{link}")
        except OSError:
            continue
        if status.st_nlink == 0:
            sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


if __name__ == "__main__":
    main()
