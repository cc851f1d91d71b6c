"""Small tasks that the tests search on."""

import numpy as np

import slth
from slth import data, search


def digits(held_out: float = 0.2) -> search.Objective:
    """1,797 digits: the images that ship with the package."""
    images, labels = data.digits_test()
    return search.classification(images, labels, held_out=held_out, rng=0)


def source(hidden: int = 64, seed: int = 0, bias: bool = False) -> slth.Network:
    """64-hidden-10."""
    return search.random_network([64, hidden, 10], biases="non-zero" if bias else "none", rng=seed)


def line() -> search.Objective:
    """y = x on 64 points."""
    x = np.linspace(-1, 1, 64)[:, None]
    return search.regression(x, x)
