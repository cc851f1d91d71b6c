"""Estimates as a table on disk: CSV, or Parquet if pyarrow is there."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from slth.files import atomic_write
from slth.sweeps.answer import Collected

_ESTIMATED = ("trials", "successes", "rate", "lower", "upper", "confidence", "method")
_FORMATS = (".csv", ".parquet")


def rows(collected: Iterable[Collected], confidence: float = 0.95) -> list[dict[str, Any]]:
    """One dictionary a point, in the order of tasks and points: task, its parameters, the point, the estimate.

    A name of the point hides a parameter of the same name. Lists among the parameters are text: ``8 10 12``.
    """
    found = []
    for answer in collected:
        task = answer.task
        about = {
            "kind": task.kind,
            "task": task.id,
            "seed": answer.seed,
            "blocks": answer.blocks,
            "finished": answer.finished,
        }
        given = {name: _cell(value) for name, value in task.parameters.items()}
        for estimate in answer.rows(confidence):
            numbers = {name: getattr(estimate, name) for name in _ESTIMATED}
            found.append({**about, **given, **estimate.point, **numbers})
    return found


def write_table(collected: Iterable[Collected], path: str | os.PathLike[str], confidence: float = 0.95) -> int:
    """Write `rows` to a file, whole or not at all, in the format of its suffix; returns their number.

    Columns come in the order of their first appearance, those of the estimate last; a task without a parameter leaves its column empty.
    Equal results give equal files: floats are written so that they read back as themselves.

    Raises
    ------
    ValueError
        If the suffix is neither ``.csv`` nor ``.parquet``.
    ImportError
        If it is ``.parquet`` and pyarrow is missing.
    OSError
        As `slth.files.atomic_write`.
    """
    suffix = Path(os.fsdecode(path)).suffix.lower()
    if suffix not in _FORMATS:
        raise ValueError(
            f"tables are written as {' or '.join(_FORMATS)}, got {os.fsdecode(path)!r}; change the end of its name"
        )
    arrow = _pyarrow() if suffix == ".parquet" else None
    found = rows(collected, confidence)
    columns = [name for name in dict.fromkeys(name for row in found for name in row) if name not in _ESTIMATED]
    columns += _ESTIMATED
    if arrow is None:
        _write_csv(found, columns, path)
    else:
        _write_parquet(found, columns, path, *arrow)
    return len(found)


def _write_csv(found: list[dict[str, Any]], columns: list[str], path: str | os.PathLike[str]) -> None:
    with atomic_write(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in found:
            # repr is the shortest text that reads back as the same float
            values = (row.get(name) for name in columns)
            writer.writerow(["" if v is None else repr(v) if isinstance(v, float) else v for v in values])


def _write_parquet(
    found: list[dict[str, Any]], columns: list[str], path: str | os.PathLike[str], arrow: Any, parquet: Any
) -> None:
    table = arrow.table({name: arrow.array(_column([row.get(name) for row in found])) for name in columns})
    with atomic_write(path) as file:
        parquet.write_table(table, file)


def _column(values: list[Any]) -> list[Any]:
    """Values of one type: whole numbers among fractions are fractions, anything among text, or beyond int64, is text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, bool} and all(v is None or -(2**63) <= v < 2**63 for v in values):
        return values if len(kinds) < 2 else [None if v is None else int(v) for v in values]
    if kinds <= {int, float} and all(v is None or abs(v) <= 2**53 or isinstance(v, float) for v in values):
        return [None if v is None else float(v) for v in values]
    return [None if v is None else str(v) for v in values]


def _cell(value: Any) -> Any:
    return " ".join(map(repr, value)) if isinstance(value, list | tuple) else value


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ImportError("Parquet needs pyarrow; pip install 'slth[parquet]', or write .csv") from None
    return pyarrow, parquet
