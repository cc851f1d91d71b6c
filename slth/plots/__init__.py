"""One function a figure; each draws on a given Axes, or arranges others on a Figure of its own.

matplotlib is imported when a figure is asked for, without pyplot: no global state, no window.
"""

from slth.plots.census import census, census_layers, ensemble, growth, mask_distances
from slth.plots.experiments import factors, prices, scaling
from slth.plots.figure import save, single, writable_figure
from slth.plots.networks import network
from slth.plots.papers import attention_errors, errors_against_length, errors_against_samples
from slth.plots.phase_diagram import phase_diagram
from slth.plots.search import accuracies, layer_densities, search_history, search_result, searches
from slth.plots.subset_sums import counts_by_size, coverage
from slth.plots.sweeps import failure_decay, measured_against_theory, success_curve, thresholds
from slth.plots.theory import needed_samples, overparameterisation
from slth.plots.tickets import (
    constructions,
    digit,
    digits_demo,
    effective_weights,
    mask,
    random_weights,
    reuse,
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
    "factors",
    "failure_decay",
    "growth",
    "layer_densities",
    "mask",
    "mask_distances",
    "measured_against_theory",
    "needed_samples",
    "network",
    "overparameterisation",
    "phase_diagram",
    "prices",
    "random_weights",
    "reuse",
    "save",
    "scaling",
    "search_history",
    "search_result",
    "searches",
    "single",
    "success_curve",
    "thresholds",
    "ticket",
    "weight_errors",
    "writable_figure",
]
