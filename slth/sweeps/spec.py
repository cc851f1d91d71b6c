"""Sweeps written down: a TOML file with a table ``[sweep]`` and one ``[[task]]`` for each grid of tasks.

::

    [sweep]
    seed = 0
    stop = { successes = 100, most = 1_000_000 }   # or { trials = 10_000 }, or { half_width = 0.01 }

    [[task]]
    kind = "rfss-target"
    law = ["uniform", "normal"]                    # a list is a grid: every combination is a task
    k = [2, 3, 4]
    ns = [10, 12, 14]                              # a parameter that is a list by itself; [[10, 12], [14, 16]] is a grid of it
    epsilons = [0.01, 0.001]

A rule is decided after whole blocks, so trials are rounded up to a multiple of a kind's ``trials_a_block``, which may be given too.
"""

from __future__ import annotations

import itertools
import math
import os
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints

from slth.files import regular_size
from slth.sweeps.spec_lines import Lines
from slth.sweeps.stopping import RULES, Stop
from slth.sweeps.task import Task
from slth.sweeps.tasks import KINDS

MOST_BYTES = 1 << 20
MOST_TASKS = 100_000


@dataclass(frozen=True)
class Spec:
    """What to sweep.

    Attributes
    ----------
    tasks : tuple of Task
        All different, in the order of the file, the last parameter of a grid varying fastest.
    stop : Stop
    seed : int
    """

    tasks: tuple[Task, ...]
    stop: Stop
    seed: int


class SpecError(ValueError):
    """A specification that cannot be followed; the message begins with file and line."""


def read_spec(path: str | os.PathLike[str], kinds: Mapping[str, type[Task]] = KINDS) -> Spec:
    """Read a specification from a file; nothing in it is executed.

    Raises
    ------
    SpecError
        If it is not TOML, or a key or value is none that a sweep or task knows; it names the line.
    OSError
        If the file cannot be read.
    """
    size = regular_size(path)
    if size > MOST_BYTES:
        raise SpecError(f"{path}: a specification has at most {MOST_BYTES:,} bytes, got {size:,}; is it one?")
    with open(path, "rb") as file:
        raw = file.read(MOST_BYTES + 1)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{path}: a specification is UTF-8 text, got byte {raw[error.start]:#x} at {error.start}"
        ) from None
    return parse_spec(text, str(path), kinds)


def parse_spec(text: str, name: str = "specification", kinds: Mapping[str, type[Task]] = KINDS) -> Spec:
    """The same from text; `name` stands in messages."""
    try:
        whole = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number of thousands of digits
        raise SpecError(f"{name}: not TOML: {error}") from None
    reader = _Reader(name, Lines(text), kinds)
    for key in whole:
        if key not in ("sweep", "task"):
            reader.refuse(key, None, f"unknown table {key!r}; a specification has [sweep] and [[task]]")
    sweep, tables = whole.get("sweep", {}), whole.get("task", [])
    if not isinstance(sweep, dict):
        reader.refuse("sweep", None, "sweep must be a table: [sweep]")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        reader.refuse("task", None, "tasks must be tables in double brackets: [[task]]")
    seed, stop = reader.sweep(sweep)
    if not tables:
        raise SpecError(f"{name}: no tasks; add a table [[task]] with its kind: {_listed(kinds)}")
    grids = [reader.grid(table, place) for place, table in enumerate(tables)]
    total = sum(math.prod(map(len, grid.values())) for _, grid in grids)
    if total > MOST_TASKS:
        raise SpecError(
            f"{name}: at most {MOST_TASKS:,} tasks, got grids of {total:,}; take coarser ones, or several files"
        )
    found: dict[str, Task] = {}
    for place, (kind, grid) in enumerate(grids):
        for values in itertools.product(*grid.values()):
            task = reader.task(kind, dict(zip(grid, values, strict=True)), place)
            found.setdefault(task.id, task)  # grids may overlap
    return Spec(tuple(found.values()), stop, seed)


