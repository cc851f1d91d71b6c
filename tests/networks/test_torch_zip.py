"""PyTorch's files without PyTorch: what it writes is read bit for bit, and what it does not write is refused, without being run."""

from __future__ import annotations

import os
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.networks import Conv2d, Dense, Network
from slth.networks.readers import torch_pickle
from slth.networks.readers.torch_zip import read_torch, tensors_in
from slth.spool import out_of_core
from tests.networks.every_layer import same

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=60)
RNG = np.random.default_rng(8)
SIX = np.arange(6, dtype="<f4")


# --- a file from the definition of its format ---------------------------------------------------------------------


def text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


def number(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    packed = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(packed)]) + packed


def numbers(*values: int) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str = "0", count: int = 6, kind: str = "FloatStorage") -> bytes:
    return b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + number(count) + b"tQ"


def tensor(
    shape: tuple[int, ...] = (2, 3), strides: tuple[int, ...] = (3, 1), offset: int = 0, held: bytes = b"", more: bytes = b""
) -> bytes:  # fmt: skip
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + (held or storage()) + number(offset) + numbers(*shape)
        + numbers(*strides) + b"\x89ccollections\nOrderedDict\n)R" + more + b"tR"
    )  # fmt: skip


def state(**entries: bytes) -> bytes:
    inside = b"".join(text(name) + value for name, value in entries.items())
    return b"\x80\x02}(" + inside + b"u."


def written(
    path: Path, program: bytes, method: int = zipfile.ZIP_STORED, root: str = "model", **members: bytes
) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(f"{root}/data.pkl", program)
        for name, content in (members or {"0": SIX.tobytes()}).items():
            archive.writestr(f"{root}/{name}" if name == "byteorder" else f"{root}/data/{name}", content)
    return path


def read(tmp_path: Path, program: bytes, **members: bytes) -> dict[str, Any]:
    return read_torch(written(tmp_path / "file.pth", program, **members))


# --- what is read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_definition(method: int, tmp_path: Path) -> None:
    path = written(tmp_path / "file.pt", state(weight=tensor()), method)
    found = read_torch(path)
    np.testing.assert_array_equal(found["weight"], SIX.reshape(2, 3))
    assert found["weight"].dtype == np.float32
    assert same(Network.read(path).layers[0], Dense(SIX.reshape(2, 3), None, "identity"))
    assert same(Network.read(path, ["dense", "relu"]).layers[0], Dense(SIX.reshape(2, 3), None, "relu"))


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [((3, 2), (1, 3), 0), ((2, 2), (2, 2), 1), ((), (), 5), ((2, 3), (0, 2), 1), ((1, 2), (10**12, 5), 0), ((2, 0, 3), (9, 9, 9), 0)],
)  # fmt: skip
def test_strides(shape: tuple[int, ...], strides: tuple[int, ...], offset: int, tmp_path: Path) -> None:
    found = read(tmp_path, state(t=tensor(shape, strides, offset)))["t"]
    assert found.shape == shape
    for at in np.ndindex(*shape):
        assert found[at] == SIX[offset + sum(i * step for i, step in zip(at, strides, strict=True))]


def test_arrays_are_copies_of_their_own(tmp_path: Path) -> None:
    found = read(tmp_path, state(a=tensor(), b=tensor()))
    found["a"][0, 0] = 7
    assert found["b"][0, 0] == 0


def test_big_endian(tmp_path: Path) -> None:
    found = read(tmp_path, state(a=tensor()), **{"0": SIX.astype(">f4").tobytes(), "byteorder": b"big"})
    np.testing.assert_array_equal(found["a"], SIX.reshape(2, 3))
    with pytest.raises(ValueError, match="byteorder must be little or big, got 'middle'"):
        read(tmp_path, state(a=tensor()), **{"0": SIX.tobytes(), "byteorder": b"middle"})


def test_of_a_checkpoint_the_one_state_dict(tmp_path: Path) -> None:
    program = state(
        epoch=number(3), model=state(a=tensor())[2:-1], best=b"G" + struct.pack(">d", 0.5), names=b"](K\x01Ne"
    )
    assert list(read(tmp_path, program)) == ["a"]
    two = state(model=state(a=tensor())[2:-1], average=state(a=tensor())[2:-1])
    with pytest.raises(ValueError, match=r"it holds 'model', 'average', of which 2 are state_dicts.*save the one"):
        read(tmp_path, two)
    with pytest.raises(ValueError, match=r"it holds 'a', 'epoch', of which none are state_dicts"):
        read(tmp_path, state(a=tensor(), epoch=number(3)))
    with pytest.raises(ValueError, match=r"it holds a tensor, not a state_dict"):
        read(tmp_path, b"\x80\x02" + tensor() + b".")


