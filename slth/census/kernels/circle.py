"""Products of many polynomials with non-negative coefficients, evaluated on a circle around 0: one pass over the factors a tilt.

The factors are rows of coefficients, the lowest first; a row stands for `copies` equal factors. With a tilt t the coefficients of row j
become the probabilities p_ja = c_ja exp(t a) / P_j(exp(t)) of an integer, and the product of the rows that of a sum of independent ones.
"""

import math

import numpy as np
from numba import njit

BLOCK = 16  # factors whose product is kept less 1, so that its rounding is that of a small number; and so many blocks once more
LANES = 8  # columns of the table before the cosines: b, b^2, b^3, b^4, |b|
MOMENTS = 7
LARGE = 1e200


@njit(cache=True, nogil=True, error_model="numpy")
def _power(re, im, exponent):
    """(1 + re + i im)^exponent, by its logarithm."""
    size = math.exp(0.5 * exponent * math.log1p(max(2.0 * re + (re * re + im * im), -1.0)))
    angle = exponent * math.atan2(im, 1.0 + re)
    return size * math.cos(angle), size * math.sin(angle)


@njit(cache=True, nogil=True, error_model="numpy")
def tilted(rows, copies, tops, weights, from_top, table, sparse, moments, lags, product):
    """One pass: log of the product at exp(t), moments of the sum, and its characteristic function at k angles.

    rows (g, w) float64, copies, tops (g,) int64, the index of the last coefficient. Integers are counted from the first coefficient of
    a row or, `from_top`, from its last, so that nothing overflows: weights (2 w - 1,) = exp(t (b - w + 1)), b = 0, ..., 2 w - 2.
    table (2 w - 1, LANES + 2 k): with b for b - w + 1, the columns b, b^2, b^3, b^4, |b|, 0, 0, 0, then those of cos(b theta) - 1 and of
    sin(b theta).
    Writes moments (MOMENTS,): log of the product (a high and a low part), c = sum of m_j, mean - c, variance, sum of E (X - X')^4, sum of
    E |X - m_j|, m_j an integer next to the mean; lags (w,): sum_j sum_a p_a p_(a + d) over one row j of `sparse`; product (2, k):
    E exp(i theta (S - c)). Returns the largest variance of a row.
    """
    width, k = rows.shape[1], (table.shape[1] - LANES) // 2
    lanes = table.shape[1]
    q = np.zeros(width + 4)
    d = np.zeros(lanes)
    e_re, e_im, f_re, f_im = np.zeros(k), np.zeros(k), np.zeros(k), np.zeros(k)
    high, low, running = 0.0, 0.0, 1.0
    centre = 0
    beyond = variance = fourth = distance = largest = 0.0
    lags[:] = 0.0
    product[0, :] = 1.0
    product[1, :] = 0.0
    last = rows.shape[0] - 1
    for j in range(rows.shape[0]):
        top, many = tops[j], copies[j]
        base = top if from_top else 0
        shift = width - 1 - base
        total = first = 0.0
        for a in range(top + 1):
            q[a] = rows[j, a] * weights[a + shift]
            total += q[a]
            first += q[a] * (a - base)
        for a in range(top + 1, top + 4):
            q[a] = 0.0
        inverse = 1.0 / total
        m = int(np.rint(first * inverse)) + base
        d[:] = 0.0
        shift = width - 1 - m
        a = 0
        while a + 3 <= top:
            q0, q1, q2, q3 = q[a], q[a + 1], q[a + 2], q[a + 3]
            t0, t1, t2, t3 = table[a + shift], table[a + shift + 1], table[a + shift + 2], table[a + shift + 3]
            for i in range(lanes):
                d[i] += (q0 * t0[i] + q1 * t1[i]) + (q2 * t2[i] + q3 * t3[i])
            a += 4
        while a <= top:
            q0, t0 = q[a], table[a + shift]
            for i in range(lanes):
                d[i] += q0 * t0[i]
            a += 1
        for i in range(lanes):
            d[i] *= inverse
        off, second = d[0], d[1] - d[0] * d[0]
        beyond += many * off
        variance += many * second
        fourth += many * (
            2.0 * (d[3] - 4.0 * off * d[2] + 6.0 * off * off * d[1] - 3.0 * off**4) + 6.0 * second * second
        )
        distance += many * d[4]
        centre += many * m
        largest = max(largest, second)
        if j % sparse == 0:
            for a in range(top + 1):
                weight = many * (q[a] * inverse) * inverse
                for b in range(a, top + 1):
                    lags[b - a] += weight * q[b]
        running *= total if many == 1 else 1.0
        if many > 1 or running > LARGE or j == last:
            # Neumaier's sum
            for part in range(2):
                term = math.log(running) if part == 0 else (many * math.log(total) if many > 1 else 0.0)
                new = high + term
                low += (high - new) + term if abs(high) >= abs(term) else (term - new) + high
                high = new
            running = 1.0
        if many == 1:
            for i in range(k):
                x, y = d[LANES + i], d[LANES + k + i]
                u, v = e_re[i], e_im[i]
                e_re[i] = u + (x + (u * x - v * y))
                e_im[i] = v + (y + (u * y + v * x))
        else:
            for i in range(k):
                x, y = _power(d[LANES + i], d[LANES + k + i], many)
                u, v = product[0, i], product[1, i]
                product[0, i] = u * x - v * y
                product[1, i] = u * y + v * x
        if j % BLOCK == BLOCK - 1 or j == last:
            for i in range(k):
                x, y = e_re[i], e_im[i]
                u, v = f_re[i], f_im[i]
                f_re[i] = u + (x + (u * x - v * y))
                f_im[i] = v + (y + (u * y + v * x))
                e_re[i] = 0.0
                e_im[i] = 0.0
        if j % (BLOCK * BLOCK) == BLOCK * BLOCK - 1 or j == last:
            for i in range(k):
                u, v = product[0, i], product[1, i]
                product[0, i] = u + (u * f_re[i] - v * f_im[i])
                product[1, i] = v + (u * f_im[i] + v * f_re[i])
                f_re[i] = 0.0
                f_im[i] = 0.0
    moments[0], moments[1], moments[2], moments[3] = high, low, float(centre), beyond
    moments[4], moments[5], moments[6] = variance, fourth, distance
    return largest


@njit(cache=True, nogil=True, error_model="numpy")
def densities(product, n, start, out):
    """out[i] = (1 + 2 Re sum_k product_k exp(-2 pi i k x / n)) / n with x = start + i; product (2, k) of k = 1, 2, ..."""
    k = product.shape[1]
    for i in range(out.size):
        angle = -2.0 * math.pi * ((start + i) % n) / n
        c, s = math.cos(angle), math.sin(angle)
        re, im = 0.0, 0.0
        for j in range(k - 1, -1, -1):
            u, v = re + product[0, j], im + product[1, j]
            re, im = u * c - v * s, u * s + v * c
        out[i] = (1.0 + 2.0 * re) / n
