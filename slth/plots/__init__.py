"""One function a figure; each draws on a given Axes, or arranges others on a Figure of its own.

matplotlib is imported when a figure is asked for, without pyplot: no global state, no window.
"""

from slth.plots.census import census, census_layers, ensemble, growth, mask_distances
from slth.plots.figure import save, single
from slth.plots.networks import network
from slth.plots.papers import attention_errors, errors_against_length, errors_against_samples
from slth.plots.search import accuracies, layer_densities, search_history, search_result, searches
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
    "accuracies",
    "attention_errors",
    "census",
    "census_layers",
    "constructions",
    "counts_by_size",
    "coverage",
    "digit",
    "digits_demo",
    "effective_weights",
    "ensemble",
    "errors_against_length",
    "errors_against_samples",
    "growth",
    "layer_densities",
    "mask",
    "mask_distances",
    "needed_samples",
    "network",
    "overparameterisation",
    "random_weights",
    "save",
    "search_history",
    "search_result",
    "searches",
    "single",
    "ticket",
    "weight_errors",
]
