"""A few channels of the convolutional MNIST network of the package ccexam, as a file that PyTorch wrote.

python tests/data/make_cut.py .../ccexam/weights/mnist.pth        (needs PyTorch)
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

CHANNELS, HIDDEN = (2, 3), 8


def main() -> None:
    whole = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    first, second = CHANNELS
    cut = {
        "features.0.weight": whole["features.0.weight"][:first],
        "features.0.bias": whole["features.0.bias"][:first],
        "features.3.weight": whole["features.3.weight"][:second, :first],
        "features.3.bias": whole["features.3.bias"][:second],
        "classifier.0.weight": whole["classifier.0.weight"][:HIDDEN, : 49 * second],  # 7 x 7 places a channel
        "classifier.0.bias": whole["classifier.0.bias"][:HIDDEN],
        "classifier.2.weight": whole["classifier.2.weight"][:, :HIDDEN],
        "classifier.2.bias": whole["classifier.2.bias"],
    }
    torch.save({name: values.clone() for name, values in cut.items()}, Path(__file__).parent / "mnist_cut.pth")


if __name__ == "__main__":
    main()