@dataclass(frozen=True)
class _Reader:
    name: str
    lines: Lines
    kinds: Mapping[str, type[Task]]

    def refuse(self, table: str, key: str | None, message: str, place: int = 0) -> NoReturn:
        """Raise, with the line of the key of this table (the `place`-th of its name), or of the table."""
        line = self.lines.of(table, key, place)
        raise SpecError(f"{self.name}, line {line}: {message}" if line else f"{self.name}: {message}")

    def sweep(self, table: dict[str, Any]) -> tuple[int, Stop]:
        """Seed and rule."""
        for key in table:
            if key not in ("seed", "stop"):
                self.refuse("sweep", key, f"unknown key {key!r} of [sweep]; choose one of 'seed', 'stop'")
        seed = table.get("seed", 0)
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            self.refuse("sweep", "seed", f"seed must be an integer >= 0, got {seed!r}")
        return seed, self.stop(table.get("stop", {"trials": 10_000}))

    def stop(self, given: Any) -> Stop:
        """A rule by its fields."""
        named = [name for name in RULES if isinstance(given, dict) and name in given]
        if len(named) != 1:
            shown = ", ".join(f"{{ {name} = ... }}" for name in RULES)
            self.refuse("sweep", "stop", f"stop must be one of {shown}, got {given!r}")
        rule = RULES[named[0]]
        known = [entry.name for entry in fields(rule)]
        for key in given:
            if key not in known:
                self.refuse(
                    "sweep", "stop", f"unknown key {key!r} of stop {named[0]!r}; choose one of {_listed(known)}"
                )
        try:
            return rule(**given)
        except (TypeError, ValueError) as error:
            self.refuse("sweep", "stop", f"stop: {error}")

    def grid(self, table: dict[str, Any], place: int) -> tuple[type[Task], dict[str, list[Any]]]:
        """The kind of a table, and the values of each parameter."""
        if not isinstance(table.get("kind"), str) or table["kind"] not in self.kinds:
            what = f"unknown kind {table['kind']!r}" if "kind" in table else "a task needs its kind"
            self.refuse(
                "task", "kind" if "kind" in table else None, f"{what}; choose one of {_listed(self.kinds)}", place
            )
        kind = self.kinds[table["kind"]]
        known = {entry.name: entry for entry in fields(kind)}
        for key in table:
            if key != "kind" and key not in known:
                message = f"unknown parameter {key!r} of a task of kind {kind.kind!r}; choose one of {_listed(known)}"
                self.refuse("task", key, message, place)
        missing = [
            key
            for key, e in known.items()
            if key not in table and e.default is MISSING and e.default_factory is MISSING
        ]
        if missing:
            self.refuse("task", None, f"a task of kind {kind.kind!r} needs {_listed(missing)} too", place)
        hints = get_type_hints(kind)
        grid = {}
        for key, value in table.items():
            if key != "kind":
                grid[key] = _values(value, hints[key])
                if not grid[key] or () in grid[key]:
                    self.refuse("task", key, f"{key} must not be empty; give a value, or a list of some", place)
        return kind, grid

    def task(self, kind: type[Task], values: dict[str, Any], place: int) -> Task:
        """One point of a grid."""
        try:
            return kind(**values)
        except (TypeError, ValueError) as error:
            # the parameter that the message is about, as far as it says so
            about = [key for key in values if str(error).startswith((f"{key} ", f"unknown {key} "))]
            self.refuse("task", about[0] if about else None, f"{kind.kind}: {error}", place)


def _values(given: Any, hint: Any) -> list[Any]:
    """All values of a parameter: those of a list, unless the parameter is a list itself."""
    if _tuple_of(hint) is None:
        return [_plain(value, hint) for value in (given if isinstance(given, list) else [given])]
    many = given if isinstance(given, list) and given and all(isinstance(v, list) for v in given) else [given]
    return [_plain(value, hint) for value in many]


def _plain(value: Any, hint: Any) -> Any:
    """An integer where a number is meant is that number, so that 1 and 1.0 are one task; lists are tuples."""
    if isinstance(value, list):
        inner = _tuple_of(hint)
        return tuple(_plain(entry, Any if inner is None else inner) for entry in value)
    wants_float = hint is float or (_is_union(hint) and float in get_args(hint) and int not in get_args(hint))
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53
    return float(value) if wants_float and whole else value


def _tuple_of(hint: Any) -> Any:
    """What a tuple of this annotation holds, or None if it is no tuple."""
    options = get_args(hint) if _is_union(hint) else (hint,)
    return next((get_args(option)[0] for option in options if get_origin(option) is tuple), None)


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names))
