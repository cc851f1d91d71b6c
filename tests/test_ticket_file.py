"""Ticket files: back bit for bit, or refused in one clear error, whatever the file is."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
import slth.files
from slth.data import digits_arrays
from slth.networks import Dense
from slth.networks.archive import arrays_of, structure

TARGET = slth.Network.random([2, 2, 1], rng=0)
Edit = Callable[[dict[str, Any]], Any]


def fields(ticket: slth.Ticket) -> list[Any]:
    """All that a ticket is, as comparable values."""
    domain = ticket.domain
    return [
        ticket.source,
        [(m.dtype.str, m.shape, m.tobytes()) for m in ticket.masks.weights],
        [None if m is None else (m.dtype.str, m.shape, m.tobytes()) for m in ticket.masks.biases],
        [float(s).hex() for s in ticket.scales],
        structure(ticket.skeleton),
        [(name, array.tobytes()) for name, array in arrays_of(ticket.skeleton).items()],
        ticket.construction,
        type(domain).__name__,
        [v.hex() for v in (*domain.lower.tolist(), *domain.upper.tolist())],
        ticket.certificate,
        ticket.target_digest,
    ]


def parts(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return json.loads(arrays.pop("header").tobytes()), arrays


def checksum(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """As the format says: header without the checksum, sorted, then each array's name, type, shape and bytes."""
    sha = hashlib.sha256(json.dumps({k: v for k, v in header.items() if k != "checksum"}, sort_keys=True).encode())
    for name in sorted(arrays):
        sha.update(
            f"{name} {arrays[name].dtype} {arrays[name].shape}".encode() + np.ascontiguousarray(arrays[name]).tobytes()
        )
    return sha.hexdigest()


def forge(path: Path, header: Any, arrays: dict[str, np.ndarray], *, resum: bool = True) -> Path:
    """Write a file with this header and a checksum that fits."""
    if isinstance(header, dict) and resum:
        header["checksum"] = checksum(header, arrays)
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    np.savez_compressed(path, header=np.frombuffer(text, np.uint8), **arrays)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        slth.load(path)
    assert type(caught.value) is ValueError
    assert path.name in str(caught.value), "the message names the file"
    return str(caught.value)


def loaded_or_refused(path: Path) -> slth.Ticket | None:
    try:
        return slth.load(path)
    except ValueError as error:
        words = str(error)
    assert path.name in words, words
    return None


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[slth.Ticket, Path]:
    ticket = slth.approximate(TARGET, 5, rng=2**127 + 12345)
    path = tmp_path_factory.mktemp("saved") / "ticket.npz"
    ticket.save(path)
    return ticket, path


