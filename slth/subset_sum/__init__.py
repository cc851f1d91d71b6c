"""The subset-sum laboratory: `solve` finds the best subset of random numbers, with proof.

One objective a file, one algorithm a file under `kernels` (Numba); results are `Solution` objects whose `Status` says what is proven.
"""

from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.smallest import MAX_SAMPLES as MAX_SMALLEST
from slth.subset_sum.solution import Solution, Status
from slth.subset_sum.solve import OBJECTIVES, solve

__all__ = ["MAX_SAMPLES", "MAX_SMALLEST", "OBJECTIVES", "Solution", "Status", "solve"]
