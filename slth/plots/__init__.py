"""One function a figure; each draws on a given Axes, or arranges others on a Figure of its own.

matplotlib is imported when a figure is asked for, without pyplot: no global state, no window.
"""

from slth.plots.figure import save, single
from slth.plots.networks import network
from slth.plots.subset_sums import counts_by_size, coverage
from slth.plots.theory import needed_samples, overparameterisation
from slth.plots.tickets import (
    constructions,
    digit,
    digits_demo,
    effective_weights,
    mask,
    random_weights,
    ticket,
    weight_errors,
)

__all__ = [
    "constructions",
    "counts_by_size",
    "coverage",
    "digit",
    "digits_demo",
    "effective_weights",
    "mask",
    "needed_samples",
    "network",
    "overparameterisation",
    "random_weights",
    "save",
    "single",
    "ticket",
    "weight_errors",
]
