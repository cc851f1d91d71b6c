"""The file of a ticket: one ``.npz`` of plain arrays, checked through and through before it is believed.

Members: ``header``, the UTF-8 text of a JSON object (bytes); ``weights_<l>``, the packed mask of source layer l; ``biases_<l>``, its
packed bias mask where the layer has biases; ``edges_<l>``, the packed bits of the edges it has, where the random network lacks some;
``skeleton_<name>``, arrays of layers that are the target's own (normalisation, embedding).
The header holds format and version, seed, law, shapes, skeleton, scales, domain, certificate and two checksums: of the header and the
arrays (the file is as it was written), and of the kept weights (the seed still gives the same numbers).
Floats are written in hexadecimal, so they come back bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slth import constructions
from slth.certificate import Certificate
from slth.constructions import Masks
from slth.files import CHUNK_BYTES, read_npz, regular_size, write_npz
from slth.networks import Ball, Box, Domain, Edges, Network, RandomSource
from slth.networks.archive import arrays_of, rebuilt, structure
from slth.spool import in_use, slices

if TYPE_CHECKING:
    from slth.ticket import Ticket

FORMAT, VERSION = "slth-ticket", 2
_BLOCK = 1 << 20  # weights regenerated together
MAX_BYTES = 1 << 26  # of masks: 2^29 weights, whose network takes 4 GiB


def digest(network: Network) -> str:
    """SHA-256 of a network: structure and arrays."""
    sha = hashlib.sha256(json.dumps(structure(network), sort_keys=True).encode())
    for name, array in sorted(arrays_of(network).items()):
        sha.update(f"{name} {array.shape}".encode())
        _add(sha, array)
    return sha.hexdigest()


def kept_digest(source: RandomSource, masks: Masks) -> str:
    """SHA-256 of the kept weights and biases, layer by layer, row by row: regenerates the source block by block."""
    sha = hashlib.sha256()
    for layer, (packed, kept_bias) in enumerate(zip(masks.weights, masks.biases, strict=True)):
        d_out, d_in = source.shapes[layer]
        step = max(1, _BLOCK // d_in)
        for start in range(0, d_out, step):
            stop = min(start + step, d_out)
            bits = np.unpackbits(packed[start:stop], axis=1, count=d_in).view(np.bool_)
            if bits.any():
                sha.update(source.weight_rows(layer, start, stop)[bits].astype("<f8", copy=False).tobytes())
        for start in range(0, 0 if kept_bias is None else kept_bias.size, 1 << 20):
            here = slice(start, min(start + (1 << 20), source.biases(layer)))
            if kept_bias is not None and kept_bias[here].any():
                bias = source.bias_rows(layer, here.start, here.stop)
                sha.update(bias[kept_bias[here]].astype("<f8", copy=False).tobytes())
    return sha.hexdigest()


def write(ticket: Ticket, path: str | os.PathLike[str]) -> None:
    """Write `ticket` to `path`, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {}
    for layer, (weights, biases) in enumerate(zip(ticket.masks.weights, ticket.masks.biases, strict=True)):
        arrays[f"weights_{layer}"] = weights
        if biases is not None:
            arrays[f"biases_{layer}"] = np.packbits(biases)
    arrays |= {f"skeleton_{name}": array for name, array in arrays_of(ticket.skeleton).items()}
    source, proven = ticket.source, ticket.certificate
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "construction": ticket.construction,
        "seed": source.seed,
        "law": source.law,
        "shapes": source.shapes,
        "biases": [source.biases(layer) for layer in range(source.depth)],
        "skeleton": structure(ticket.skeleton),
        "scales": _hex(ticket.scales),
        "domain": _domain_to_json(ticket.domain),
        "error_bound": proven.error_bound.hex(),
        "weight_error": proven.weight_error.hex(),
        "layer_bounds": _hex(proven.layer_bounds),
        "layer_weight_errors": _hex(proven.layer_weight_errors),
        "target": ticket.target_digest,
        "kept_weights": kept_digest(source, ticket.masks),
    }
    if source.edges is not None:
        header["edges"] = source.edges.digest
        arrays |= {f"edges_{layer}": bits for layer, bits in enumerate(source.edges.packed)}
    header["checksum"] = _checksum(header, arrays)
    text = json.dumps(header, indent=1).encode()
    write_npz(path, {"header": np.frombuffer(text, np.uint8), **arrays}, compress=True)


def read(path: str | os.PathLike[str], ticket_type: type[Ticket], max_bytes: int | None = None) -> Ticket:
    """Read and check a ticket file; see `slth.load`."""
    if max_bytes is None:
        # on disk as much as deflate, which packs 1032 bytes into one at best, can have made of it
        max_bytes = MAX_BYTES + (1032 * regular_size(path) if in_use() else 0)
    arrays = read_npz(path, max_bytes=max_bytes)
    name = os.fspath(path)
    if "header" not in arrays:
        raise ValueError(
            f"{name} is not a ticket file (it holds {', '.join(sorted(arrays)[:5])}); use a file that Ticket.save wrote"
        )
    try:
        header = json.loads(arrays.pop("header").tobytes())
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}, not {FORMAT!r}")
        if header["version"] != VERSION:
            raise ValueError(
                f"its format version is {header['version']}, this slth reads version {VERSION}: install a newer slth"
            )
        checksum = header.pop("checksum")
        if checksum != _checksum(header, arrays):
            raise ValueError("its checksum does not match: it was altered or damaged; get an intact copy")
        kept_weights = str(header["kept_weights"])
        ticket = _build(header, arrays, ticket_type)
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{name} is not a ticket file, or a damaged one ({type(error).__name__}: {error})") from None
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} cannot be used as a ticket: {error}") from None
    if kept_digest(ticket.source, ticket.masks) != kept_weights:
        raise ValueError(
            f"{name}: its seed gives other random weights here than where it was written; use the library versions it was made with"
        )
    return ticket


