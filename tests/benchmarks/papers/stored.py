"""Results in notebooks/data: JSON of at most six significant digits, so that a run on another machine writes the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from slth.files import atomic_write

ROOT = Path(__file__).parents[3] / "notebooks"
DATA, FIGURES = ROOT / "data", ROOT / "figures"


def rounded(values: Any) -> Any:
    """Numbers, lists and dictionaries of them, to six significant digits."""
    if isinstance(values, dict):
        return {str(key): rounded(value) for key, value in values.items()}
    if isinstance(values, str | int | np.integer):
        return values if isinstance(values, str) else int(values)
    if isinstance(values, float | np.floating):
        return float(f"{values:.6g}")
    return [rounded(value) for value in values]


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return found


def save(name: str, results: dict[str, Any]) -> None:
    """One line for each entry of the top level and for each row of its lists."""
    entries = []
    for key, value in results.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join("  " + json.dumps(row) for row in value)
            entries.append(f" {json.dumps(key)}: [\n{rows}\n ]")
        else:
            entries.append(f" {json.dumps(key)}: {json.dumps(value)}")
    with atomic_write(DATA / f"{name}.json", "w") as file:
        file.write("{\n" + ",\n".join(entries) + "\n}\n")


def weights(name: str) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """The arrays of a stored target, as float64."""
    with np.load(DATA / f"{name}.npz") as file:
        return {key: file[key].astype(np.float64) for key in file.files}
