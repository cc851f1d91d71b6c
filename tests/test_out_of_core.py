"""Approximating out of core: the same ticket bit for bit, and memory that does not grow with the target."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slth
from slth import ticket_file
from slth.certificate import linear, scores
from slth.constructions import pruned_network
from slth.constructions.two_layer import deal, piece, scale
from slth.constructions.two_layer.piece import largest
from slth.networks import Attention, Conv2d, Dense, Embedding, Flatten, LayerNorm, Residual
from slth.networks.layers import drawn, merged
from slth.spool import out_of_core
from tests.test_ticket_file import fields

RNG = np.random.default_rng(3)
IMAGES = slth.Network(
    (
        Conv2d(RNG.normal(size=(4, 2, 3, 3)), RNG.normal(size=4)),
        Flatten(),
        Dense(RNG.normal(size=(3, 64)), RNG.normal(size=3), "identity"),
    ),
    (2, 6, 6),
)
CHAIN = slth.Network.random([12, 20, 15, 4], rng=1)
BLOCKS = slth.Network(
    (
        Conv2d(RNG.normal(size=(4, 1, 3, 3)) / 3, RNG.normal(size=4), padding=1, groups=2),
        Residual((Conv2d(RNG.normal(size=(4, 4, 3, 3)) / 6, padding=1),), (), "relu"),
    ),
    (2, 5, 5),
)
TEXT = slth.Network(
    (
        Embedding(RNG.normal(size=(40, 6))),
        Residual((Attention(*RNG.normal(size=(4, 6, 6)) / 3, 2, *RNG.normal(size=(4, 6))),)),
        LayerNorm(np.ones(6)),
        Dense(RNG.normal(size=(5, 6)), None, "gelu"),
    ),
    (None,),
)

CASES: dict[str, Callable[[int], slth.Ticket]] = {
    "a chain": lambda workers: slth.approximate(CHAIN, 26, rng=2, workers=workers),
    "within a budget": lambda workers: slth.approximate(CHAIN, 40, rng=2, epsilon=0.5, workers=workers),
    "a budget that only closest subsets meet": lambda workers: slth.approximate(
        CHAIN, 40, rng=2, epsilon=0.03, workers=workers
    ),
    "exactly five": lambda workers: slth.approximate(CHAIN, 30, rng=2, construction="fixed-size(5)", workers=workers),
    "depth L + 1": lambda workers: slth.approximate(CHAIN, 20, rng=2, construction="one-extra-layer", workers=workers),
    "images": lambda workers: slth.approximate(IMAGES, 16, rng=2, workers=workers),
    "whole filters": lambda workers: slth.approximate(IMAGES, 10, rng=2, construction="structured", workers=workers),
    "groups and blocks": lambda workers: slth.approximate(BLOCKS, 10, rng=2, workers=workers),
    "attention": lambda workers: slth.approximate(TEXT, 10, rng=2, workers=workers),
}


@pytest.mark.parametrize("name", CASES)
def test_the_ticket_is_the_same(name: str, tmp_path: Path) -> None:
    held = CASES[name](1)
    held.save(tmp_path / "held.npz")
    for workers in (1, 2):
        with out_of_core(tmp_path, above=1):
            spooled = CASES[name](workers)
            spooled.save(tmp_path / "spooled.npz")
            back = slth.load(tmp_path / "spooled.npz")
            assert held.target is not None
            verified = back.verify(held.target)
        assert fields(spooled) == fields(back) == fields(held)
        assert verified.certificate == held.certificate
        assert (tmp_path / "spooled.npz").read_bytes() == (tmp_path / "held.npz").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["held.npz", "spooled.npz"]


def test_an_error_names_the_same_weight(tmp_path: Path) -> None:
    messages = []
    for folder in (None, tmp_path):
        with out_of_core(folder, above=1 if folder else 1 << 30), pytest.raises(slth.EpsilonError) as caught:
            slth.approximate(CHAIN, 10, rng=2, epsilon=30)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "the worst, layer" in messages[0]


@pytest.mark.parametrize("kind", ["F64", "F32", "BF16", "npz"])
def test_files_are_read_alike(kind: str, tmp_path: Path) -> None:
    arrays = {
        f"{i}.{name}": RNG.normal(size=shape).astype("f4" if kind == "F32" else "f8")
        for i, (a, b) in enumerate([(7, 9), (9, 3)])
        for name, shape in (("weight", (b, a)), ("bias", (b,)))
    }
    if kind == "npz":
        path = tmp_path / "target.npz"
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    else:
        path = tmp_path / "target.safetensors"
        if kind == "BF16":
            torch, saver = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
            saver.save_file({name: torch.tensor(array, dtype=torch.bfloat16) for name, array in arrays.items()}, path)
        else:
            pytest.importorskip("safetensors.numpy").save_file(arrays, path)
    held = slth.Network.read(path)
    with out_of_core(tmp_path, above=1):
        spooled = slth.Network.read(path)
    for mine, theirs in zip(spooled.layers, held.layers, strict=True):
        assert mine.weight.tobytes() == theirs.weight.tobytes()
        assert mine.bias.tobytes() == theirs.bias.tobytes()
        assert not mine.weight.flags.writeable
    # narrower floats convert exactly
    assert kind == "BF16" or held.layers[0].weight.tolist() == arrays["0.weight"].tolist()


def test_a_ticket_larger_than_the_default_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = slth.approximate(CHAIN, 26, rng=2)
    ticket.save(tmp_path / "ticket.npz")
    monkeypatch.setattr("slth.ticket_file.MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="more than max_bytes=1,000"):
        slth.load(tmp_path / "ticket.npz")
    with out_of_core(tmp_path):
        assert fields(slth.load(tmp_path / "ticket.npz")) == fields(ticket)
        with pytest.raises(ValueError, match="more than max_bytes=1,000"):
            slth.load(tmp_path / "ticket.npz", max_bytes=1000)


# --- blocks ----------------------------------------------------------------------------------------------------------


@contextmanager
def small_blocks() -> Iterator[None]:
    """Blocks of some KiB instead of some MiB, so that small targets have many."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (deal, piece):
            patch.setattr(module, "BLOCK_BYTES", 1 << 18)
        for module in (scale, ticket_file):
            patch.setattr(module, "_BLOCK", 1 << 13)
        for module in (linear, scores, merged, import_module("slth.certificate.tolerances")):
            patch.setattr(module, "_BLOCK", 1 << 11)
        patch.setattr(drawn, "TOGETHER", 1 << 15)
        patch.setattr(pruned_network, "LARGEST", 1 << 15)
        patch.setattr(piece, "_LOOKED_AT", 1 << 13)
        yield