def test_tensors_lie_in_the_file(tmp_path: Path) -> None:
    """No memory for what is not compressed, and out of core for nothing; whatever stands before the archive or in its headers."""
    import tracemalloc

    many = np.arange(2**20, dtype="<f4")
    for method, kind in (
        (zipfile.ZIP_STORED, "FloatStorage"),
        (zipfile.ZIP_DEFLATED, "FloatStorage"),
        (zipfile.ZIP_STORED, "BFloat16Storage"),
    ):
        half = kind == "BFloat16Storage"
        content = (many.view("<u4") >> 16).astype("<u2") if half else many
        program = state(weight=tensor((1024, 1024), (1024, 1), held=storage(count=many.size, kind=kind)))
        path = written(tmp_path / "file.pt", program, method, **{"0": content.tobytes()})
        path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
        expected = (many.view("<u4") & 0xFFFF0000).view("<f4") if half else many
        with out_of_core(tmp_path):
            Network.read(path)  # imports
            tracemalloc.start()
            found = Network.read(path)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 6e6  # the weights take 8 MB, what lies in the file 4 MB
        np.testing.assert_array_equal(found.layers[0].weight.ravel(), expected)
        lies = tensors_in(path)["weight"]
        np.testing.assert_array_equal(lies.ravel(), expected)
        assert not lies.flags.writeable


# --- what PyTorch writes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_like_torch(seed: int, tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
             torch.bool]  # fmt: skip
    tensors: dict[str, Any] = OrderedDict()
    for i in range(12):
        shape = tuple(rng.integers(0 if i == 5 else 1, 5, rng.integers(0, 5)).tolist())
        whole = (100 * torch.randn(shape, generator=generator)).to(kinds[rng.integers(len(kinds))])
        if rng.random() < 0.3 and shape:
            whole = whole.transpose(0, -1)
        if rng.random() < 0.3 and shape and shape[0] > 1:
            whole = whole[1:]
        if rng.random() < 0.2:
            whole = whole.expand(3, *whole.shape)
        if rng.random() < 0.2 and whole.is_floating_point():
            whole = torch.nn.Parameter(whole)
        tensors[f"layer.{i}"] = whole
    tensors["tied"] = tensors["layer.3"]
    path = tmp_path / "net.pth"
    protocol = 2 + seed % 4
    torch.save({"epoch": 1, "model": tensors} if seed % 3 == 0 else tensors, path, pickle_protocol=protocol)
    theirs = torch.load(path, weights_only=True) if protocol == 2 else {"model": tensors, "epoch": 1}
    theirs = theirs.get("model", theirs)
    found = read_torch(path)
    assert list(found) == list(theirs)
    for name, values in theirs.items():
        wide = values.detach().float() if values.dtype == torch.bfloat16 else values.detach()
        assert found[name].dtype == wide.numpy().dtype
        np.testing.assert_array_equal(found[name], wide.numpy())


def test_a_network_of_torch(tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(36, 5),
    ).double().eval()  # fmt: skip
    path = tmp_path / "net.PT"
    torch.save(model.state_dict(), path)
    architecture = [("conv", {"padding": 1}), "batch-norm", "relu", ("max-pool", 2), "flatten", "dense"]
    net = Network.read(path, architecture, input_shape=(1, 6, 6))
    x = RNG.normal(size=(4, 1, 6, 6))
    np.testing.assert_allclose(net(x), model(torch.tensor(x)).detach().numpy(), rtol=1e-12, atol=1e-12)
    assert isinstance(net.layers[0], Conv2d)
    with pytest.raises(ValueError, match=r"cannot read .*net\.PT: entry '1\.running_mean' .* say what the layers"):
        Network.read(path)
    torch.save(model, path)
    with pytest.raises(ValueError, match=r"asks for 'torch\.nn\.modules\.container\.Sequential'.*state_dict\(\)"):
        Network.read(path)
    torch.save(model.state_dict(), path, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"no zip archive.*before 1\.6"):
        Network.read(path)


