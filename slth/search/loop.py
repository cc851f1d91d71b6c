"""The loop of every gradient search: batches, learning rate, validation, the best so far, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.search.checkpoint import Checkpoint
from slth.search.flat import Array, Flat
from slth.search.losses import accuracy, loss_and_slope
from slth.search.method import Searcher, Step
from slth.search.objective import Objective
from slth.search.oracle import Oracle
from slth.search.result import History, SearchError
from slth.threads import progress_bar

_EVALUATED = 1024  # inputs at a time


@dataclass(frozen=True)
class Settings:
    """Of the loop.

    Attributes
    ----------
    steps, batch : int
    rate : float
        Learning rate of the first step; it falls to 0 like half a cosine.
    every : int
        Steps between records.
    patience : int or None
        Records without a better validation loss after which the search stops.
    seed : int
    """

    steps: int
    batch: int
    rate: float
    every: int
    patience: int | None
    seed: int


@dataclass
class Progress:
    """What the loop knows so far; a checkpoint holds it, with the state of the searcher."""

    step: int
    seconds: float
    best_loss: float
    best_accuracy: float
    best_mask: NDArray[np.bool_]
    best_weights: Array
    records: list[tuple[int, float, float, float, float]]
    since: float  # sum of the losses since the last record
    waiting: int  # records since the best

    @classmethod
    def start(cls, source: Flat) -> Progress:
        """Nothing yet."""
        nothing = np.zeros(source.values.size, np.bool_)
        return cls(0, 0.0, math.inf, math.nan, nothing, source.values, [], 0.0, 0)


def batches(count: int, batch: int, seed: int, first: int) -> Iterator[NDArray[np.int64]]:
    """Indices of the batch of each step from step `first` on: every epoch in an order of its own, a pure function of seed and epoch."""
    each = max(1, count // batch)
    size = min(batch, count)
    step = first
    while True:
        order = np.random.default_rng([seed, 0, step // each]).permutation(count)
        for place in range(step % each, each):
            yield order[place * size : (place + 1) * size]
            step += 1


def run(
    searcher: Searcher,
    source: Flat,
    oracle: Oracle,
    objective: Objective,
    settings: Settings,
    store: Checkpoint | None,
    progress: bool,
) -> tuple[Progress, str]:
    """Search to the end; returns what was found and why it stopped.

    Raises
    ------
    SearchError
        If the loss or the scores are not finite.
    ValueError
        If the checkpoint is of another search, or damaged.
    """
    state = None if store is None else store.read()
    if state is None:
        now = Progress.start(source)
    else:
        assert store is not None
        now, saved = state
        with store.blamed():
            searcher.restore(saved)
    gradient = np.empty_like(source.values)
    into = source.views(gradient)
    stopped = "all steps done"
    started = time.perf_counter() - now.seconds
    # an overflow shows in the loss
    with progress_bar(settings.steps, "step", progress) as bar, np.errstate(over="ignore", invalid="ignore"):
        bar.update(now.step)
        draws = batches(len(objective.inputs), settings.batch, settings.seed, now.step)
        while now.step < settings.steps:
            rate = settings.rate * 0.5 * (1 + math.cos(math.pi * now.step / settings.steps))
            step = Step(now.step, settings.steps, rate, settings.seed)
            chosen = next(draws)
            weights = source.views(searcher.effective(step))
            loss = oracle.gradient(weights, objective.inputs[chosen], objective.wanted[chosen], objective.loss, into)
            if not math.isfinite(loss):
                raise SearchError(
                    f"the loss is {loss} at step {now.step}, with learning rate {rate:.3g}: the scores or the outputs overflow; use a "
                    "smaller rate=, or scale the source's weights down (scale='kaiming')"
                )
            searcher.learn(gradient, step)
            now.step += 1
            now.since += loss
            bar.update(1)
            if now.step % settings.every == 0 or now.step == settings.steps:
                _record(now, searcher, source, oracle, objective, settings, started)
                last = now.records[-1]
                bar.set_postfix_str(f"loss {last[1]:.4g}" + ("" if math.isnan(last[3]) else f" accuracy {last[3]:.2%}"))
                if store is not None:
                    store.write(now, searcher.state())
                if settings.patience is not None and now.waiting >= settings.patience:
                    stopped = f"no better for {now.waiting} records"
                    break
    if not math.isfinite(now.best_loss):
        raise SearchError(
            f"no mask validated with a finite loss in {now.step} steps: the outputs overflow on the inputs to validate on; scale the data "
            "or the source's weights down (scale='kaiming')"
        )
    return now, stopped


def _record(
    now: Progress,
    searcher: Searcher,
    source: Flat,
    oracle: Oracle,
    objective: Objective,
    settings: Settings,
    started: float,
) -> None:
    """Validate the mask, and keep it if it is the best."""
    for name, values in searcher.state().items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise SearchError(
                f"the {name} are no longer finite by step {now.step}: they overflow; use a smaller rate= than {settings.rate:g}, or a "
                "smaller gain of the method"
            )
    mask, own = searcher.mask(), searcher.weights()
    weights = source.views(np.where(mask, own, np.float32(0)))
    loss, right = evaluate(oracle, weights, objective)
    now.seconds = time.perf_counter() - started
    steps = now.step - (now.records[-1][0] if now.records else 0)
    now.records.append((now.step, now.since / steps, loss, right, now.seconds))
    now.since = 0.0
    now.waiting += 1
    if loss < now.best_loss:
        now.best_loss, now.best_accuracy, now.best_mask, now.waiting = loss, right, mask, 0
        now.best_weights = own.copy()


def evaluate(oracle: Oracle, weights: list[Array], objective: Objective) -> tuple[float, float]:
    """Loss and accuracy on the held-out inputs, or on all where none are held out."""
    x, wanted = objective.held_out, objective.held_out_wanted
    if len(x) == 0:
        x, wanted = objective.inputs, objective.wanted
    total, right = 0.0, 0.0
    for start in range(0, len(x), _EVALUATED):
        part, there = x[start : start + _EVALUATED], wanted[start : start + _EVALUATED]
        outputs = oracle.outputs(weights, part)
        total += loss_and_slope(outputs, there, objective.loss)[0] * len(part)
        right += accuracy(outputs, there) * len(part) if objective.labelled else math.nan
    return total / len(x), right / len(x)


def history_of(now: Progress) -> History:
    """The records as arrays."""
    columns = np.array(now.records, np.float64).reshape(-1, 5).T
    return History(columns[0].astype(np.int64), *columns[1:])