WIDE = {
    "two-layer": slth.Network.random([40, 60, 50], rng=4),
    "fixed-size(3)": slth.Network.random([40, 60, 50], rng=4),
    "one-extra-layer": slth.Network.random([20, 30, 25], rng=4),
    "images": slth.Network(
        (
            Conv2d(RNG.normal(size=(12, 8, 3, 3)) / 9, RNG.normal(size=12), padding=1),
            Conv2d(RNG.normal(size=(20, 6, 3, 3)) / 9, RNG.normal(size=20), groups=2, stride=2),
        ),
        (8, 6, 6),
    ),
    "attention": slth.Network(
        (Attention(*RNG.normal(size=(4, 60, 60)) / 8, 2, *RNG.normal(size=(4, 60))), LayerNorm(np.ones(60))), (None, 60)
    ),
}  # fmt: skip


@pytest.mark.parametrize("budgeted", [False, True])
@pytest.mark.parametrize("name", WIDE)
def test_blocks_change_nothing(name: str, budgeted: bool) -> None:
    target = WIDE[name]
    construction = "two-layer" if name in ("images", "attention") else name
    epsilon = {"images": 100.0, "attention": 4e3, "one-extra-layer": 1e3}.get(name, 6e3) if budgeted else None

    def found() -> slth.Ticket:
        return slth.approximate(target, 14, rng=5, construction=construction, epsilon=epsilon)

    whole = found()
    x = RNG.uniform(-1, 1, size=(3, *(n or 7 for n in target.shapes[0])))
    with small_blocks():
        parts = found()
        assert parts.verify(target).certificate == parts.certificate
        np.testing.assert_allclose(parts(x), whole(x), rtol=1e-9, atol=1e-9)
    assert [m.tobytes() for m in parts.masks.weights] == [m.tobytes() for m in whole.masks.weights]
    assert parts.scales == whole.scales
    # sums in another order, rounding only
    assert parts.error_bound == pytest.approx(whole.error_bound, rel=1e-12)
    assert parts.weight_error == pytest.approx(whole.weight_error, rel=1e-9 if name == "attention" else 0)
    assert parts.kept_by_layer == whole.kept_by_layer


@settings(database=None, deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 2.5, 1e-300, np.inf]), max_size=40), st.integers(1, 45))
def test_largest_is_the_head_of_a_stable_sort(values: list[float], count: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piece, "_LOOKED_AT", 3)
        found = largest(np.array(values), count)
    expected = sorted(range(len(values)), key=lambda i: -values[i])[:count]
    assert found.tolist() == [i for i in expected if values[i] > 0]


