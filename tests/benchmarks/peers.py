"""General solvers on the closest subset sum: thin adapters, so that benchmarks can compare with them fairly.

Each takes one row of samples, a target and a time limit in seconds and returns (mask, claimed_optimal): the subset
found, bit i = element i, or None when it ended without one, and whether the solver says that no subset is closer. The
claim is the solver's own and holds only up to its tolerances, which are stated below: compare masks, not claims.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import numpy as np

# CP-SAT: its grid is 2^-40 (1e-12) of sum |samples| + |target|, rounded up to a power of two; sums stay far below 2^63.
RESOLUTION_BITS = 40
# HiGHS: its tolerances on gap and rows are absolute (about 1e-6), so a larger row makes them finer; from 2^12 on it now
# and then ends without an answer ("Solve error").
ROW_SCALE = 2.0**10

Solve = Callable[[Sequence[float], float, float], tuple[int | None, bool]]


def cp_sat(samples: Sequence[float], target: float, time_limit: float) -> tuple[int | None, bool]:
    """OR-Tools CP-SAT, one worker: minimise e with -e <= a.x - z <= e, all rounded to integers.

    Optimal for the rounded instance: the true error may be up to (n + 1) grid steps above the smallest.
    """
    cp_model = _ortools()
    total = math.fsum(map(abs, [*samples, target]))
    if total == 0.0:
        return 0, True
    scale = RESOLUTION_BITS - math.frexp(total)[1]
    integers = [round(math.ldexp(float(sample), scale)) for sample in samples]
    goal = round(math.ldexp(float(target), scale))

    model = cp_model.CpModel()
    chosen = [model.new_bool_var(f"x{index}") for index in range(len(integers))]
    error = model.new_int_var(0, sum(map(abs, integers)) + abs(goal), "e")
    difference = sum(integer * x for integer, x in zip(integers, chosen, strict=True)) - goal
    model.add(difference <= error)
    model.add(-difference <= error)
    model.minimize(error)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = time_limit
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, False
    mask = sum(1 << index for index, x in enumerate(chosen) if solver.boolean_value(x))
    return mask, bool(status == cp_model.OPTIMAL)


def highs(samples: Sequence[float], target: float, time_limit: float) -> tuple[int | None, bool]:
    """HiGHS through `scipy.optimize.milp`: minimise e with -e <= a.x - z <= e, x binary, no relative gap.

    SciPy passes on no absolute tolerance, so errors that differ by less than about 1e-6 / ROW_SCALE of the largest
    number look equal to it.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    row, goal = np.asarray(samples, dtype=np.float64), float(target)
    n, largest = len(row), max(np.abs(row).max(initial=0.0), abs(goal))
    if largest == 0.0:
        return 0, True
    row, goal = row / largest * ROW_SCALE, goal / largest * ROW_SCALE
    with _quiet():
        answer = milp(
            c=np.append(np.zeros(n), 1.0),
            integrality=np.append(np.ones(n), 0.0),
            bounds=Bounds(0.0, np.append(np.ones(n), np.inf)),
            constraints=[
                LinearConstraint(np.append(row, -1.0)[None], -np.inf, goal),
                LinearConstraint(np.append(row, 1.0)[None], goal, np.inf),
            ],
            options={"time_limit": time_limit, "mip_rel_gap": 0.0},
        )
    if answer.x is None:
        return None, False
    mask = sum(1 << index for index in range(n) if answer.x[index] > 0.5)
    return mask, answer.status == 0


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
