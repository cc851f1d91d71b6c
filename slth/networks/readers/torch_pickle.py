"""The pickle in a PyTorch file, read as a list of instructions for a stack machine that knows state_dicts and nothing else.

A pickle is a program; Python's own machine imports and calls whatever the program names. This one builds dictionaries, lists, tuples, text,
numbers and descriptions of tensors, imports nothing, calls nothing, and refuses by name every instruction and every name that state_dicts
do not need. Protocol: the comments in CPython's ``Lib/pickletools.py``, which also splits the program into instructions here.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

MOST_BYTES: Final = 1 << 24
MOST_STEPS: Final = 1 << 20  # PyTorch writes about 25 for a tensor
_MOST_AXES: Final = 32  # of NumPy 1.26
_REMEDY: Final = "save the tensors alone, with torch.save(model.state_dict(), path)"

# PyTorch's name of a storage -> the type of its numbers; bfloat16 is the upper half of a float32
TYPES: Final = {
    "DoubleStorage": "f8", "FloatStorage": "f4", "HalfStorage": "f2", "BFloat16Storage": "bfloat16", "LongStorage": "i8",
    "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip
_DICT, _TENSOR, _PARAMETER = (
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
)


@dataclass(frozen=True)
class Storage:
    """Numbers in a file of the archive: its `key`, `count` of them, of a type among the values of `TYPES`."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """Some numbers of a storage: `shape` and `strides`, counted in numbers from `offset`."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Name:
    """A name that the program may use: a function that is stood in for below, or a kind of storage."""

    text: str


class _Mark:
    """Where a list of arguments begins."""


_MARK: Final = _Mark()


def evaluated(content: bytes) -> Any:
    """What the pickle describes: dictionaries, lists, tuples, text, numbers, `Tensor` and `Storage`.

    Time linear in the length; at most `MOST_STEPS` small objects.

    Raises
    ------
    ValueError
        If it is longer than `MOST_BYTES`, is damaged, or holds anything that no state_dict needs; the message names it.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"its pickle has {len(content):,} bytes, more than {MOST_BYTES:,}")
    machine = _Machine()
    for step, (instruction, argument, place) in enumerate(pickletools.genops(content)):
        if step >= MOST_STEPS:
            raise ValueError(f"its pickle has more than {MOST_STEPS:,} instructions")
        if instruction.name == "STOP":
            return machine.pop()
        run = _INSTRUCTIONS.get(instruction.name)
        if run is None:
            raise ValueError(
                f"its pickle holds the instruction {instruction.name}, which no state_dict needs; {_REMEDY}"
            )
        try:
            run(machine, argument)
        except (IndexError, KeyError, TypeError) as error:
            raise ValueError(
                f"its pickle is damaged: {instruction.name} at byte {place} finds no argument ({type(error).__name__})"
            ) from error
    raise ValueError("its pickle has no end")


class _Machine:
    """A stack of values, those that are remembered by number, and the instructions that need more than the top of it."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def pop(self) -> Any:
        """The value on top."""
        value = self.stack.pop()
        if value is _MARK:
            raise TypeError
        return value

    def push(self, value: Any) -> None:
        """A value on top."""
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        """The values above the last mark, which goes too."""
        found = []
        while (value := self.stack.pop()) is not _MARK:
            found.append(value)
        return found[::-1]

    def drop(self) -> None:
        """The value or mark on top goes."""
        self.stack.pop()

    def drop_to_mark(self) -> None:
        """The values above the last mark go, and the mark."""
        self.since_mark()

    def remember(self, number: int) -> None:
        """The value on top, by number."""
        self.memo[number] = self.stack[-1]

    def put(self, pairs: list[Any]) -> None:
        """Names and values in turn into the dictionary on top."""
        into = self.stack[-1]
        if type(into) is not dict or len(pairs) % 2:
            raise TypeError
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(name) not in (str, int):  # a deeply nested tuple could not even be hashed
                raise TypeError
            into[name] = value

    def extend(self, values: list[Any]) -> None:
        """Values at the end of the list on top."""
        if type(self.stack[-1]) is not list:
            raise TypeError
        self.stack[-1].extend(values)

    def name(self, module: Any, name: Any) -> None:
        """A name of another module, if it is one of the few that are known."""
        if type(module) is not str or type(name) is not str:
            raise TypeError
        full = f"{module}.{name}"
        if full not in (_DICT, _TENSOR, _PARAMETER) and not (module == "torch" and name in TYPES):
            raise ValueError(f"its pickle asks for {full[:80]!r}, which no state_dict needs; {_REMEDY}")
        self.push(_Name(full))

    def call(self) -> None:
        """What a known function makes of its arguments."""
        arguments, function = self.pop(), self.pop()
        if type(arguments) is not tuple or type(function) is not _Name or function.text not in _CALLS:
            raise TypeError
        self.push(_CALLS[function.text](*arguments))

    def build(self) -> None:
        """Attributes of the value below: of a dictionary, PyTorch's versions of modules, which nothing here needs."""
        if type(self.pop()) is not dict or type(self.stack[-1]) is not dict:
            raise TypeError


