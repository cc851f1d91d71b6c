"""PyTorch files (``.pt``, ``.pth``): a zip archive of raw tensors and a pickle that says which is which, read without PyTorch.

``<root>/data.pkl`` describes the tensors (`slth.networks.readers.torch_pickle`), ``<root>/data/<key>`` holds the numbers of each storage,
``<root>/byteorder`` their order. Layout: ``torch/serialization.py`` of PyTorch 1.6 and later; older files are pickles through and through,
and are refused.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.files import CHUNK_BYTES, DEFAULT_MAX_BYTES, Content, mapped, regular_size
from slth.networks.readers.torch_pickle import MOST_BYTES, Storage, Tensor, evaluated


def read_torch(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> dict[str, NDArray[Any]]:
    """The tensors of a state_dict by name, in its order, on whatever device they were; arrays of their own.

    Equivalent to ``torch.load(path, map_location="cpu", weights_only=True)`` for files it accepts, as arrays; bfloat16 becomes float32,
    exactly. Of a checkpoint, a dictionary with other entries beside it, the one entry that is a state_dict is taken. Nothing is executed,
    and what the file declares is checked before memory is taken for it.

    Parameters
    ----------
    path : path
    max_bytes : int, optional
        Most bytes that the tensors may take, each written out; by default 1 GiB, or twice the size of the file where that is more.

    Raises
    ------
    ValueError
        If it is no such file, is damaged, holds other things than tensors, or declares more than it holds or than is allowed.
    OSError
        If it cannot be opened.
    """
    return {name: np.array(array) for name, array in tensors_in(path, max_bytes=max_bytes).items()}


def tensors_in(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> dict[str, NDArray[Any]]:
    """As `read_torch`, but read-only arrays that lie in the file, mapped into memory: it must not be cut short while they are in use.

    What is compressed is unpacked first, and bfloat16 converted; within `slth.spool.out_of_core` that takes no memory either.
    """
    name = os.fsdecode(path)
    size = regular_size(name)
    limit = max(DEFAULT_MAX_BYTES, 2 * size) if max_bytes is None else max_bytes
    with open(name, "rb") as file:
        try:
            return _read(file, mapped(name), limit)
        # a hostile archive makes the standard parsers raise whatever they like: to the caller it is one thing, a bad file
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise ValueError(f"cannot read {name} as tensors of PyTorch: {reason}") from error


def _read(file: IO[bytes], content: Content, limit: int) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(file):
        raise ValueError(
            "it is no zip archive, or a damaged one; files of PyTorch before 1.6 are pickles: load and save them with a newer one"
        )
    with zipfile.ZipFile(file) as archive:
        members = _members(archive)
        roots = [name.removesuffix("/data.pkl") for name in members if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise ValueError(f"it holds {len(roots)} files data.pkl, not one")
        root = roots[0]
        program = _data(archive, content, members[f"{root}/data.pkl"], MOST_BYTES)
        tensors = _state_dict(evaluated(program.tobytes()))
        total = sum(math.prod(tensor.shape) * _stored(tensor.storage.kind).itemsize for tensor in tensors.values())
        if total > limit:
            raise ValueError(f"its tensors take {total:,} bytes, more than max_bytes={limit:,}")
        order = "little"
        if f"{root}/byteorder" in members:
            order = _data(archive, content, members[f"{root}/byteorder"], 16).tobytes().decode("ascii", "replace")
        if order not in ("little", "big"):
            raise ValueError(f"byteorder must be little or big, got {order!r}")
        return _arrays(archive, content, members, root, tensors, limit, "<" if order == "little" else ">")


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if member.filename in found:
            raise ValueError(f"member {member.filename!r:.80} appears twice")
        found[member.filename] = member
    return found


def _state_dict(whole: Any) -> dict[str, Tensor]:
    """The names and tensors of a pickle that is a state_dict, or a dictionary with one entry that is."""
    if _is_state_dict(whole):
        return dict(whole)
    if type(whole) is not dict:
        raise ValueError(f"it holds a {type(whole).__name__.lower()}, not a state_dict; save model.state_dict()")
    inside = [name for name, value in whole.items() if _is_state_dict(value)]
    if len(inside) == 1:
        return dict(whole[inside[0]])
    names = ", ".join(repr(str(name)[:40]) for name in list(whole)[:8]) or "nothing"
    raise ValueError(
        f"it holds {names}, of which {len(inside) or 'none'} are state_dicts, names with a tensor each; save the one that is meant, "
        "with torch.save(model.state_dict(), path)"
    )


def _is_state_dict(found: Any) -> bool:
    """Names, and a tensor for each."""
    return type(found) is dict and bool(found) and all(type(k) is str and type(v) is Tensor for k, v in found.items())


def _arrays(
    archive: zipfile.ZipFile,
    content: Content,
    members: Mapping[str, zipfile.ZipInfo],
    root: str,
    tensors: Mapping[str, Tensor],
    limit: int,
    order: Literal["<", ">"],
) -> dict[str, NDArray[Any]]:
    """The numbers, storage by storage."""
    users: dict[str, list[str]] = {}
    for name, tensor in tensors.items():
        users.setdefault(tensor.storage.key, []).append(name)
    found: dict[str, NDArray[Any]] = {}
    for key, names in users.items():
        storage = tensors[names[0]].storage
        if any(tensors[name].storage != storage for name in names):
            raise ValueError(f"storage {key!r:.40} is declared in two ways")
        numbers = _numbers(archive, content, members, f"{root}/data/{key}", storage, limit, order)
        for name in names:
            found[name] = _array(numbers, tensors[name])
    return {name: found[name] for name in tensors}


def _numbers(
    archive: zipfile.ZipFile,
    content: Content,
    members: Mapping[str, zipfile.ZipInfo],
    name: str,
    storage: Storage,
    limit: int,
    order: Literal["<", ">"],
) -> NDArray[Any]:
    stored = _stored(storage.kind)
    if name not in members:
        raise ValueError(f"its storage {name!r:.80} is missing")
    if members[name].file_size != storage.count * stored.itemsize:
        raise ValueError(
            f"storage {name!r:.80} is declared to hold {storage.count:,} numbers of {stored.itemsize} bytes, "
            f"but the archive declares {members[name].file_size:,} bytes"
        )
    raw = _data(archive, content, members[name], limit).view(stored.newbyteorder(order))
    if storage.kind == "bfloat16":
        numbers = spool.zeros(raw.shape, np.float32, lasting=True)
        for some in spool.slices(raw.size, CHUNK_BYTES // 4):
            numbers[some] = (raw[some].astype(np.uint32) << 16).view(np.float32)
        return numbers
    if storage.kind == "?" and raw.size and raw.view(np.uint8).max() > 1:
        raise ValueError(f"storage {name!r:.80} holds truth values other than 0 and 1")
    return raw if raw.dtype == stored else spool.copied(raw, stored)


def _array(numbers: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    """Some numbers of a storage; `torch_pickle` has seen to it that they lie within."""
    if 0 in tensor.shape:
        return np.empty(tensor.shape, numbers.dtype)
    steps = tuple(
        step * numbers.itemsize if size > 1 else 0 for step, size in zip(tensor.strides, tensor.shape, strict=True)
    )
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, steps, writeable=False)


def _stored(kind: str) -> np.dtype[Any]:
    return np.dtype("u2" if kind == "bfloat16" else kind)


def _data(archive: zipfile.ZipFile, content: Content, member: zipfile.ZipInfo, limit: int) -> NDArray[np.uint8]:
    """The bytes of a member, no more than it declares and than `limit`, where they lie if they are not compressed; the CRC is checked."""
    what = f"member {member.filename!r:.80}"
    if member.flag_bits & 0x1:
        raise ValueError(f"{what} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{what} uses zip method {member.compress_type}, not stored or deflated")
    if member.file_size > limit:
        raise ValueError(f"{what} declares {member.file_size:,} bytes, more than the {limit:,} allowed")
    stored = member.compress_type == zipfile.ZIP_STORED
    data = np.empty(0, np.uint8) if stored else spool.zeros((member.file_size,), np.uint8, lasting=True)
    done = 0
    with archive.open(member) as stream:
        if stored:  # the header in front of the data has been compared with the directory, and passed
            place = _place(content, member)
        while chunk := stream.read(CHUNK_BYTES):
            if done + len(chunk) > member.file_size:
                raise ValueError(f"{what} holds more than the {member.file_size:,} bytes it declares")
            if not stored:
                data[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
            done += len(chunk)
    if done != member.file_size:
        raise ValueError(f"{what} ends after {done:,} of {member.file_size:,} bytes")
    return np.frombuffer(content, np.uint8, member.file_size, place) if stored and done else data


def _place(content: Content, member: zipfile.ZipInfo) -> int:
    """Where the data of a member begin: behind 30 bytes, its name, and what else the header in front of them holds."""
    at = member.header_offset
    return at + 30 + sum(int.from_bytes(content[at + i : at + i + 2], "little") for i in (26, 28))
