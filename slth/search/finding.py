"""The front door of the searches: `find` a mask of a density, by a method."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.networks import seed_from
from slth.search.baselines import BASELINES, Baseline
from slth.search.budget import Group, groups
from slth.search.checkpoint import Checkpoint
from slth.search.flat import Flat
from slth.search.flips import FLIPS, FlipMethod
from slth.search.flips import loop as flipping
from slth.search.loop import evaluate, history_of, run
from slth.search.method import Method
from slth.search.methods import METHODS, EdgePopup
from slth.search.models import Model, NetworkModel, read_model
from slth.search.objective import Objective
from slth.search.oracle import Oracle
from slth.search.result import History, SearchResult
from slth.search.sources import SCALES, scaled
from slth.search.wishes import Wishes
from slth.validation import one_of, worker_count


def find(
    network: Any,
    objective: Objective,
    *,
    density: float,
    method: str | Method | FlipMethod | Baseline = "edge-popup",
    steps: int | None = None,
    epochs: float | None = None,
    budget: str = "layer",
    scale: str | None = None,
    rate: float | None = None,
    batch: int | None = None,
    every: int | None = None,
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    rng: Any = None,
    workers: int | None = None,
    progress: bool = False,
) -> SearchResult:
    """Search a random network for a mask that does well.

    Parameters
    ----------
    network : Network, RandomSource, anything `Network.read` takes, or JaxFunction
        The source; its weights are never trained. What is found in a `RandomSource` (dense layers, ReLU between them) can become a ticket,
        a seed and bits: `SearchResult.ticket`.
    objective : Objective
        `classification`, `regression` or `imitation`.
    density : float
        Share of the non-zero weights and biases that is kept, in (0, 1].
    method : str, Method or FlipMethod
        A key of `METHODS` (by gradients) or `FLIPS` (by losses alone), or a method with settings of your own; or a key of `BASELINES`: a
        mask without a search.
    steps, epochs : int, float
        How long; one of the two, neither for a baseline, steps for one of `FLIPS`. An epoch is one pass over the inputs.
    budget : {"layer", "global", "erk"}
        How the density is spread over the layers.
    scale : {"kaiming", "scaled"}, optional
        Gives each dense or convolutional layer the positive scale with which its weights have mean square 2 / fan_in, or
        2 / (density * fan_in); by default the network keeps its own.
    rate : float, optional
        Learning rate of the first step, 0.1 by default; it falls to 0 like half a cosine.
    batch : int, optional
        Inputs a step, 64 by default. Baselines and those of `FLIPS` have neither rate nor batch: they use all inputs.
    every : int, optional
        Steps between two validations; an epoch by default, a hundredth of the steps for one of `FLIPS`.
    patience : int, optional
        Stop after so many validations without a better one.
    checkpoint : path, optional
        File to go on from after a crash, a kill or Ctrl-C, from its last record; the result is the same as without an interruption.
    rng : seed or numpy.random.Generator, optional
        Fresh by default, or, where there is a checkpoint, the checkpoint's.
    workers : int, optional
        Threads of one of `FLIPS`, every core by default; the result does not depend on them. The others leave threads to OpenBLAS.
    progress : bool
        Show a progress bar (tqdm); a baseline has none.

    Returns
    -------
    SearchResult
        With the mask that validated best.

    Raises
    ------
    SearchError
        If the loss or the scores are no longer finite.
    TypeError, ValueError
        If an argument is not as described, a layer has no gradient here, or the checkpoint is unreadable or of another search.
    OSError
        If the checkpoint cannot be written; what it held before is still there.

    Warns
    -----
    UserWarning
        If the density leaves nothing of an array; it names the array.

    Notes
    -----
    The same seed gives the same bits, with any number of threads of OpenBLAS, on the same processor and versions of the libraries.
    """
    return _find(
        network,
        objective,
        density,
        method,
        Wishes(steps, epochs, rate, batch, every, patience, checkpoint),
        budget,
        scale,
        rng,
        progress,
        workers,
    )


def edge_popup(
    network: Any,
    objective: Objective,
    *,
    density: float,
    steps: int | None = None,
    momentum: float = 0.9,
    decay: float = 5e-4,
    anneal: float = 0.0,
    epochs: float | None = None,
    budget: str = "layer",
    scale: str | None = None,
    rate: float = 0.1,
    batch: int = 64,
    every: int | None = None,
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    rng: Any = None,
    progress: bool = False,
) -> SearchResult:
    """Search by edge-popup (Ramanujan et al., CVPR 2020).

    Equivalent to ``find(..., method=EdgePopup(momentum, decay, anneal))``; see `find` and `EdgePopup` for the parameters.
    """
    return _find(
        network,
        objective,
        density,
        EdgePopup(momentum, decay, anneal),
        Wishes(steps, epochs, rate, batch, every, patience, checkpoint),
        budget,
        scale,
        rng,
        progress,
    )


def _find(
    network: Any,
    objective: Objective,
    density: float,
    method: str | Method | FlipMethod | Baseline,
    wishes: Wishes,
    budget: str,
    scale: str | None,
    rng: Any,
    progress: bool,
    workers: int | None = None,
) -> SearchResult:
    threads = worker_count(workers)
    model = read_model(network)
    if not isinstance(objective, Objective):
        raise TypeError(
            f"objective must be made by classification, regression or imitation, got {type(objective).__name__}"
        )
    if scale is not None:
        share = 1.0 if one_of(scale, SCALES, "scale") == "kaiming" else density
        if not isinstance(model, NetworkModel):
            raise ValueError(f"scale={scale!r} is for networks of slth; scale the parameters of a function yourself")
        model = NetworkModel(scaled(model.network, share), model.source)
    flat = Flat.of_arrays(model.arrays)
    kept = groups(flat, density, budget)
    model.check(objective)
    oracle = model.oracle()
    chosen = _method(method)
    if isinstance(chosen, Baseline):
        wishes.refuse(chosen.name)
        return _at_once(chosen, model, flat, kept, oracle, objective, rng)
    store = None if wishes.checkpoint is None else Checkpoint(wishes.checkpoint)
    earlier = store.seed() if store is not None and rng is None else None
    seed = seed_from(rng) if earlier is None else earlier
    flips = isinstance(chosen, FlipMethod)
    settings = wishes.flipping(seed) if flips else wishes.settings(len(objective.inputs), seed)
    if store is not None:
        store.task = {
            "method": repr(chosen),
            "density": repr(density),
            "budget": budget,
            **{name: repr(value) for name, value in asdict(settings).items()},
            "network or data": _digest(model, objective),
        }
    if isinstance(chosen, FlipMethod):
        now, stopped = flipping.run(chosen, model, flat, kept, oracle, objective, settings, threads, store, progress)
    else:
        now, stopped = run(chosen.start(flat, kept, seed), flat, oracle, objective, settings, store, progress)
    unchanged = bool(np.array_equal(now.best_weights, flat.values))
    given, masks = model.arrays, flat.arrays(now.best_mask)
    return SearchResult(
        model,
        {name: mask & (given[name] != 0) for name, mask in masks.items()},
        chosen.name,
        now.best_loss,
        now.best_accuracy,
        history_of(now),
        now.seconds,
        unchanged,
        stopped,
        None if unchanged else {n: a.astype(np.float64) for n, a in flat.arrays(now.best_weights).items()},
        objective.target,
        objective.domain,
    )


def _at_once(
    baseline: Baseline,
    model: Model,
    flat: Flat,
    kept: tuple[Group, ...],
    oracle: Oracle,
    objective: Objective,
    rng: Any,
) -> SearchResult:
    """The mask of a baseline, evaluated."""
    started = time.perf_counter()
    with np.errstate(over="ignore", invalid="ignore"):  # it shows in the scores, or in the loss
        mask = baseline.mask(flat, kept, oracle, objective, seed_from(rng))
        loss, right = evaluate(oracle, flat.views(np.where(mask, flat.values, np.float32(0))), objective)
    seconds = time.perf_counter() - started
    history = History(np.zeros(1, np.int64), *(np.array([value]) for value in (loss, loss, right, seconds)))
    return SearchResult(
        model, flat.arrays(mask), baseline.name, loss, right, history, seconds,
        stopped="no search", target=objective.target, domain=objective.domain,
    )  # fmt: skip


def _method(method: str | Method | FlipMethod | Baseline) -> Method | FlipMethod | Baseline:
    if isinstance(method, str):
        name = one_of(method, {**METHODS, **FLIPS, **BASELINES}, "method")
        return BASELINES[name] if name in BASELINES else METHODS[name]() if name in METHODS else FLIPS[name]()
    known = isinstance(method, Baseline | FlipMethod) or callable(getattr(method, "start", None))
    if isinstance(method, type) or not known:
        raise TypeError(f"method must be a name such as 'edge-popup' or a method such as EdgePopup(), got {method!r}")
    return method


def _digest(model: Model, objective: Objective) -> str:
    """SHA-256 of what is searched in and for."""
    sha = hashlib.sha256(model.described().encode())
    arrays: tuple[NDArray[Any], ...] = (
        *model.arrays.values(),
        objective.inputs,
        objective.wanted,
        objective.held_out,
        objective.held_out_wanted,
    )
    for array in arrays:
        sha.update(f"{array.shape} {array.dtype}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()
