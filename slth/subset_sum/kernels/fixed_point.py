"""From float64 to int64 fixed point: sums become exact integers, and the rounding of the conversion is known.

A row is scaled by the power of two that brings the sum of its absolute values just below 2^60. Then every subset sum, and its
difference to a target clipped to +-2^61, fits in int64 and integer additions are exact. What is lost is less than 1 for each sample
(a sample far below the others becomes +-1, never 0: its sign stays) and at most 1/2 for the target, so the errors of two subsets
compare rightly whenever they differ by 2 n + 1 quanta or more; where every conversion was exact (`exact` is set), always.
"""

import math

import numpy as np
from numba import njit

ROW_BITS = 60  # sum of |samples| < 2^60 quanta
CLIP = float(2**61)  # beyond every reach: the closest subset is the same as for the target itself


@njit(cache=True, nogil=True, error_model="numpy")
def quantize_rows(samples, keep, headroom, values, places, counts, exponents, exact):
    """Scale each row, and gather the samples that are kept.

    samples (m, n) float64, keep (m, n) bool -> values (m, n) int64 and places (m, n) uint8 of the counts (m,) kept samples, in order;
    exponents (m,) int64 with values = rint(samples * 2^exponent), `headroom` powers of two lower; exact (m,) bool.
    """
    for r in range(samples.shape[0]):
        total = 0.0
        for i in range(samples.shape[1]):
            total += abs(samples[r, i])
        # a total that is just finite may round beyond the largest float64 on the way
        exponent = ROW_BITS - headroom - (math.frexp(total)[1] if math.isfinite(total) else 1025)
        # two factors, because 2^exponent itself may overflow (total = 1e-300)
        first = math.ldexp(1.0, exponent // 2)
        second = math.ldexp(1.0, exponent - exponent // 2)
        k = 0
        whole = True
        for i in range(samples.shape[1]):
            x = samples[r, i]
            if keep[r, i]:
                scaled = x * first * second
                nearest = np.rint(scaled)
                if nearest == 0.0 and x != 0.0:  # also where `scaled` itself has underflowed
                    whole = False
                    nearest = math.copysign(1.0, x)
                whole &= nearest == scaled
                values[r, k] = np.int64(nearest)
                places[r, k] = i
                k += 1
        counts[r] = k
        exponents[r] = exponent
        exact[r] = whole


@njit(cache=True, nogil=True, error_model="numpy")
def gather_rows(samples, keep, values, places, counts):
    """As `quantize_rows` for samples that are integers already: nothing is scaled, nothing is lost."""
    for r in range(samples.shape[0]):
        k = 0
        for i in range(samples.shape[1]):
            if keep[r, i]:
                values[r, k] = samples[r, i]
                places[r, k] = i
                k += 1
        counts[r] = k


@njit(cache=True, nogil=True, error_model="numpy")
def quantize_targets(targets, rows, exponents, exact_rows, whole, fraction, values, exact):
    """Scale targets (m,) by the exponent of their row, `rows` (m,) -> values (m,) int64, exact (m,) bool (row and target).

    `whole` (rows,) int64 and `fraction` (rows,) float64 quanta are subtracted: what of a row is chosen in any case.
    """
    for r in range(targets.shape[0]):
        exponent = int(exponents[rows[r]])
        first = math.ldexp(1.0, exponent // 2)
        second = math.ldexp(1.0, exponent - exponent // 2)
        scaled = targets[r] * first * second
        if abs(scaled) >= CLIP:
            values[r] = np.int64(math.copysign(CLIP, scaled))
            exact[r] = exact_rows[rows[r]]
        else:
            nearest = np.rint(scaled)
            rest = np.rint(scaled - nearest - fraction[rows[r]])
            values[r] = np.int64(nearest) - whole[rows[r]] + np.int64(rest)
            lossless = (nearest == scaled) & ((scaled != 0.0) | (targets[r] == 0.0)) & (fraction[rows[r]] == 0.0)
            exact[r] = exact_rows[rows[r]] & lossless


@njit(cache=True, nogil=True, error_model="numpy")
def expand_masks(masks, rows, places):
    """Masks (m,) uint64 over non-zero samples -> masks over all samples, in place."""
    one = np.uint64(1)
    for r in range(masks.shape[0]):
        compact = masks[r]
        wide = np.uint64(0)
        i = 0
        while compact != np.uint64(0):
            if compact & one:
                wide |= one << np.uint64(places[rows[r], i])
            compact >>= one
            i += 1
        masks[r] = wide
