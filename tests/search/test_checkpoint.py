"""Searches that are killed, and files that are no checkpoints."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from slth import search
from slth.files import read_npz, write_npz
from tests.search.tasks import digits, source

OPTIONS = {"density": 0.5, "steps": 400, "every": 20, "rate": 0.05}


def test_the_same_after_kills_at_any_moment(tmp_path: Path) -> None:
    """Killed with SIGKILL again and again, the search ends with the bits of one that was left alone."""
    path, out = tmp_path / "search.npz", tmp_path / "out.npz"
    script = (
        "from tests.search.tasks import digits, source\n"
        "from slth import search\n"
        f"search.find(source(16), digits(), rng=4, checkpoint={str(path)!r}, **{OPTIONS!r}).save({str(out)!r})\n"
    )
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    random, kills = np.random.default_rng(0), 0
    for _ in range(3):
        before = path.stat().st_mtime_ns if path.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", script], env=environment)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if path.exists() and path.stat().st_mtime_ns > before:
                break
            time.sleep(0.001)
        time.sleep(float(random.uniform(0, 0.02)))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 1
    rest = search.find(source(16), digits(), rng=4, checkpoint=path, **OPTIONS)
    whole = search.find(source(16), digits(), rng=4, **OPTIONS)
    assert rest.loss == whole.loss
    assert rest.history.loss.tolist() == whole.history.loss.tolist()
    assert all((rest.mask[name] == whole.mask[name]).all() for name in whole.mask)


def test_another_search_is_refused_and_what_differs_is_named(tmp_path: Path) -> None:
    path = tmp_path / "search.npz"
    search.find(source(8), digits(), density=0.5, steps=20, rng=4, checkpoint=path)
    before = path.read_bytes()
    for change, differs in (
        ({"density": 0.4}, r"\(density: 0.5 there, 0.4 here\)"),
        ({"steps": 30}, r"\(steps: 20 there, 30 here\)"),
        ({"method": "biprop"}, r"\(method: EdgePopup.*there, Biprop.*here\)"),
        ({"rng": 5}, r"\(seed: 4 there, 5 here\)"),
    ):
        with pytest.raises(ValueError, match=f"belongs to another search {differs}"):
            search.find(source(8), digits(), **({"density": 0.5, "steps": 20, "rng": 4, "checkpoint": path} | change))
    with pytest.raises(ValueError, match="network or data"):
        search.find(source(8, seed=1), digits(), density=0.5, steps=20, rng=4, checkpoint=path)
    assert path.read_bytes() == before


def test_without_a_seed_that_of_the_checkpoint_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "search.npz"
    one = search.find(source(8), digits(), density=0.5, steps=20, checkpoint=path)
    other = search.find(source(8), digits(), density=0.5, steps=20, checkpoint=path)
    assert one.loss == other.loss


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "search.npz"

    def refused(match: str, **options: object) -> None:
        with pytest.raises(ValueError, match=match):
            search.find(source(8), digits(), checkpoint=path, **({"density": 0.5, "steps": 20, "rng": 1} | options))

    path.write_bytes(b"nothing of the kind")
    refused("cannot read.*checkpoint of a search: name another file")
    refused("cannot read", rng=None)
    path.write_bytes(b"")
    refused("cannot read")
    np.savez(path, a=np.ones(3))
    refused("checkpoint of a search")
    path.unlink()
    search.find(source(8), digits(), density=0.5, steps=20, rng=1, checkpoint=path)
    whole, arrays = path.read_bytes(), read_npz(path)
    for size in (len(whole) - 1, len(whole) // 2, 100):
        path.write_bytes(whole[:size])
        refused("cannot read")
    for name, value in {"numbers": np.ones(2), "best_mask": np.ones(3), "records": np.ones(7)}.items():
        write_npz(path, arrays | {name: value})
        refused("damaged checkpoint.*remove it")
    write_npz(path, {name: array for name, array in arrays.items() if name != "searcher_scores"})
    refused("damaged checkpoint")
    write_npz(path, arrays | {"task": np.frombuffer(b"[1", np.uint8)})
    refused("damaged checkpoint")
    refused("damaged checkpoint", rng=None)


def test_a_full_disk_leaves_the_record_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "search.npz"
    options = {"density": 0.5, "steps": 60, "every": 20, "rng": 1}
    import slth.search.checkpoint as module

    written = module.write_npz
    count = 0

    def full(*arguments: object) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write_npz", full)
    with pytest.raises(OSError, match=r"cannot write the checkpoint at step 40 \(No space left on device\)") as raised:
        search.find(source(8), digits(), checkpoint=path, **options)
    assert raised.value.errno == errno.ENOSPC
    rest = search.find(source(8), digits(), checkpoint=path, **options)
    assert rest.loss == search.find(source(8), digits(), **options).loss
    with pytest.raises(FileNotFoundError, match="its folder does not exist"):
        search.find(source(8), digits(), checkpoint=tmp_path / "no" / "search.npz", **options)


@pytest.mark.slow
def test_the_same_bits_with_any_number_of_threads() -> None:
    """OpenBLAS sums in another order with more threads, unless sums are cut short."""
    script = (
        "import hashlib, numpy as np\n"
        "from slth import search\n"
        "x = np.random.default_rng(0).random((320, 784)); y = np.arange(320) % 10\n"
        "for widths, batch in (([784, 300, 10], 64), ([784, 20, 10], 1), ([784, 20, 10], 320)):\n"
        "    net = search.random_network(widths, law='kaiming-normal', rng=0)\n"
        "    objective = search.classification(x, y)\n"
        "    for how in ({'steps': 5, 'batch': batch}, {'method': 'grasp'}):\n"
        "        found = search.find(net, objective, density=0.3, rng=0, **how)\n"
        "        bits = b''.join(m.tobytes() for m in found.mask.values())\n"
        "        print(hashlib.sha256(bits).hexdigest(), found.loss.hex(), [v.hex() for v in found.history.loss.tolist()])\n"
    )
    root = Path(__file__).parents[2]
    seen = set()
    for threads in "123":
        environment = os.environ | {
            "PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            "OPENBLAS_NUM_THREADS": threads,
        }
        seen.add(
            subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True).stdout
        )
    assert len(seen) == 1
