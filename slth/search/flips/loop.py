"""The loop of the searches that flip: records, validation, the best so far, checkpoints."""

from __future__ import annotations

import math
import time

import numpy as np

from slth.search.budget import Group
from slth.search.checkpoint import Checkpoint
from slth.search.flat import Flat
from slth.search.flips.landscape import landscape_of
from slth.search.flips.method import FlipMethod, Task
from slth.search.flips.sizes import Masks, Sizes
from slth.search.loop import Progress, Settings, evaluate
from slth.search.models import Model
from slth.search.objective import Objective
from slth.search.oracle import Oracle
from slth.threads import progress_bar


def run(
    method: FlipMethod,
    model: Model,
    source: Flat,
    groups: tuple[Group, ...],
    oracle: Oracle,
    objective: Objective,
    settings: Settings,
    workers: int,
    store: Checkpoint | None,
    progress: bool,
) -> tuple[Progress, str]:
    """Search to the end; returns what was found and why it stopped.

    Raises
    ------
    SearchError
        If the loss of a mask is not finite.
    ValueError
        If the loss does not fit the objective, or the checkpoint is of another search, or damaged.
    """
    sizes = Sizes.of(source, groups)
    loss = objective.loss if method.loss is None else method.loss
    landscape = landscape_of(model, oracle, source, sizes.where, objective.inputs, objective.wanted, loss)
    judge = landscape
    if len(objective.held_out):
        held_out, wanted = objective.held_out, objective.held_out_wanted
        judge = landscape_of(model, oracle, source, sizes.where, held_out, wanted, loss)
    saved = None if store is None else store.read()
    started = time.perf_counter()
    searcher = method.launch(Task(landscape, sizes, settings.steps, settings.seed, workers))
    if saved is None:
        now = Progress.start(source)
    else:
        assert store is not None
        now, state = saved
        with store.blamed():
            searcher.restore(state)
        started = time.perf_counter() - now.seconds
    stopped = "all steps done"
    with progress_bar(settings.steps, "step", progress) as bar:
        bar.update(now.step)
        while now.step < settings.steps:
            over = _why_stop(searcher.finished(), sizes, now, settings) if now.records else None
            if over is not None:
                stopped = over
                break
            count = min(settings.every, settings.steps - now.step)
            searcher.advance(now.step, count)
            now.step += count
            mask = searcher.best()
            found = float(judge.losses(mask[None])[0])
            flat = _flat(mask, source, sizes)
            right = evaluate(oracle, source.views(np.where(flat, source.values, np.float32(0))), objective)[1]
            now.seconds = time.perf_counter() - started
            now.records.append((now.step, searcher.mean(), found, right, now.seconds))
            now.waiting = 0 if found < now.best_loss else now.waiting + 1
            if found < now.best_loss:
                now.best_loss, now.best_accuracy, now.best_mask = found, right, flat
            bar.update(count)
            bar.set_postfix_str(f"loss {found:.4g}" + ("" if math.isnan(right) else f" accuracy {right:.2%}"))
            if store is not None:
                store.write(now, searcher.state())
    return now, stopped


def _why_stop(finished: str | None, sizes: Sizes, now: Progress, settings: Settings) -> str | None:
    if sizes.swaps == 0:
        return "the only mask of its size"
    if settings.patience is not None and now.waiting >= settings.patience:
        return f"no better for {now.waiting} records"
    return finished


def _flat(mask: Masks, source: Flat, sizes: Sizes) -> Masks:
    """(n,) of a mask (m,) of the non-zero numbers."""
    found = np.zeros(source.values.size, np.bool_)
    found[sizes.where] = mask
    return found