def _build(header: dict[str, Any], arrays: dict[str, NDArray[Any]], ticket_type: type[Ticket]) -> Ticket:
    source = RandomSource(header["seed"], header["law"], tuple(map(tuple, header["shapes"])), tuple(header["biases"]))
    if "edges" in header:
        bits = (_bits(arrays, f"edges_{i}", (rows, -(-n // 8)), n) for i, (rows, n) in enumerate(source.shapes))
        edges = Edges(source.shapes, tuple(bits))
        if edges.digest != header["edges"]:
            raise ValueError("the edges of its random network are not those that its header tells")
        source = replace(source, edges=edges)
    weights, biases = [], []
    for layer, (d_out, d_in) in enumerate(source.shapes):
        count = source.biases(layer)
        weights.append(_bits(arrays, f"weights_{layer}", (d_out, -(-d_in // 8)), d_in))
        if source.edges is not None and not source.edges.contain(layer, weights[-1]):
            raise ValueError(f"it keeps weights of layer {layer} that its random network does not have")
        packed = _bits(arrays, f"biases_{layer}", (-(-count // 8),), count) if count else None
        biases.append(None if packed is None else np.unpackbits(packed, count=count).astype(np.bool_))
    plain = {name.removeprefix("skeleton_"): array for name, array in arrays.items() if name.startswith("skeleton_")}
    skeleton = rebuilt(header["skeleton"], plain)
    if skeleton.linear:
        raise ValueError("its skeleton holds weights of linear layers, which belong to the target")
    scales = _floats(header["scales"])
    if not isinstance(header["construction"], str):
        raise ValueError(f"its construction {header['construction']!r} is no name")
    construction = constructions.get(header["construction"])
    if len(scales) != construction.count_scales(skeleton) or not all(s > 0 for s in scales):
        raise ValueError(
            "it does not hold one positive scale a linear layer, and one of an inserted layer that is not ReLU"
        )
    construction.check(source, skeleton)
    proven = Certificate(
        float.fromhex(header["error_bound"]),
        float.fromhex(header["weight_error"]),
        _floats(header["layer_bounds"]),
        _floats(header["layer_weight_errors"]),
    )
    # without layers that follow the target's there is nothing to be said of them
    known = [proven.error_bound, *([proven.weight_error] if construction.follows else [])]
    silent = math.isnan(proven.weight_error) and not (proven.layer_bounds or proven.layer_weight_errors)
    if not (np.isfinite(known).all() and min(known) >= 0 and (construction.follows or silent)):
        raise ValueError(
            f"it claims an error bound of {proven.error_bound} and a weight error of {proven.weight_error}"
        )
    if not isinstance(header["target"], str):
        raise ValueError("it does not say which target it was made for")
    domain = _domain_from_json(header["domain"])
    if domain.d != skeleton.coordinates:
        raise ValueError(f"its domain has dimension {domain.d}, its network {skeleton.coordinates}")
    return ticket_type(
        source,
        Masks(tuple(weights), tuple(biases)),
        skeleton,
        scales,
        header["construction"],
        domain,
        proven,
        header["target"],
    )


def _bits(arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...], count: int) -> NDArray[np.uint8]:
    """A packed mask of just the expected shape, without stray bits after the `count`-th of a row."""
    if name not in arrays:
        raise ValueError(f"it lacks the mask {name}")
    bits = arrays[name]
    if bits.dtype != np.uint8 or bits.shape != shape:
        raise ValueError(f"mask {name} must be uint8 of shape {shape}, it is {bits.dtype} of shape {bits.shape}")
    if count % 8 and (bits[..., -1] & (0xFF >> count % 8)).any():
        raise ValueError(f"mask {name} has bits beyond its {count} columns")
    return bits


def _checksum(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> str:
    sha = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        sha.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        _add(sha, arrays[name])
    return sha.hexdigest()


def _add(sha: Any, array: NDArray[Any]) -> None:
    """The bytes of an array, numbers of more than one byte with the lowest first, in chunks."""
    flat = array.reshape(-1)
    for here in slices(flat.size, CHUNK_BYTES // max(array.itemsize, 1)):
        sha.update(np.ascontiguousarray(flat[here], array.dtype.newbyteorder("<")).tobytes())


def _hex(values: tuple[float, ...] | NDArray[np.float64]) -> list[str]:
    return [float(v).hex() for v in values]


def _floats(values: list[str]) -> tuple[float, ...]:
    numbers = tuple(float.fromhex(v) for v in values)
    if not all(math.isfinite(v) for v in numbers):
        raise ValueError("it holds a number that is not finite")
    return numbers


def _domain_to_json(domain: Domain) -> dict[str, Any]:
    if isinstance(domain, Ball):
        return {"ball": domain.d, "radius": domain.radius.hex()}
    return {"lower": _hex(domain.lower), "upper": _hex(domain.upper)}


def _domain_from_json(value: dict[str, Any]) -> Domain:
    if "ball" in value:
        return Ball(value["ball"], float.fromhex(value["radius"]))
    return Box(np.array(_floats(value["lower"])), np.array(_floats(value["upper"])))
