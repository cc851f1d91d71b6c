"""The tensors of an ONNX file where they lie: mapped into memory, in the file itself or in others of its folder.

A model is one message of protocol buffers. To parse it as it is takes memory for all its weights, several times; here it is walked field by
field first (wire format: https://protobuf.dev/programming-guides/encoding), and what is parsed lacks the data of large tensors. In their
place it says where the data lie, in the words that ONNX has for data in another file.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.files import Content, mapped

LARGE: Final = 1 << 12  # bytes of data that are left where they are
# ONNX's numbers of types of tensors
_TYPES: Final = {
    1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 10: "<f2", 11: "<f8", 12: "<u4", 13: "<u8",
}  # fmt: skip
# numbers of fields: of a message, those of its parts that lead to tensors
_TENSOR: Final[dict[int, Any]] = {}
_NODE: Final[dict[int, Any]] = {5: {5: _TENSOR}}  # attribute, t
_MODEL: Final[dict[int, Any]] = {7: {1: _NODE, 5: _TENSOR}}  # graph; node, initializer
_TYPE, _DATA, _RAW, _EXTERNAL = 2, (4, 5, 6, 7, 9, 10, 11), 9, (13, 14)
_PACKED: Final = {4: 1, 10: 11}  # float_data of float32 and double_data of float64 look like raw data
_DEEPEST_VARINT = 10


class Tensors:
    """The arrays of an ONNX file, read-only; `model` is the message to be parsed, without the data of large tensors.

    Parameters
    ----------
    path : str
        The file, which must not be cut short as long as arrays of it are in use.

    Raises
    ------
    ValueError
        If it is no message.
    OSError
        If it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._content = mapped(path)
        self._folder = os.path.dirname(os.path.realpath(path))
        self._here = secrets.token_hex(16)  # the name of this file among the others: no file can know it
        self._others: dict[str, Content] = {}
        found = _rewritten(self._content, 0, len(self._content), _MODEL, self._here)
        self.model = self._content[:] if found is None else found

    def array(self, tensor: Any) -> NDArray[Any]:
        """The array of a tensor.

        Raises
        ------
        ValueError
            If its data do not fit its shape, or lie in a file that is not next to this one.
        """
        from onnx import TensorProto

        name, dims = tensor.name, tuple(tensor.dims)
        try:
            if any(extent < 0 for extent in dims):
                raise ValueError("negative")
            if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
                array = self._array(tensor, dims)
            else:
                from onnx.numpy_helper import to_array

                array = np.asarray(to_array(tensor))
        except Exception as error:  # whatever a damaged tensor makes it raise
            raise ValueError(f"tensor {name!r} of shape {dims} cannot be read: {error}") from error
        if array.dtype.kind not in "fiub":
            raise ValueError(f"tensor {name!r} holds values of type {array.dtype}, not numbers")
        return array

    def _array(self, tensor: Any, dims: tuple[int, ...]) -> NDArray[Any]:
        told = {entry.key: entry.value for entry in tensor.external_data}
        if len(told) < len(tensor.external_data) or "location" not in told:
            raise ValueError("it does not say where its data lie, or says it twice")
        if tensor.data_type not in _TYPES:
            raise ValueError(f"data of type {tensor.data_type} are not read from where they lie")
        kind = np.dtype(_TYPES[tensor.data_type])
        size, start = math.prod(dims) * kind.itemsize, int(told.get("offset", 0))
        content = self._content if told["location"] == self._here else self._beside(told["location"])
        if int(told.get("length", size)) != size or not 0 <= start <= len(content) - size:
            raise ValueError(
                f"{size:,} bytes do not lie at {start:,} of {len(content):,}, in {told.get('length', size)}"
            )
        found: NDArray[Any] = np.ndarray(dims, kind, content, start) if size else np.empty(dims, kind)
        return found

    def _beside(self, location: str) -> Content:
        """Another file of the folder that the model lies in; links do not lead out of it."""
        if location not in self._others:
            posix, windows = PurePosixPath(location), PureWindowsPath(location)
            plain = location and "\0" not in location and ".." not in (*posix.parts, *windows.parts)
            path = os.path.realpath(os.path.join(self._folder, location)) if plain else ""
            if not plain or posix.anchor or windows.anchor or os.path.commonpath([path, self._folder]) != self._folder:
                raise ValueError(
                    f"its data lie in another folder, in {location!r:.80}, which is not opened; save the model in one file"
                )
            if not os.path.isfile(path):
                raise ValueError(
                    f"its data lie in the file {location!r:.80}, which is not there; put it next to the model"
                )
            self._others[location] = mapped(path)
        return self._others[location]


def _fields(content: Content, start: int, stop: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Number and kind of each field of a message; where it, its value and what follows begin."""
    at = start
    while at < stop:
        tag, value = _varint(content, at, stop)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            end = _varint(content, value, stop)[1]
        elif kind == 2:
            length, value = _varint(content, value, stop)
            end = value + length
        elif kind in (1, 5):
            end = value + (8 if kind == 1 else 4)
        else:
            raise ValueError(f"a field of kind {kind} at byte {at}")
        if end > stop or number == 0:
            raise ValueError(f"a field at byte {at} reaches beyond its message")
        yield number, kind, at, value, end
        at = end


def _varint(content: Content, at: int, stop: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    number = 0
    for i in range(min(_DEEPEST_VARINT, stop - at)):
        byte = content[at + i]
        number |= (byte & 127) << 7 * i
        if byte < 128:
            return number, at + i + 1
    raise ValueError(f"a number at byte {at} does not end")


def _rewritten(content: Content, start: int, stop: int, parts: Mapping[int, Any], here: str) -> bytes | None:
    """A message without the large data of its tensors; None if there are none."""
    pieces, copied = [], start
    for number, kind, at, value, end in _fields(content, start, stop):
        if kind != 2 or number not in parts or end - value < LARGE:
            continue
        inner = parts[number]
        found = _rewritten(content, value, end, inner, here) if inner else _without_data(content, value, end, here)
        if found is not None:
            pieces += [content[copied:at], _field(number, found)]
            copied = end
    return b"".join([*pieces, content[copied:stop]]) if pieces else None


def _without_data(content: Content, start: int, stop: int, here: str) -> bytes | None:
    """A tensor that says where its data lie; None if they are small, or not such that they could be told."""
    data: list[tuple[int, int, int, int, int]] = []
    kind_of_numbers = 0
    for number, kind, at, value, end in _fields(content, start, stop):
        if number in _EXTERNAL or (number in _DATA and data):
            return None
        if number == _TYPE and kind == 0:
            kind_of_numbers = _varint(content, value, end)[0]
        if number in _DATA:
            data.append((number, kind, at, value, end))
    if not data:
        return None
    number, kind, at, value, end = data[0]
    plain = number == _RAW or _PACKED.get(number) == kind_of_numbers
    if kind != 2 or end - value < LARGE or not plain or kind_of_numbers not in _TYPES:
        return None
    told = {"location": here, "offset": str(value), "length": str(end - value)}
    entries = [_field(_EXTERNAL[0], _field(1, k.encode()) + _field(2, v.encode())) for k, v in told.items()]
    return b"".join([content[start:at], content[end:stop], *entries, bytes([_EXTERNAL[1] << 3, 1])])


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes."""
    out, length = bytearray([number << 3 | 2]), len(value)
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    out.append(length)
    return bytes(out) + value
