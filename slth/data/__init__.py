"""Small real inputs that ship with the package.

A trained 64-32-10 ReLU network that reads handwritten digits, and the 1797 test images it never saw in training.
Provenance, licence and the script that made the files: README.md and make_digits.py in this folder.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digits_arrays() -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Weights and biases of the trained digits network, layer by layer.

    Returns
    -------
    [(W1 (32, 64), b1 (32,)), (W2 (10, 32), b2 (10,))] float64, C-contiguous
        The network is ``W2 @ relu(W1 @ x + b1) + b2``; the largest of its ten outputs names the digit.
        Inputs are pixels in [0, 1], row by row. Every call reads fresh arrays, so they may be changed.
    """
    stored = _read("digits.npz")
    return [(stored["W1"], stored["b1"]), (stored["W2"], stored["b2"])]


def digits_test() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The test half of the digits: images and the digits they show.

    Equivalent to ``sklearn.datasets.load_digits(return_X_y=True)`` with the pixels divided by 16.

    Returns
    -------
    images (1797, 64) float64 in [0, 1], labels (1797,) int64
    """
    stored = _read("digits_test.npz")
    return stored["images"].astype(np.float64) / 16.0, stored["labels"].astype(np.int64)


def _read(name: str) -> dict[str, NDArray[Any]]:
    """All arrays of a stored file of this folder, without pickles."""
    with files(__name__).joinpath(name).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}