# --- memory ----------------------------------------------------------------------------------------------------------


def peak(folder: Path, target: slth.Network, construction: str = "two-layer", *, spooled: bool = True) -> float:
    """The most MB that arrays and objects in memory take, from a file to a verified ticket and what it puts out."""
    target.save(folder / "target.npz")
    x = np.zeros((2, *(n or 3 for n in target.shapes[0])))
    tracemalloc.start()
    try:
        with out_of_core(folder, above=1 << 12 if spooled else 1 << 40), small_blocks():
            network = slth.Network.read(folder / "target.npz")
            ticket = slth.approximate(network, 8, construction=construction, rng=0, domain=(0, 1), workers=1)
            ticket.save(folder / "ticket.npz")
            slth.load(folder / "ticket.npz").verify(network)(x)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def chain(*widths: int) -> slth.Network:
    return slth.Network.random(widths, rng=0)


def convolutions(*channels: int) -> slth.Network:
    """Kernels of 3 x 3 on images of 3 x 3."""
    layers = (Conv2d(RNG.normal(size=(b, a, 3, 3)) / a, padding=1) for a, b in pairwise(channels))
    return slth.Network(tuple(layers), (channels[0], 3, 3))


def attention(d: int, layers: int = 1) -> slth.Network:
    """Of two heads."""
    return slth.Network(tuple(Attention(*RNG.normal(size=(4, d, d)) / d, 2) for _ in range(layers)), (None, d))


@pytest.mark.slow
def test_memory_grows_neither_with_depth_nor_with_outputs(tmp_path: Path) -> None:
    """What is in memory is blocks and vectors. Of the larger targets the weights alone would add 0.24 MB and 0.5 MB, the masks as much, the
    errors as much, and what the certificate is computed from four times as much."""
    peak(tmp_path, chain(10, 10))  # imports
    base = peak(tmp_path, chain(100, 100, 100))
    assert peak(tmp_path, chain(*[100] * 6)) < base + 0.2
    assert peak(tmp_path, chain(100, 800)) < base + 0.4
    assert peak(tmp_path, chain(100, 800), spooled=False) > base + 3


LARGER = {
    "convolutions, more of them": (convolutions(24, 24, 24), convolutions(*[24] * 8), "two-layer"),
    "a convolution with more outputs": (convolutions(24, 24), convolutions(24, 160), "two-layer"),
    "attention, more of it": (attention(30), attention(30, 5), "two-layer"),
    "larger attention": (attention(60), attention(120), "two-layer"),
    "depth L + 1": (chain(40, 40, 40), chain(*[40] * 7), "one-extra-layer"),
    "depth L + 1, more outputs": (chain(40, 40, 40), chain(40, 40, 300), "one-extra-layer"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGER)
def test_memory_does_not_grow_with(name: str, tmp_path: Path) -> None:
    """In memory the larger target adds several times as much as out of core, where it adds vectors and the book-keeping of arrays."""
    small, large, construction = LARGER[name]
    peak(tmp_path, small, construction)  # imports
    base = peak(tmp_path, small, construction)
    grown, held = peak(tmp_path, large, construction), peak(tmp_path, large, construction, spooled=False)
    assert grown - base < 0.3 * (held - base)
    assert held > base + 0.8


LIMITED = """
import resource, sys
import slth
from slth.spool import out_of_core
from tests.test_out_of_core import small_blocks

folder = sys.argv[1]
slth.approximate(slth.Network.random([9, 9], rng=0), 8, rng=0, domain=(0, 1), workers=1)  # compiled, imported
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + (16 << 20), resource.RLIM_INFINITY))
for above in (1 << 16, 1 << 40):
    try:
        with small_blocks(), out_of_core(folder, above=above):
            target = slth.Network.read(folder + "/target.npz")
            ticket = slth.approximate(target, 8, rng=0, domain=(0, 1), workers=1)
            ticket.save(folder + "/ticket.npz")
            slth.load(folder + "/ticket.npz").verify(target)
        print("done")
    except MemoryError:
        print("out of memory")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a limit on private memory")
def test_a_hard_limit_on_memory(tmp_path: Path) -> None:
    """With 16 MiB to spare a target of 280,000 weights is approximated, saved, loaded and verified out of core, and only so."""
    slth.Network.random([400, 700], rng=0).save(tmp_path / "target.npz")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.stdout == "done\nout of memory\n", run.stderr
