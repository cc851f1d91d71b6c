"""Exponential tilts: the independent choices, sample i with probability p_i, whose mean size and mean sum are as wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Array = NDArray[np.float64]
_CELLS = 2**16  # numbers in a block
_COARSE = 96  # sizes solved first, to start the others from
_STEPS = 100
_NEAR = 1e-7  # squared distance from the saddle point, in standard deviations, at which to stop
_GROUP = 16


@dataclass(frozen=True, eq=False)
class Tilt:
    """Saddle points, one an entry of each (m,) array: p_i = 1 / (1 + exp(-xi - eta y_i)).

    Attributes
    ----------
    xi, eta
        Where sum p_i = size (xi = 0 if the size is free) and sum p_i y_i = sum.
    log_mass
        Phi - xi size - eta sum: log of the number of subsets, were they spread over one standard deviation.
    log_volume
        log of (2 pi)^(d/2) sqrt(det Sigma); d = 2, or 1 if the size is free.
    deviation
        Standard deviation of the sum, at the given size.
    correction
        First term of the expansion in 1/n of the density at the saddle point.
    converged
    """

    xi: Array
    eta: Array
    log_mass: Array
    log_volume: Array
    deviation: Array
    correction: Array
    converged: NDArray[np.bool_]

    def log_density(self) -> Array:
        """log of the number of subsets of that size a unit of the sum; exp(c) in place of 1 + c, which could be negative."""
        return self.log_mass - self.log_volume + self.correction


def solve(y: Array, sizes: Array | None, sums: Array) -> Tilt:
    """Tilts for `sums` (m,), rising with `sizes` (m,) where given; y (n,) of order 1. Newton's method, O(n) a step."""
    m, n = sums.size, y.size
    powers = np.vander(y, 5, increasing=True)
    xi, eta = np.zeros(m), np.zeros(m)
    if sizes is not None:
        xi = np.log(sizes / (n - sizes))
    coarse = np.arange(0)
    if m > 2 * _COARSE and sizes is not None:
        nodes = 0.5 - 0.5 * np.cos(np.linspace(0, math.pi, _COARSE))
        coarse = np.unique(np.rint(nodes * (m - 1)).astype(np.int64))
        base = xi.copy()
        _newton(powers, sizes[coarse], sums[coarse], *(start := (xi[coarse], eta[coarse])))
        xi = base + CubicSpline(sizes[coarse], start[0] - base[coarse])(sizes)
        eta = np.asarray(CubicSpline(sizes[coarse], start[1])(sizes))
    step = max(1, _CELLS // max(n, 1))
    parts = []
    for begin in range(0, m, step):
        here = slice(begin, begin + step)
        k = None if sizes is None else sizes[here]
        values = _evaluate(powers, k, sums[here], xi[here], eta[here])
        if not np.all(values[-1] < _NEAR):
            _newton(powers, k, sums[here], xi[here], eta[here])
            values = _evaluate(powers, k, sums[here], xi[here], eta[here])
        parts.append(values)
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Tilt(xi, eta, joined[0], joined[1], joined[2], joined[3], joined[4] < 1e-4)


def _newton(powers: Array, sizes: Array | None, sums: Array, xi: Array, eta: Array) -> None:
    """Improve xi, eta in place."""
    y, powers = powers[:, 1], powers[:, :3]
    widest = float(np.abs(y).max())
    left = np.arange(sums.size)
    for _ in range(_STEPS):
        p = _probabilities(y, xi[left], eta[left])
        means = p @ powers[:, :2]
        p *= 1 - p
        moments = p @ powers
        gap = sums[left] - means[:, 1]
        if sizes is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                d_eta = gap / moments[:, 2]
            d_xi = np.zeros_like(d_eta)
            now = gap * d_eta
        else:
            excess = sizes[left] - means[:, 0]
            with np.errstate(divide="ignore", invalid="ignore"):
                centre = moments[:, 1] / moments[:, 0]
                d_eta = (gap - centre * excess) / (moments[:, 2] - centre * moments[:, 1])
                d_xi = excess / moments[:, 0] - centre * d_eta
            now = excess * d_xi + gap * d_eta
        more = np.isfinite(now) & (np.abs(now) > _NEAR)
        # far from the solution: no exponent moves by more than 2
        damping = 1 / np.maximum(1.0, 0.5 * (np.abs(d_xi) + np.abs(d_eta) * widest))
        left, damping, d_xi, d_eta = left[more], damping[more], d_xi[more], d_eta[more]
        if not left.size:
            break
        xi[left] += damping * d_xi
        eta[left] += damping * d_eta


def _probabilities(y: Array, xi: Array, eta: Array) -> Array:
    p = np.multiply.outer(-eta, y)
    p -= xi[:, None]
    np.minimum(p, 600.0, out=p)
    np.exp(p, out=p)
    p += 1
    return np.reciprocal(p, out=p)


def _evaluate(powers: Array, sizes: Array | None, sums: Array, xi: Array, eta: Array) -> tuple[Array, ...]:
    """log_mass, log_volume, deviation, correction, squared distance from the saddle point (in standard deviations)."""
    y = powers[:, 1]
    e = np.multiply.outer(-eta, y)
    e -= xi[:, None]  # -t
    if e.size and max(e.max(), -e.min()) < 700 / _GROUP:  # sum of log(1 + exp(-t)), some factors at a time
        np.exp(e, out=e)
        e += 1
        whole = y.size // _GROUP * _GROUP
        products = np.multiply.reduce(e[:, :whole].reshape(len(e), _GROUP, -1), axis=1)
        log_mass = np.log(products).sum(axis=1) + np.log(e[:, whole:]).sum(axis=1)
    else:
        log_mass = np.logaddexp(0, e).sum(axis=1)
        np.minimum(e, 600, out=e)
        np.exp(e, out=e)
        e += 1
    log_mass += y.size * xi + eta * y.sum()
    p = np.reciprocal(e, out=e)
    means = p @ powers[:, :2]
    w = p * p
    np.subtract(p, w, out=w)
    p *= w
    m, third = w @ powers, p @ powers[:, :4]
    w *= w
    third, fourth = m[:, :4] - 2 * third, m - 6 * (w @ powers)
    gap = sums - means[:, 1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if sizes is None:
            variance = m[:, 2]
            residual = gap * gap / variance
            log_mass -= eta * sums
            log_volume = 0.5 * np.log(2 * math.pi * variance)
            correction = fourth[:, 4] / variance**2 / 8 - 5 * third[:, 3] ** 2 / variance**3 / 24
        else:
            centre = m[:, 1] / m[:, 0]
            variance = m[:, 2] - centre * m[:, 1]
            excess = sizes - means[:, 0]
            residual = excess * excess / m[:, 0] + (gap - centre * excess) ** 2 / variance
            log_mass -= xi * sizes + eta * sums
            log_volume = math.log(2 * math.pi) + 0.5 * np.log(m[:, 0] * variance)
            correction = _correction(centre, m[:, 0], variance, third, fourth)
        # Phi - xi k - eta s is least at the saddle point, and to second order larger by half of that here
        log_mass -= 0.5 * np.where(residual < 1, residual, 0.0)
        return log_mass, log_volume, np.sqrt(variance), correction, residual


def _correction(centre: Array, weight: Array, variance: Array, third: Array, fourth: Array) -> Array:
    """(3 rho_4 - 3 rho_13^2 - 2 rho_23^2) / 24 of the vectors (1, y), in coordinates where their covariance is the identity."""
    d = -centre
    u, v = 1 / np.sqrt(weight), 1 / np.sqrt(variance)
    # cumulants about the centre, from those about 0
    a = [third[:, 0], third[:, 1] + d * third[:, 0], third[:, 2] + d * (2 * third[:, 1] + d * third[:, 0])]
    a.append(third[:, 3] + d * (3 * third[:, 2] + d * (3 * third[:, 1] + d * third[:, 0])))
    b2 = fourth[:, 2] + d * (2 * fourth[:, 1] + d * fourth[:, 0])
    b4 = fourth[:, 4] + d * (4 * fourth[:, 3] + d * (6 * fourth[:, 2] + d * (4 * fourth[:, 1] + d * fourth[:, 0])))
    a = [a[0] * u**3, a[1] * u * u * v, a[2] * u * v * v, a[3] * v**3]
    rho4 = fourth[:, 0] * u**4 + 2 * b2 * u * u * v * v + b4 * v**4
    rho13 = (a[0] + a[2]) ** 2 + (a[1] + a[3]) ** 2
    rho23 = a[0] ** 2 + 3 * a[1] ** 2 + 3 * a[2] ** 2 + a[3] ** 2
    return (3 * rho4 - 3 * rho13 - 2 * rho23) / 24