def _ordered() -> dict[Any, Any]:
    return {}


def _storage(words: Any) -> Storage:
    """Of a persistent id ("storage", type, key, device, count)."""
    if type(words) is not tuple or len(words) != 5 or words[0] != "storage" or type(words[1]) is not _Name:
        raise TypeError
    kind, key, count = words[1].text.removeprefix("torch."), words[2], words[4]
    if kind not in TYPES or type(key) is not str or type(count) is not int or count < 0:
        raise TypeError
    return Storage(key, TYPES[kind], count)


def _tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, gradient: Any = False, hooks: Any = None, metadata: Any = None
) -> Tensor:  # fmt: skip
    if type(storage) is not Storage or not _sizes((offset,)) or not _sizes(shape) or not _sizes(strides):
        raise TypeError
    if len(shape) != len(strides) or len(shape) > _MOST_AXES:
        raise ValueError(f"a tensor has {len(shape)} sizes (at most {_MOST_AXES} are read) and {len(strides)} strides")
    if metadata:
        raise ValueError("a tensor carries metadata, such as a conjugation, which is not read")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if 0 not in shape and last >= storage.count:
        raise ValueError(
            f"a tensor reaches to number {last} of storage {storage.key[:40]!r}, which has {storage.count}"
        )
    return Tensor(storage, offset, shape, strides)


def _sizes(values: Any) -> bool:
    return type(values) is tuple and all(type(v) is int and 0 <= v < 2**63 for v in values)


def _parameter(tensor: Any, gradient: Any = False, hooks: Any = None) -> Tensor:
    if type(tensor) is not Tensor:
        raise TypeError
    return tensor


_CALLS: Final[dict[str, Callable[..., Any]]] = {_DICT: _ordered, _TENSOR: _tensor, _PARAMETER: _parameter}


def _constant(value: Any) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(value)


def _last(count: int) -> Callable[[_Machine, Any], None]:
    """The tuple of so many values on top."""
    return lambda machine, _: machine.push(tuple([machine.pop() for _ in range(count)][::-1]))


def _literal(machine: _Machine, value: Any) -> None:
    machine.push(value)


def _mapping(machine: _Machine) -> None:
    pairs = machine.since_mark()
    machine.push({})
    machine.put(pairs)


def _qualified(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(module, name)


_INSTRUCTIONS: Final[dict[str, Callable[[_Machine, Any], None]]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": _constant(_MARK),
    "POP": lambda machine, _: machine.drop(),
    "POP_MARK": lambda machine, _: machine.drop_to_mark(),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _literal),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE"), _literal),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": _constant(()),
    "DICT": lambda machine, _: _mapping(machine),
    "LIST": lambda machine, _: machine.push(machine.since_mark()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": _last(1),
    "TUPLE2": _last(2),
    "TUPLE3": _last(3),
    "SETITEM": lambda machine, _: machine.put([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.put(machine.since_mark()),
    "APPEND": lambda machine, _: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda machine, number: machine.remember(number)),
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, number: machine.push(machine.memo[number])),
    "GLOBAL": lambda machine, text: machine.name(*text.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: _qualified(machine),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.push(_storage(machine.pop())),
}
