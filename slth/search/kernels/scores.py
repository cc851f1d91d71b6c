"""One step of stochastic gradient descent on scores, the numbers near a threshold, and the weights above it.

The gradient of the loss by a score is, straight through the choice, that by its effective weight times the weight times the sign of the
score (Ramanujan et al. 2020, section 3, with |score| ranked as in their code).
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def descend(scores, velocity, gradient, weights, rate, momentum, decay):
    """``velocity = momentum * velocity + slope + decay * score; score -= rate * velocity``."""
    for i in range(scores.size):
        score = scores[i]
        slope = gradient[i] * weights[i]
        slope = slope if score >= 0 else -slope
        speed = momentum * velocity[i] + slope + decay * score
        velocity[i] = speed
        scores[i] = score - rate * speed


@njit(cache=True, nogil=True, error_model="numpy")
def gather(scores, low, high, near):
    """How many |scores| are above `high`, and how many in [low, high]: those are written to `near`, which is one longer than the most
    that it can take (a count of near.size - 1 means that it was too short)."""
    above = 0
    count = 0
    most = near.size - 1
    for start in range(0, scores.size, 128):
        # few blocks hold a score in the band: counting, in 32-bit lanes, tells which; eight times as fast as writing from all of them
        block = scores[start : start + 128]
        over = np.int32(0)
        reach = np.int32(0)
        for i in range(block.size):
            value = abs(block[i])
            over = np.int32(over + np.int32(value > high))
            reach = np.int32(reach + np.int32(value >= low))
        above += over
        if reach == over:
            continue
        for i in range(block.size):
            value = abs(block[i])
            near[count] = value
            count += (value >= low) & (value <= high)
            count = min(count, most)
    return above, count


@njit(cache=True, nogil=True, error_model="numpy")
def select(scores, weights, threshold, effective):
    """Weights whose |score| reaches the threshold; 0 for the others."""
    for i in range(scores.size):
        effective[i] = weights[i] if abs(scores[i]) >= threshold else 0
