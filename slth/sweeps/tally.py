"""What blocks of work found, as integers that add up: in any order, on any machine, to the same numbers."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Integers: TypeAlias = int | tuple["Integers", ...]


@dataclass(frozen=True)
class Tally:
    """Trials, and named integers or (nested) rows of integers counted over them.

    Attributes
    ----------
    trials : int
        Independent trials behind the numbers.
    counts : mapping of str to integers
        Of any size; sums of real numbers are kept as integers of a fixed unit that the task states. Rows of one name have one shape. Given
        as ints, lists, tuples or integer arrays; kept as ints and tuples.

    Raises
    ------
    TypeError
        If anything but integers is counted.
    ValueError
        If the rows of one name differ in length, or `trials` is negative.
    """

    trials: int = 0
    counts: Mapping[str, Integers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "trials", _integers(self.trials, "trials"))
        if not isinstance(self.trials, int) or self.trials < 0:
            raise ValueError(f"trials must be one integer >= 0, got {self.trials!r:.60}")
        object.__setattr__(self, "counts", {name: _integers(value, name) for name, value in self.counts.items()})

    def __add__(self, other: Tally) -> Tally:
        """Both together; a name that only one has is taken as it is.

        Raises
        ------
        ValueError
            If rows of one name differ in shape.
        """
        names = {**self.counts, **other.counts}
        # both were checked when they were made; so is their sum, without looking again
        both = object.__new__(Tally)
        object.__setattr__(both, "trials", self.trials + other.trials)
        counts = {
            name: _sum(self.counts[name], other.counts[name], name)
            if name in self.counts and name in other.counts
            else names[name]
            for name in names
        }
        object.__setattr__(both, "counts", counts)
        return both

    def __getitem__(self, name: str) -> Any:
        """A count by its name: an int, or a (nested) tuple of them."""
        return self.counts[name]

    def to_json(self) -> str:
        """Canonical: equal tallies have equal text."""
        return json.dumps({"counts": self.counts, "trials": self.trials}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Tally:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            If it is anything else.
        """
        try:
            found = json.loads(text)
            if (
                not isinstance(found, dict)
                or set(found) != {"trials", "counts"}
                or not isinstance(found["counts"], dict)
            ):
                raise ValueError("it has not trials and counts")
            return cls(found["trials"], found["counts"])
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"not a tally: {text[:80]!r} ({error})") from None


def _integers(value: Any, name: str) -> Integers:
    """Ints and tuples, rectangular."""
    if type(value) is int:
        return value
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers
        return _integers(value.tolist(), name)
    if not isinstance(value, list | tuple):
        raise TypeError(
            f"a tally counts integers, got {value!r:.60} for {name}; round sums to integers of a fixed unit"
        )
    if set(map(type, value)) <= {int}:
        return tuple(value)
    rows = tuple(_integers(entry, name) for entry in value)
    if len({_shape(row) for row in rows}) > 1:
        raise ValueError(f"rows of {name} must have one shape, got {value!r:.60}")
    return rows


def _shape(value: Integers) -> tuple[int, ...]:
    return () if isinstance(value, int) else (len(value), *(_shape(value[0]) if value else ()))


def _sum(a: Integers, b: Integers, name: str) -> Integers:
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if isinstance(a, int) or isinstance(b, int) or len(a) != len(b):
        raise ValueError(f"two tallies disagree on the shape of {name}: {a!r:.60} and {b!r:.60}")
    if a and isinstance(a[0], int) and isinstance(b[0], int):  # rectangular: so are all
        return tuple(map(operator.add, a, b))
    return tuple(_sum(x, y, name) for x, y in zip(a, b, strict=True))
