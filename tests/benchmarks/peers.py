"""General solvers on the closest subset sum: thin adapters, so that benchmarks can compare with them fairly.

Each takes one row of samples (n,) or of vectors (n, d), a target and a time limit in seconds and returns (mask, claimed): the subset
found, bit i = element i, or None when it ended without one, and whether the solver says that it is what was asked for: with `epsilon` a
subset whose error (of vectors the largest) is at most that, else the closest; with `size` of exactly so many elements. The claim is the
solver's own and holds only up to its tolerances, which are stated below: check the subsets, not the claims.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

# CP-SAT: its grid is 2^-40 (1e-12) of sum |samples| + |target|, rounded up to a power of two; sums stay far below 2^63.
RESOLUTION_BITS = 40
# HiGHS: its tolerances on gap and rows are absolute (about 1e-6), so a larger row makes them finer; from 2^12 on it now
# and then ends without an answer ("Solve error").
ROW_SCALE = 2.0**10

Solve = Callable[..., tuple[int | None, bool]]


def cp_sat(
    samples: ArrayLike, target: ArrayLike, time_limit: float, *, epsilon: float | None = None, size: int | None = None
) -> tuple[int | None, bool]:
    """OR-Tools CP-SAT, one worker: minimise e (or bound it) with -e <= a.x - z <= e, all rounded to integers.

    Right for the rounded instance: the true error may be off by up to (n + 1) grid steps.
    """
    cp_model = _ortools()
    rows, goals = _vectors(samples, target)
    total = float(np.abs(rows).sum(axis=0).max() + np.abs(goals).max())
    if total == 0.0:
        return (1 << (size or 0)) - 1, True
    scale = RESOLUTION_BITS - math.frexp(total)[1]
    integers = np.rint(np.ldexp(rows, scale)).astype(np.int64)
    goal = np.rint(np.ldexp(goals, scale)).astype(np.int64)

    model = cp_model.CpModel()
    chosen = [model.new_bool_var(f"x{index}") for index in range(len(rows))]
    if size is not None:
        model.add(sum(chosen) == size)
    most = int(np.abs(integers).sum(axis=0).max() + np.abs(goal).max())
    error = model.new_int_var(0, most if epsilon is None else int(math.ldexp(epsilon, scale)), "e")
    for column, z in zip(integers.T.tolist(), goal.tolist(), strict=True):
        difference = sum(integer * x for integer, x in zip(column, chosen, strict=True)) - z
        model.add(difference <= error)
        model.add(-difference <= error)
    if epsilon is None:
        model.minimize(error)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = time_limit
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, False
    mask = sum(1 << index for index, x in enumerate(chosen) if solver.boolean_value(x))
    return mask, bool(status == cp_model.OPTIMAL)


def highs(
    samples: ArrayLike, target: ArrayLike, time_limit: float, *, epsilon: float | None = None, size: int | None = None
) -> tuple[int | None, bool]:
    """HiGHS through `scipy.optimize.milp`: minimise e (or bound it) with -e <= a.x - z <= e, x binary, no relative gap.

    SciPy passes on no absolute tolerance, so errors that differ by less than about 1e-6 / ROW_SCALE of the largest
    number look equal to it.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows, goals = _vectors(samples, target)
    n, d = rows.shape
    largest = max(np.abs(rows).max(initial=0.0), np.abs(goals).max())
    if largest == 0.0:
        return (1 << (size or 0)) - 1, True
    scale = ROW_SCALE / largest
    rows, goals = rows * scale, goals * scale
    ones = np.ones((d, 1))
    constraints = [
        LinearConstraint(np.hstack([rows.T, -ones]), -np.inf, goals),
        LinearConstraint(np.hstack([rows.T, ones]), goals, np.inf),
    ]
    if size is not None:
        constraints.append(LinearConstraint(np.append(np.ones(n), 0.0)[None], size, size))
    with _quiet():
        answer = milp(
            c=np.append(np.zeros(n), 1.0 if epsilon is None else 0.0),
            integrality=np.append(np.ones(n), 0.0),
            bounds=Bounds(0.0, np.append(np.ones(n), np.inf if epsilon is None else epsilon * scale)),
            constraints=constraints,
            options={"time_limit": time_limit, "mip_rel_gap": 0.0},
        )
    if answer.x is None:
        return None, False
    mask = sum(1 << index for index in range(n) if answer.x[index] > 0.5)
    return mask, answer.status == 0


def _vectors(samples: ArrayLike, target: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) and (d,): numbers are vectors of one entry."""
    rows = np.asarray(samples, np.float64)
    return rows.reshape(len(rows), -1), np.asarray(target, np.float64).reshape(-1)


PEERS: dict[str, Solve] = {"OR-Tools CP-SAT": cp_sat, "HiGHS": highs}


@contextmanager
def _quiet() -> Iterator[None]:
    """HiGHS prints debugging lines from C, past sys.stdout: point the file descriptor elsewhere for a while."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _ortools() -> ModuleType:
    try:
        from ortools.sat.python import cp_model
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"CP-SAT needs the `bench` extra: pip install 'slth[bench]' ({error})") from None
    return cp_model
