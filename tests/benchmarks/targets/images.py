"""Handwritten digits: dense networks, and the convolutional one that the package ccexam ships (MIT)."""

from __future__ import annotations

import numpy as np

import slth
from slth import data
from tests.benchmarks.mnist import mnist, trained
from tests.benchmarks.targets.target import RealTarget, accuracies, folder_of

MEAN, DEVIATION = 0.1307, 0.3081  # of the pixels of MNIST, as ccexam takes them
CONVOLUTIONAL = [
    ("conv", {"padding": 1}), "relu", ("max-pool", 2), ("conv", {"padding": 1}), "relu", ("max-pool", 2), "flatten", "dense", "relu",
    "dense",
]  # fmt: skip


def digits() -> RealTarget:
    """The 64-32-10 network that slth ships, on the 360 test images of 8 x 8 pixels."""
    images, labels = data.digits_test()
    network = slth.Network.read(data.digits_arrays())
    return RealTarget(network, (0, 1), lambda net: net(images), accuracies(labels), {"42": 42, "60": 60})


def mnist_dense() -> RealTarget:
    """784-500-10 without biases, trained here for two epochs (Pensia et al. 2020 take this shape), on the 10,000 test images."""
    network = slth.Network.read([(w, None) for w in trained(*mnist("train"), epochs=2)])
    images, labels = mnist("t10k")
    return RealTarget(network, (0, 1), lambda net: net(images), accuracies(labels), {"42": 42, "50": 50})


def mnist_convolutional() -> RealTarget:
    """ccexam's network, two convolutions and two dense layers, on the 10,000 test images; 99.05 % are published."""
    path = folder_of("ccexam") / "weights" / "mnist.pth"
    network = slth.Network.read(path, CONVOLUTIONAL, input_shape=(1, 28, 28))
    pixels, labels = mnist("t10k")
    images = ((pixels.astype(np.float64) - MEAN) / DEVIATION).reshape(-1, 1, 28, 28)
    domain = (-MEAN / DEVIATION, (1 - MEAN) / DEVIATION)
    # the halves of a single channel and the biases share its neurons
    widths = {f"{first}, then {width}": (first, width, width, width) for first, width in ((64, 42), (76, 50))}
    return RealTarget(network, domain, lambda net: net(images), accuracies(labels), widths)
