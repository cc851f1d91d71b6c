"""`RealTarget`: a trained network, inputs to try it on, and how to say in words what became of its answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import slth

Answers = NDArray[np.float64]


@dataclass(frozen=True)
class RealTarget:
    """What a row of the table is about.

    Attributes
    ----------
    network : Network
    domain : Box, Ball, pair or None
        Where the error is certified: it holds the inputs.
    answers : callable
        What a network answers to the test inputs, one array.
    judged : callable
        What became of the answers, in words, from those before and those after.
    widths : dict
        Widening factors to show, as `slth.approximate` takes them, under what the table calls them; the first for a quick look.
    """

    network: slth.Network
    domain: Any
    answers: Callable[[slth.Network | slth.Ticket], Answers]
    judged: Callable[[Answers, Answers], str]
    widths: dict[str, Any]


def folder_of(package: str) -> Path:
    """Where a package is installed; it is not imported.

    Raises ModuleNotFoundError if it is not.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"pip install --no-deps {package.replace('_', '-')}")
    return Path(next(iter(spec.submodule_search_locations)))


def accuracies(labels: NDArray[Any]) -> Callable[[Answers, Answers], str]:
    """How many of the labels the largest output hits, before and after."""

    def judged(before: Answers, after: Answers) -> str:
        hit, still = ((answers.argmax(axis=1) == labels).mean() for answers in (before, after))
        return f"accuracy {hit:.2%} / {still:.2%}"

    return judged


def decisions(before: Answers, after: Answers) -> str:
    """How many decisions, the largest output, stay what they were."""
    return f"{(before.argmax(axis=1) == after.argmax(axis=1)).mean():.2%} of the decisions stay"


def ranges(before: Answers, after: Answers) -> str:
    """The largest change of an output as a share of the range of that output."""
    share = (np.abs(after - before).max(axis=0) / np.ptp(before, axis=0)).max()
    return f"actions move by {share:.2g} of their range"
