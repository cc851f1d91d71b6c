"""The subset-sum laboratory: `solve` finds the best subset of random numbers, with proof.

One algorithm a file, their Numba code under `kernels`; results are `Solution` objects whose `Status` says what is proven.
"""

from slth.subset_sum.solution import Solution, Status
from slth.subset_sum.solve import MAX_SAMPLES, OBJECTIVES, solve

__all__ = ["MAX_SAMPLES", "OBJECTIVES", "Solution", "Status", "solve"]