# --- what is refused ----------------------------------------------------------------------------------------------


class Harm:
    """Runs a command when an unpickler believes it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("echo harm > harmed",)


def test_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    for protocol in range(6):
        with pytest.raises(ValueError, match=r"no state_dict needs"):
            read(tmp_path, pickle.dumps({"weight": Harm()}, protocol))
    programs = [
        b"\x80\x02cbuiltins\neval\n(" + text("open('harmed', 'w')") + b"tR.",
        b"\x80\x02(" + text("echo harm > harmed") + b"ios\nsystem\n.",  # INST
        b"\x80\x02(cos\nsystem\n" + text("echo harm > harmed") + b"o.",  # OBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93" + text("echo harm > harmed") + b"\x85R.",
        b"\x80\x02cpickle\nUnpickler\n)\x81.",
        b"\x80\x02ctorch\nload\n" + text("x") + b"\x85R.",
        b"\x80\x02ctorch\nFloatStorage\n(tR.",  # a name that is known, but is no function here
        b"\x80\x02\x82\x01.",  # EXT1
        b"\x80\x02ctorch\n_utils._rebuild_tensor_v2\n)R.",
        b"\x80\x02cthis\ns\n.",
    ]
    for program in programs:
        with pytest.raises(ValueError, match=r"no state_dict needs|damaged"):
            read(tmp_path, program)
    assert not (tmp_path / "harmed").exists()
    assert "this" not in set(sys.modules) - before


HUGE = 2**62
REFUSED = {
    "shape beyond the storage": (state(t=tensor((3, 3), (3, 1))), r"reaches to number 8 of storage '0', which has 6"),
    "huge shape": (state(t=tensor((HUGE, HUGE), (HUGE, 1))), "reaches to number"),
    "huge shape, stride 0": (state(t=tensor((HUGE, HUGE), (0, 0))), r"take .* bytes, more than max_bytes"),
    "many names of one tensor": (
        state(a=tensor((2**14, 2**13), (0, 0)), b=tensor((2**14, 2**13), (0, 0)), c=tensor((1,), (0,))),
        r"take 1,073,741,828 bytes, more than max_bytes=1,073,741,824",
    ),
    "offset beyond": (state(t=tensor((1,), (1,), 6)), "reaches to number 6"),
    "negative offset": (state(t=tensor((1,), (1,), -1)), "damaged"),
    "negative stride": (state(t=tensor((2,), (-1,), 3)), "damaged"),
    "negative size": (state(t=tensor((-2, -3), (3, 1))), "damaged"),
    "size beyond a word": (state(t=tensor((2**80,), (0,))), "damaged"),
    "truth as a size": (state(t=tensor().replace(numbers(2, 3), b"(\x88K\x03t")), "damaged"),
    "sizes without strides": (state(t=tensor((2, 3), (1,))), "2 sizes .* and 1 strides"),
    "too many axes": (state(t=tensor((1,) * 33, (1,) * 33)), "33 sizes"),
    "metadata": (state(t=tensor(more=b"}" + text("conj") + b"\x88s")), "metadata"),
    "count not as archived": (state(t=tensor((1,), (1,), held=storage(count=7))), r"7 numbers .* declares 24 bytes"),
    "type not as archived": (state(t=tensor((1,), (1,), held=storage(kind="DoubleStorage"))), "6 numbers of 8 bytes"),
    "complex numbers": (state(t=tensor(held=storage(kind="ComplexFloatStorage"))), r"asks for 'torch\.ComplexFloatStorage'"),
    "no such storage": (state(t=tensor(held=storage("../data.pkl"))), r"storage 'model/data/\.\./data\.pkl' is missing"),
    "one storage of two types": (state(a=tensor(), b=tensor((1,), (1,), held=storage(count=5))), "declared in two ways"),
    "no end": (state(t=tensor())[:-1], "no end|exhausted"),
    "nothing on the stack": (b"\x80\x02.", r"IndexError|pop from empty|damaged"),
    "cut in a word": (b"\x80\x02X\xff\xff\xff\x7fab", "expected"),
    "unknown instruction": (b"\x80\x02\xff.", "opcode"),
    "forgotten": (b"\x80\x02h\x07.", "damaged: BINGET"),
    "text on a dictionary": (b"\x80\x02}" + text("a") + b"e.", "damaged: APPENDS"),
    "a mark as a value": (b"\x80\x02}(" + text("a") + b"(u.", "damaged"),
    "an odd one": (b"\x80\x02}(" + text("a") + b"u.", "damaged: SETITEMS"),
    "a tuple as a name": (b"\x80\x02})K\x01s.", "damaged: SETITEM"),
    "a storage alone": (state(t=storage()), "none are state_dicts"),
    "nothing": (b"\x80\x02}.", "holds nothing"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    program, message = REFUSED[name]
    with pytest.raises(ValueError, match=rf"cannot read .*file\.pth as tensors of PyTorch: .*({message})"):
        read(tmp_path, program)


def test_cycles_and_depth(tmp_path: Path) -> None:
    # a dictionary within itself, a list within itself, and a tuple of tuples 100,000 deep, also as a name
    assert list(
        read(tmp_path, b"\x80\x02}q\x00" + text("self") + b"h\x00s" + text("m") + state(a=tensor())[2:-1] + b"s.")
    ) == ["a"]
    assert list(
        read(tmp_path, b"\x80\x02}" + text("l") + b"]q\x00h\x00as" + text("m") + state(a=tensor())[2:-1] + b"s.")
    ) == ["a"]
    deep = b")" + b"\x85" * 100_000
    assert list(
        read(tmp_path, b"\x80\x02}" + text("d") + deep + b"s" + text("m") + state(a=tensor())[2:-1] + b"s.")
    ) == ["a"]
    with pytest.raises(ValueError, match="damaged: SETITEM"):
        read(tmp_path, b"\x80\x02}" + deep + b"K\x01s.")
    with pytest.raises(ValueError, match="damaged: REDUCE"):
        read(tmp_path, b"\x80\x02" + deep + b")R.")
    with pytest.raises(ValueError, match="not a state_dict"):
        read(tmp_path, b"\x80\x02" + deep + b".")


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="take 24 bytes, more than max_bytes=23"):
        read_torch(written(tmp_path / "a.pth", state(a=tensor())), max_bytes=23)
    monkeypatch.setattr(torch_pickle, "MOST_STEPS", 10)
    with pytest.raises(ValueError, match="more than 10 instructions"):
        read(tmp_path, state(a=tensor()))
    bomb = written(tmp_path / "b.pth", b"N" * (torch_pickle.MOST_BYTES + 1), zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=r"more than the .* allowed"):
        read_torch(bomb)


def test_a_zip_bomb_takes_no_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "bomb.pth"
    held = storage(count=2**24)
    written(path, state(a=tensor((1,), (1,), held=held)), zipfile.ZIP_DEFLATED, **{"0": bytes(2**26)})
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"declares 67,108,864 bytes, more than the"):
            read_torch(path, max_bytes=2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_archives_that_lie(tmp_path: Path) -> None:
    whole = written(tmp_path / "w.pth", state(a=tensor())).read_bytes()
    bad = tmp_path / "bad.pth"
    for cut in range(0, len(whole) - 1, 7):
        bad.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="cannot read"):
            read_torch(bad)
    at = whole.index(SIX.tobytes())
    bad.write_bytes(whole[:at] + b"\1" + whole[at + 1 :])
    with pytest.raises(ValueError, match="CRC"):
        read_torch(bad)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        archive.writestr("b/data.pkl", b"N.")
    with pytest.raises(ValueError, match=r"2 files data\.pkl"):
        read_torch(bad)
    written(bad, state(a=tensor()), zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="zip method 14"):
        read_torch(bad)
    path = written(
        tmp_path / "t.pth", state(a=tensor((1,), (1,), held=storage(count=1, kind="BoolStorage"))), **{"0": b"\2"}
    )
    with pytest.raises(ValueError, match="truth values"):
        read_torch(path)
    with pytest.raises(FileNotFoundError):
        Network.read(tmp_path / "none.pth")


@FIXED
@given(data=st.data())
def test_spoiled_files_raise_value_errors_only(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    program = bytearray(state(a=tensor(), b=tensor((3,), (2,), 1), epoch=number(1000)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(program) - 1))
        program[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    path = written(tmp_path_factory.getbasetemp() / "spoiled.pth", bytes(program))
    found = {}
    with suppress(ValueError):  # and nothing else
        found = read_torch(path)
    assert all(array.size < 1000 for array in found.values())