# --- there and back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["uniform", "normal"])
@pytest.mark.parametrize(
    "domain", [None, (0, 1), (-0.1, 1 / 3), (5e-324, 1e100), ([-1, -0.0], [0.0, 2]), slth.Ball(2), slth.Ball(2, 1 / 3)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_there_and_back(domain: Any, law: str, bias: bool, tmp_path: Path) -> None:
    target = slth.Network.random([2, 3, 1], rng=1, bias=bias)
    ticket = slth.approximate(target, (3, 6), law=law, domain=domain, rng=2**128 - 1)
    path = tmp_path / "t.npz"
    ticket.save(path)
    loaded = slth.load(path)
    assert fields(loaded) == fields(ticket)
    assert loaded.source.seed == 2**128 - 1
    assert loaded.target is None
    assert [layer.weight.tobytes() for layer in loaded.network.layers] == [
        layer.weight.tobytes() for layer in ticket.network.layers
    ]
    assert fields(loaded.verify(target)) == fields(ticket)
    again = tmp_path / "again.npz"
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes(), "the same ticket, the same bytes"


def test_any_name_and_path_type(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    ticket, _ = saved
    for path in (tmp_path / "no suffix", str(tmp_path / "é.ticket"), os.fsencode(tmp_path / "b.npz")):
        ticket.save(path)  # type: ignore[arg-type]
        assert fields(slth.load(path)) == fields(ticket)  # type: ignore[arg-type]


def test_what_is_saved_can_be_loaded(tmp_path: Path) -> None:
    """Also a ticket whose bound overflows, should there be one: refused by `save`, or read by `load`."""
    with np.errstate(all="ignore"):
        huge = slth.Network(tuple(Dense(np.full((1, 1), 1e200), None, "identity") for _ in range(2)))
        try:
            ticket = slth.approximate(huge, 4, rng=0)
            ticket.save(tmp_path / "t.npz")
        except ValueError:
            return
        assert fields(slth.load(tmp_path / "t.npz")) == fields(ticket)


def test_a_drawn_seed_survives(tmp_path: Path) -> None:
    ticket = slth.approximate(TARGET, 2)
    ticket.save(tmp_path / "t.npz")
    assert slth.load(tmp_path / "t.npz").source.seed == ticket.source.seed


def test_the_file_is_as_large_as_its_bits(tmp_path: Path) -> None:
    """No more than the packed masks and three kilobytes; less, since most bits are 0."""
    ticket = slth.approximate(digits_arrays(), 16, domain=(0, 1), rng=0)
    ticket.save(tmp_path / "t.npz")
    size = (tmp_path / "t.npz").stat().st_size
    assert size < 3000 + ticket.size / 8
    share = ticket.density
    entropy = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    assert size > 0.2 * entropy * ticket.size / 8
    np.load(tmp_path / "t.npz", allow_pickle=False).close()


# --- damaged --------------------------------------------------------------------------------------------------------


def test_truncated_anywhere(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    content = saved[1].read_bytes()
    path = tmp_path / "t.npz"
    for length in [*range(0, len(content), 7), len(content) - 1]:
        path.write_bytes(content[:length])
        refused(path)


def test_every_byte_flipped(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    """One bit of every byte, another for each; what is accepted is the same ticket (unused fields of the zip)."""
    ticket, original = saved
    content = original.read_bytes()
    expected = fields(ticket)
    path = tmp_path / "t.npz"
    accepted = 0
    for i in range(len(content)):
        damaged = bytearray(content)
        damaged[i] ^= 1 << (i % 8) if i % 3 else 0xFF
        path.write_bytes(damaged)
        loaded = loaded_or_refused(path)
        if loaded is not None:
            accepted += 1
            assert fields(loaded) == expected
    assert accepted < 0.4 * len(content), "about 66 bytes a member: dates, attributes, versions"


def test_every_mask_bit_is_checked(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    header, arrays = parts(saved[1])
    for name, array in arrays.items():
        other = array.copy()
        other.reshape(-1)[0] ^= 0x80
        words = refused(forge(tmp_path / "t.npz", header, {**arrays, name: other}, resum=False))
        assert "checksum" in words
        assert refused(forge(tmp_path / "t.npz", header, {**arrays, name: other}))
        header, _ = parts(saved[1])


def test_bytes_appended_or_put_before(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    content = saved[1].read_bytes()
    path = tmp_path / "t.npz"
    for other in (content + b"x" * 10, b"x" * 10 + content, content + content):
        path.write_bytes(other)
        loaded = loaded_or_refused(path)
        assert loaded is None or fields(loaded) == fields(saved[0])


# --- foreign --------------------------------------------------------------------------------------------------------


def test_no_ticket_at_all(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    for content in (b"", b"\0" * 1000, b"PK\x05\x06" + b"\0" * 18, b"{}", pickle.dumps({"a": 1}), os.urandom(1000)):
        path.write_bytes(content)
        refused(path)
    np.savez(path, a=np.ones(3), b=np.zeros(2))
    assert "not a ticket" in refused(path)
    TARGET.save(path)
    assert "not a ticket" in refused(path)
    np.savez(path, header=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused(path)
    np.save(tmp_path / "x.npy", np.ones(2))
    refused(tmp_path / "x.npy")


class Bomb:
    """Leaves a trace when unpickled."""

    def __reduce__(self) -> Any:
        return (print, ("unpickled",))


def test_pickles_are_not_opened(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, header=np.array([Bomb()], dtype=object))
    refused(path)
    path.write_bytes(pickle.dumps(Bomb()))
    refused(path)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nonsense",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"3",
        b'"slth-ticket"',
        b"{}",
        b'{"format": "slth-ticket"}',
        b'{"format": "slth-ticket", "version": 2}',
        b'{"format": "slth-ticket", "version": 2, "checksum": "0"}',
        b'{"format": "other", "version": 2}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"format": 1' + b"0" * 5000 + b"}",
        b'{"format": NaN}',
        b'{"format": "\\ud800"}',
    ],
    ids=range(18),
)
def test_headers_that_are_none(text: bytes, tmp_path: Path) -> None:
    refused(forge(tmp_path / "t.npz", text, {}))
    refused(forge(tmp_path / "t.npz", text, {"weights_0": np.zeros((1, 1), np.uint8)}))


def test_headers_of_another_type(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    _, arrays = parts(saved[1])
    path = tmp_path / "t.npz"
    for odd in (np.zeros(3), np.array("text"), np.zeros((0,), np.uint8), np.array(7), np.array([1 + 2j])):
        np.savez(path, header=odd, **arrays)
        refused(path)
    np.savez(path, **arrays)
    assert "not a ticket" in refused(path)


def put(key: str, value: Any) -> Edit:
    return lambda header: header.__setitem__(key, value)


def drop(key: str) -> Edit:
    return lambda header: header.pop(key)


def within(key: str, change: Callable[[Any], Any]) -> Edit:
    """Change an entry of the skeleton."""
    return lambda header: header["skeleton"].__setitem__(key, change(header["skeleton"][key]))


def first(change: Callable[[dict[str, Any]], Any]) -> Edit:
    """Change the first layer of the skeleton."""
    return within("layers", lambda layers: [change(layers[0]), *layers[1:]])


def setting(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda entry: entry | {"settings": entry["settings"] | {name: value}}


def form(d_out: int, d_in: int) -> dict[str, Any]:
    settings = {"d_out": d_out, "d_in": d_in, "bias": True, "activation": "identity"}
    return {"kind": "dense-form", "settings": settings, "arrays": []}


def nested(layers: list[Any], depth: int) -> list[Any]:
    """Residual blocks within residual blocks."""
    for _ in range(depth):
        layers = [
            {"kind": "residual", "settings": {"activation": "relu"}, "arrays": [], "body": layers, "shortcut": []}
        ]
    return layers


KEYS = (
    *("format", "version", "construction", "seed", "law", "shapes", "biases", "scales", "skeleton", "domain"),
    *("error_bound", "weight_error", "layer_bounds", "layer_weight_errors", "target", "kept_weights"),
)
HOSTILE: dict[str, Edit] = {
    "newer version": put("version", 3),
    "older version": put("version", 1),
    "version text": put("version", "2"),
    "version null": put("version", None),
    "huge shapes": put("shapes", [[10**9, 10**9]] * 4),
    "huge hidden layer": put("shapes", [[10**12, 2], [2, 10**12], [10, 2], [1, 10]]),
    "shapes beyond 64 bits": put("shapes", [[10**30, 2], [2, 10**30], [10, 2], [1, 10]]),
    "other shapes": put("shapes", [[10, 2], [2, 10], [11, 2], [1, 11]]),
    "shapes that do not feed one another": put("shapes", [[10, 2], [2, 11], [10, 2], [1, 10]]),
    "fewer shapes": put("shapes", [[10, 2], [2, 10]]),
    "no shapes": put("shapes", []),
    "one shape": put("shapes", [[10, 2]]),
    "zero in a shape": put("shapes", [[0, 2], [2, 0], [10, 2], [1, 10]]),
    "negative shape": put("shapes", [[-10, 2], [2, -10], [10, 2], [1, 10]]),
    "float shapes": put("shapes", [[10.0, 2.0], [2.0, 10.0], [10.0, 2.0], [1.0, 10.0]]),
    "true shapes": put("shapes", [[True, True]] * 4),
    "long shapes": put("shapes", [[10, 2, 1], [2, 10, 1], [10, 2, 1], [1, 10, 1]]),
    "widths for shapes": put("shapes", [2, 10, 2, 10, 1]),
    "shapes text": put("shapes", "abc"),
    "shapes object": put("shapes", {"a": 1}),
    "shapes number": put("shapes", 5),
    "shapes null": put("shapes", None),
    "many shapes": put("shapes", [[1, 1]] * 100_000),
    "seed negative": put("seed", -1),
    "seed text": put("seed", "1"),
    "seed float": put("seed", 1.0),
    "seed nan": put("seed", float("nan")),
    "seed null": put("seed", None),
    "seed list": put("seed", [1]),
    "another seed": put("seed", 5),
    "unknown law": put("law", "cauchy"),
    "law list": put("law", ["uniform"]),
    "another law": put("law", "normal"),
    "no biases at all": put("biases", [0] * 4),
    "other biases": put("biases", [10, 2, 9, 1]),
    "huge biases": put("biases", [10**12, 2, 10, 1]),
    "biases too short": put("biases", [10]),
    "biases negative": put("biases", [-10, 2, 10, 1]),
    "biases floats": put("biases", [10.0, 2.0, 10.0, 1.0]),
    "biases text": put("biases", "true"),
    "biases null": put("biases", None),
    "scales nan": put("scales", ["nan"] * 2),
    "scales infinite": put("scales", ["inf", "0x1p0"]),
    "scales negative": put("scales", ["-0x1p0"] * 2),
    "scales zero": put("scales", ["0x0p0"] * 2),
    "scales overflow": put("scales", ["0x1p9999"] * 2),
    "scales too few": put("scales", ["0x1p0"]),
    "scales too many": put("scales", ["0x1p0"] * 3),
    "scales numbers": put("scales", [1.0, 1.0]),
    "scales text": put("scales", "0x1p0"),
    "scales null": put("scales", None),
    "skeleton null": put("skeleton", None),
    "skeleton list": put("skeleton", []),
    "skeleton text": put("skeleton", "dense"),
    "skeleton empty": put("skeleton", {}),
    "skeleton without layers": put("skeleton", {"input_shape": [2], "layers": []}),
    "skeleton of one layer": within("layers", lambda layers: layers[:1]),
    "skeleton of more layers": within("layers", lambda layers: [*layers, form(1, 1)]),
    "skeleton layers null": within("layers", lambda _: None),
    "skeleton layers object": within("layers", lambda _: {"0": form(2, 2)}),
    "skeleton layers text": within("layers", lambda _: "relu"),
    "skeleton deeply nested": within("layers", lambda layers: nested(layers, 40)),
    "skeleton without input": within("input_shape", lambda _: None),
    "skeleton of another input": within("input_shape", lambda _: [3]),
    "skeleton of an image": within("input_shape", lambda _: [2, 1, 1]),
    "skeleton of a sequence": within("input_shape", lambda _: [10**9, 2]),
    "skeleton of any length": within("input_shape", lambda _: [None, 3]),
    "skeleton input text": within("input_shape", lambda _: "2"),
    "skeleton input negative": within("input_shape", lambda _: [-2]),
    "skeleton input float": within("input_shape", lambda _: [2.0]),
    "form unknown": first(lambda entry: entry | {"kind": "other"}),
    "form list": first(lambda entry: entry | {"kind": ["dense-form"]}),
    "form with weights": first(lambda entry: entry | {"kind": "dense"}),
    "form without settings": first(lambda entry: {**entry, "settings": {}}),
    "form settings null": first(lambda entry: entry | {"settings": None}),
    "form with an array": first(lambda entry: entry | {"arrays": ["weight"]}),
    "form arrays null": first(lambda entry: entry | {"arrays": None}),
    "form without kind": first(lambda entry: {"settings": entry["settings"], "arrays": []}),
    "form number": first(lambda _: 7),
    "another activation": first(setting("activation", "swish")),
    "activation null": first(setting("activation", None)),
    "activation nested": first(setting("activation", [["relu"]])),
    "other outputs": first(setting("d_out", 3)),
    "huge outputs": first(setting("d_out", 10**12)),
    "outputs float": first(setting("d_out", 2.0)),
    "other inputs": first(setting("d_in", 3)),
    "form without bias": first(setting("bias", False)),
    "more settings": first(setting("colour", "red")),
    "unknown construction": put("construction", "other"),
    "construction list": put("construction", ["two-layer"]),
    "domain null": put("domain", None),
    "domain list": put("domain", []),
    "domain text": put("domain", "ball"),
    "domain empty": put("domain", {}),
    "domain of another dimension": put("domain", {"lower": ["0x0p0"], "upper": ["0x1p0"]}),
    "domain upside down": put("domain", {"lower": ["0x1p0"] * 2, "upper": ["0x0p0"] * 2}),
    "domain nan": put("domain", {"lower": ["nan"] * 2, "upper": ["0x0p0"] * 2}),
    "domain overflow": put("domain", {"lower": ["-0x1p9999"] * 2, "upper": ["0x0p0"] * 2}),
    "domain numbers": put("domain", {"lower": [0, 0], "upper": [1, 1]}),
    "ball of another dimension": put("domain", {"ball": 10**12, "radius": "0x1p0"}),
    "ball without radius": put("domain", {"ball": 2}),
    "ball radius negative": put("domain", {"ball": 2, "radius": "-0x1p0"}),
    "ball radius infinite": put("domain", {"ball": 2, "radius": "inf"}),
    "ball text": put("domain", {"ball": "2", "radius": "0x1p0"}),
    "bound number": put("error_bound", 1.0),
    "bound text": put("error_bound", "small"),
    "bound overflow": put("error_bound", "0x1p9999"),
    "bound nan": put("error_bound", "nan"),
    "bound negative": put("error_bound", "-0x1p0"),
    "weight error nan": put("weight_error", "nan"),
    "weight error null": put("weight_error", None),
    "layer bounds null": put("layer_bounds", None),
    "layer bounds nan": put("layer_bounds", ["nan", "nan"]),
    "layer weight errors number": put("layer_weight_errors", 3),
    "target list": put("target", [1]),
    "target null": put("target", None),
    "kept weights list": put("kept_weights", []),
    "kept weights other": put("kept_weights", "0" * 64),
    **{f"no {key}": drop(key) for key in KEYS},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers(name: str, saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    """The checksum fits, the content does not."""
    header, arrays = parts(saved[1])
    assert checksum(header, arrays) == header["checksum"]
    HOSTILE[name](header)
    words = refused(forge(tmp_path / "t.npz", header, arrays))
    if "version" in name and name != "no version":
        assert "newer slth" in words


def test_hostile_masks(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    _, arrays = parts(saved[1])
    for name, array in arrays.items():
        for other in (
            array.astype(np.int8),
            array.astype(np.uint16),
            array[..., None],
            array[..., :0],
            np.concatenate([array, array]),
            np.full_like(array, 0xFF),
            np.array(0, np.uint8),
        ):
            header, _ = parts(saved[1])
            refused(forge(path, header, {**arrays, name: other}))
        header, _ = parts(saved[1])
        refused(forge(path, header, {key: value for key, value in arrays.items() if key != name}))


def test_masks_of_another_construction(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    """A neuron with two weights, sums recomputed: refused on load or, at the latest, by verify."""
    header, arrays = parts(saved[1])
    arrays["weights_0"] = np.full_like(arrays["weights_0"], 0xC0)
    ticket = saved[0]
    sha = hashlib.sha256()
    for i in range(ticket.source.depth):
        d_in = ticket.source.shapes[i][1]
        kept = np.unpackbits(arrays[f"weights_{i}"], axis=1, count=d_in).astype(bool)
        sha.update(ticket.source.weight(i)[kept].tobytes())
        bias = ticket.source.bias_vector(i)
        if bias is not None:
            sha.update(bias[np.unpackbits(arrays[f"biases_{i}"], count=bias.size).astype(bool)].tobytes())
    header["kept_weights"] = sha.hexdigest()
    path = forge(tmp_path / "t.npz", header, arrays)
    with pytest.raises(ValueError):
        slth.load(path).verify(TARGET)


def test_a_better_claim_does_not_survive_verify(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    for key in ("error_bound", "weight_error"):
        header, arrays = parts(saved[1])
        header[key] = (0.5 * float.fromhex(header[key])).hex()
        loaded = slth.load(forge(tmp_path / "t.npz", header, arrays))
        with pytest.raises(ValueError, match="do not trust"):
            loaded.verify(TARGET)


def test_a_wider_domain_does_not_survive_verify(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    header, arrays = parts(saved[1])
    header["domain"]["upper"] = [(100.0).hex()] * 2
    loaded = slth.load(forge(tmp_path / "t.npz", header, arrays))
    with pytest.raises(ValueError, match="do not trust"):
        loaded.verify(TARGET)


def test_another_target_does_not_survive_verify(saved: tuple[slth.Ticket, Path]) -> None:
    loaded = slth.load(saved[1])
    for other in (
        slth.Network.random([2, 2, 1], rng=1),
        slth.Network.random([2, 3, 1], rng=0),
        slth.Network.random([2, 1], rng=0),
    ):
        with pytest.raises(ValueError):
            loaded.verify(other)


# --- memory ---------------------------------------------------------------------------------------------------------


def test_zip_bombs(saved: tuple[slth.Ticket, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes that declare 64 GiB, in a member or in its .npy header: refused before memory is taken."""
    import tracemalloc

    path = tmp_path / "t.npz"
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (2**36,)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", head.getvalue() + b"\0" * 10_000)
    tracemalloc.start()
    refused(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    # an honest bomb: 0.6 MB that unpack to 600 MB
    monkeypatch.setattr("slth.ticket_file.MAX_BYTES", 1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        np.lib.format.write_array_header_1_0(
            head := io.BytesIO(), {"descr": "|u1", "fortran_order": False, "shape": (2**22,)}
        )
        archive.writestr("header.npy", head.getvalue() + b"\0" * 2**22)
    assert "max_bytes" in refused(path)


def test_memory_follows_the_file(tmp_path: Path) -> None:
    """One input, a million hidden neurons, nothing kept: loading takes a few times the bytes of the unpacked masks, not of the weights.

    The masks are 1 MB each; the weights behind them 8 MB each, the biases 8 MB.
    """
    import tracemalloc

    target = slth.Network((Dense(np.zeros((1, 1)), np.zeros(1), "identity"),))
    small = slth.approximate(target, 2, rng=0)
    path = tmp_path / "t.npz"
    small.save(path)
    header, _ = parts(path)
    hidden = 1_000_000
    header["shapes"], header["biases"] = [[hidden, 1], [1, hidden]], [hidden, 1]
    header["kept_weights"] = hashlib.sha256().hexdigest()
    arrays = {
        "weights_0": np.zeros((hidden, 1), np.uint8),
        "biases_0": np.zeros(hidden // 8, np.uint8),
        "weights_1": np.zeros((1, hidden // 8), np.uint8),
        "biases_1": np.zeros(1, np.uint8),
    }
    forge(path, header, arrays)
    tracemalloc.start()
    assert slth.load(path).kept == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * hidden


# --- paths ----------------------------------------------------------------------------------------------------------


def test_paths_that_cannot_be_read(tmp_path: Path, saved: tuple[slth.Ticket, Path]) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        slth.load(tmp_path / "nowhere.npz")
    with pytest.raises(IsADirectoryError, match="folder"):
        slth.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="regular file"):
        slth.load(tmp_path / "pipe")
    locked = tmp_path / "locked.npz"
    locked.write_bytes(saved[1].read_bytes())
    locked.chmod(0)
    if not os.access(locked, os.R_OK):
        with pytest.raises(PermissionError):
            slth.load(locked)
    for odd in (None, 5, 1.5, object()):
        with pytest.raises(TypeError):
            slth.load(odd)  # type: ignore[arg-type]


def test_an_unreadable_disk(saved: tuple[slth.Ticket, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(saved[1]))

    monkeypatch.setattr("builtins.open", fails)
    with pytest.raises(OSError):
        slth.load(saved[1])


def test_paths_that_cannot_be_written(tmp_path: Path, saved: tuple[slth.Ticket, Path]) -> None:
    ticket, _ = saved
    with pytest.raises(FileNotFoundError, match="folder does not exist"):
        ticket.save(tmp_path / "nowhere" / "t.npz")
    with pytest.raises(IsADirectoryError):
        ticket.save(tmp_path)
    (tmp_path / "plain").write_text("x")
    with pytest.raises(OSError):
        ticket.save(tmp_path / "plain" / "t.npz")
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    if not os.access(locked, os.W_OK):
        with pytest.raises(PermissionError):
            ticket.save(locked / "t.npz")
    locked.chmod(0o700)


@pytest.mark.parametrize("after", range(6))
def test_a_full_disk_keeps_the_old_file(
    after: int, tmp_path: Path, saved: tuple[slth.Ticket, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, _ = saved
    path = tmp_path / "t.npz"
    other = slth.approximate(TARGET, 3, rng=1)
    other.save(path)
    before = path.read_bytes()
    calls = 0
    write = slth.files.npy.write_array

    def full(*args: Any, **keywords: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*args, **keywords)

    monkeypatch.setattr(slth.files.npy, "write_array", full)
    with pytest.raises(OSError, match="No space"):
        ticket.save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["t.npz"]
    assert fields(slth.load(path)) == fields(other)


def test_an_interrupt_keeps_the_old_file(
    tmp_path: Path, saved: tuple[slth.Ticket, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(saved[1].read_bytes())

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        slth.approximate(TARGET, 3, rng=1).save(path)
    monkeypatch.undo()
    assert path.read_bytes() == saved[1].read_bytes()
    assert os.listdir(tmp_path) == ["t.npz"]


# --- without assertions ---------------------------------------------------------------------------------------------


def test_nothing_rests_on_assert(saved: tuple[slth.Ticket, Path], tmp_path: Path) -> None:
    """`python -O` refuses the same files."""
    paths = []
    for i, edit in enumerate(HOSTILE.values()):
        header, arrays = parts(saved[1])
        edit(header)
        paths.append(str(forge(tmp_path / f"{i}.npz", header, arrays)))
    content = saved[1].read_bytes()
    for i, length in enumerate((0, 10, len(content) // 2, len(content) - 1)):
        (tmp_path / f"short{i}.npz").write_bytes(content[:length])
        paths.append(str(tmp_path / f"short{i}.npz"))
    code = (
        "import sys, slth\n"
        "if __debug__: raise SystemExit('assertions are on')\n"
        "slth.load(sys.argv[1])\n"
        "for path in sys.argv[2:]:\n"
        "    try: slth.load(path)\n"
        "    except ValueError as error:\n"
        "        if type(error) is not ValueError: raise\n"
        "    else: raise SystemExit('accepted ' + path)\n"
    )
    done = subprocess.run(
        [sys.executable, "-O", "-c", code, str(saved[1]), *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
