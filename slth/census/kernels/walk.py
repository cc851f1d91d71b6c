"""Every mask of a dense network: one state of each hidden neuron after another, the outputs of the innermost ones side by side.

Given the layer below it, a neuron of the last hidden layer adds one of some vectors to the outputs (of all inputs): a *group* of *entries*.
A mask is one entry of each group. Every vector comes with a bound of its rounding error, its *radius*; sums whose distance from
the window is within their radius are handed out for an exact decision.
"""

import math

import numpy as np
from numba import njit

RELU, IDENTITY, LEAKY, TANH, SIGMOID, GELU, GELU_TANH = 0, 1, 2, 3, 4, 5, 6


@njit(cache=True, nogil=True, error_model="numpy")
def _active(code, slope, z, radius, unit):
    """The activation of z, known up to radius, and how far it may be off; curved ones if libm is right to 8 units in the last place."""
    if code == RELU:
        if z + radius <= 0.0:
            return 0.0, 0.0
        return max(z, 0.0), radius
    if code == IDENTITY:
        return z, radius
    if code == LEAKY:
        if z - radius >= 0.0:
            return z, radius
        value = z if z > 0.0 else slope * z
        return value, max(1.0, abs(slope)) * radius + 2.0 * unit * abs(value)
    if code == TANH:
        return math.tanh(z), radius + 16.0 * unit
    if code == SIGMOID:
        if z > 0.0:
            return 1.0 / (1.0 + math.exp(-z)), 0.25 * radius + 16.0 * unit
        grown = math.exp(z)
        return grown / (1.0 + grown), 0.25 * radius + 16.0 * unit
    if code == GELU:
        return 0.5 * z * math.erfc(-z * 0.7071067811865476), 1.13 * radius + 64.0 * unit * abs(z)
    inner = 0.7978845608028654 * (z + 0.044715 * z * z * z)
    off = 64.0 * unit * abs(z) * (1.0 + min(z * z, 100.0))
    return 0.5 * z * (1.0 + math.tanh(inner)), 1.13 * radius + off


@njit(cache=True, nogil=True, error_model="numpy")
def fill(below, off, weights, scale, code, slope, outward, rows, spread, unit, tiny, values, radii):
    """The entries of a neuron: values[0] = 0, and values[1 + in_mask * (2^o - 1) + out_mask - 1] for its kept parameters.

    below, off : (f, k) what its f parameters multiply (ones for the bias), and how far that may be off; weights (f,)
    outward (o,), rows (o,) : its weights into the outputs, and which outputs
    spread : growth of a radius for the sum over all neurons, in units of 2^-53
    values : (1 + 2^f (2^o - 1), d_out * k), radii : one for each
    """
    f, k = below.shape
    o = outward.size
    states = 1 << f
    z, r = np.zeros((states, k)), np.zeros((states, k))
    for j in range(f):  # the sums of all subsets of parameters, by doubling; errors grow by u times the sum each time
        half = 1 << j
        for t in range(k):
            term = weights[j] * below[j, t]
            size = abs(weights[j]) * off[j, t] + unit * abs(term)
            if below[j, t] != 0.0 or off[j, t] != 0.0:
                size += tiny
            for s in range(half):
                total = z[s, t] + term
                z[half + s, t] = total
                r[half + s, t] = r[s, t] + size + (unit * abs(total) if z[s, t] != 0.0 else 0.0)
    values[0] = 0.0
    radii[0] = 0.0
    e = 1
    for s in range(states):
        for t in range(k):
            total = scale * z[s, t]
            radius = (
                r[s, t] if scale == 1.0 else scale * r[s, t] + unit * abs(total) + (tiny if r[s, t] != 0.0 else 0.0)
            )
            z[s, t], r[s, t] = _active(code, slope, total, radius * (1.0 + 256.0 * unit), unit)
        for out in range(1, 1 << o):
            values[e] = 0.0
            worst, largest = 0.0, 0.0
            for q in range(o):
                if out >> q & 1:
                    for t in range(k):
                        term = outward[q] * z[s, t]
                        values[e, rows[q] * k + t] = term
                        size = abs(outward[q]) * r[s, t] + unit * abs(term)
                        if z[s, t] != 0.0 or r[s, t] != 0.0:
                            size += tiny
                        worst = max(worst, size)
                        largest = max(largest, abs(term))
            radii[e] = 2.0 * (worst + spread * unit * largest)
            e += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _crossed_sizes(polys, cover, starts, first, block_polys, block_cover):
    """Of all combinations of the entries of the groups from `first` on: how many masks of each size, and what they cover."""
    length = block_polys.shape[1]
    block_polys[0] = 0
    block_polys[0, 0] = 1
    block_cover[0] = 0
    count = 1
    for g in range(first, starts.size - 1):
        entries = starts[g + 1] - starts[g]
        for i in range(entries - 1, -1, -1):  # entry 0 last: it overwrites what the others start from
            e = starts[g] + i
            for c in range(count):
                new = i * count + c
                block_cover[new] = block_cover[c] | cover[e]
                for a in range(length - 1, -1, -1):  # from above, so that it may be done in place
                    total = np.int64(0)
                    for b in range(a + 1):
                        total += block_polys[c, b] * polys[e, a - b]
                    block_polys[new, a] = total
        count *= entries


@njit(cache=True, nogil=True, error_model="numpy")
def _crossed(values, starts, first, place, row):
    """One coordinate of all combinations of the entries of the groups from `first` on."""
    row[0] = 0.0
    count = 1
    for g in range(first, starts.size - 1):
        for e in range(starts[g + 1] - 1, starts[g] - 1, -1):  # entry 0 last: it overwrites what the others start from
            value, begin = values[e, place], (e - starts[g]) * count
            for c in range(count):
                row[begin + c] = row[c] + value
        count *= starts[g + 1] - starts[g]


@njit(cache=True, nogil=True, error_model="numpy")
def _crossed_radii(radii, starts, first, row):
    """Their radii."""
    row[0] = 0.0
    count = 1
    for g in range(first, starts.size - 1):
        for e in range(starts[g + 1] - 1, starts[g] - 1, -1):
            begin = (e - starts[g]) * count
            for c in range(count):
                row[begin + c] = row[c] + radii[e]
        count *= starts[g + 1] - starts[g]


@njit(cache=True, nogil=True, error_model="numpy")
def _reach(values, starts, order, first, block, least, most):
    """least[g, t], most[g, t]: of what the groups from g on, the block included, can add to coordinate t."""
    for t in range(order.size):
        least[first, t] = block[t].min()
        most[first, t] = block[t].max()
        for g in range(first - 1, -1, -1):
            low, high = np.inf, -np.inf
            for e in range(starts[g], starts[g + 1]):
                low = min(low, values[e, order[t]])
                high = max(high, values[e, order[t]])
            least[g, t] = least[g + 1, t] + low
            most[g, t] = most[g + 1, t] + high


@njit(cache=True, nogil=True, error_model="numpy")
def _product(
    values, radii, polys, cover, starts, first, order, low, high, slack, need,
    block, block_radii, block_polys, block_cover, begin, end, listing, histogram, config, found, used,
):  # fmt: skip
    """Combinations begin <= index < end of the outer groups, each with the whole block; returns (next index, rows of found used).

    Adds to histogram the sizes of what is inside for sure; writes (config, index, entry of the block, inside) to `found`: what has to
    be decided exactly, and in `listing` what is inside, too. Stops where `found` might overflow.
    """
    d, inner = block.shape
    length = polys.shape[1]
    base = np.zeros((first + 1, d))
    base_radius = np.zeros(first + 1)
    base_poly = np.zeros((first + 1, length), np.int64)
    base_poly[0, 0] = 1
    base_cover = np.zeros(first + 1, np.int64)
    least, most = np.empty((first + 1, d)), np.empty((first + 1, d))
    made = 0  # coordinates of the block that are there
    _crossed_radii(radii, starts, first, block_radii)
    if first > 0:
        while made < d:
            _crossed(values, starts, first, order[made], block[made])
            made += 1
        _reach(values, starts, order, first, block, least, most)
    stride = np.ones(first + 1, np.int64)  # combinations of the groups from g on; group 0 turns slowest
    for g in range(first - 1, -1, -1):
        stride[g] = stride[g + 1] * (starts[g + 1] - starts[g])
    away = np.empty(inner)
    alive = np.empty(inner, np.int64)
    sizes = np.zeros(length, np.int64)
    digits = np.full(first, -1, np.int64)
    index = begin
    while index < end:
        if found.shape[0] - used < inner:
            return index, used
        skip, changed = np.int64(0), False
        for g in range(first):
            digit = (index // stride[g + 1]) % (starts[g + 1] - starts[g])
            if not changed and digits[g] == digit:
                continue
            changed = True
            digits[g] = digit
            e = starts[g] + digit
            base_radius[g + 1] = base_radius[g] + radii[e]
            base_cover[g + 1] = base_cover[g] | cover[e]
            for t in range(d):
                total = base[g, t] + values[e, order[t]]
                base[g + 1, t] = total
                if total + most[g + 1, t] < low[t] - slack or total + least[g + 1, t] > high[t] + slack:
                    skip = stride[g + 1]  # nothing below this one can reach the window
                    break
            if skip > 0:
                digits[g:] = -1
                break
            base_poly[g + 1] = 0
            for b in range(length):
                if polys[e, b]:
                    for a in range(length - b):
                        base_poly[g + 1, a + b] += base_poly[g, a] * polys[e, b]
        if skip > 0:
            index = (index // skip + 1) * skip
            continue
        away[:] = -np.inf
        count, t = inner, 0
        while t < d and 4 * count > inner:
            if t == made:
                _crossed(values, starts, first, order[t], block[t])
                made += 1
            total, lower, upper = base[first, t], low[t], high[t]
            row = block[t]
            count = 0
            for c in range(inner):
                z = total + row[c]
                away[c] = max(away[c], max(lower - z, z - upper))
                count += away[c] <= slack
            t += 1
        if count > 0:
            count = 0
            for c in range(inner):
                alive[count] = c
                count += away[c] <= slack
                if count == inner:
                    break
            hit = False
            while made < d:
                _crossed(values, starts, first, order[made], block[made])
                made += 1
            for i in range(count):
                c = alive[i]
                distance = away[c]
                for s in range(t, d):
                    z = base[first, s] + block[s, c]
                    distance = max(distance, max(low[s] - z, z - high[s]))
                    if distance > slack:
                        break
                radius = base_radius[first] + block_radii[c]
                if distance > radius:
                    continue
                if need >= 0 and base_cover[first] | block_cover[c] != need:
                    continue
                inside = distance <= -radius
                if inside:
                    hit = True
                    for a in range(length):
                        sizes[a] += block_polys[c, a]
                if listing or not inside:
                    found[used, 0], found[used, 1], found[used, 2], found[used, 3] = config, index, c, inside
                    used += 1
            if hit:
                for b in range(length):
                    if sizes[b]:
                        for a in range(length - b):
                            histogram[a + b] += base_poly[first, a] * sizes[b]
                        sizes[b] = 0
        index += 1
    return index, used


@njit(cache=True, nogil=True, error_model="numpy")
def walk(values, radii, polys, starts, first, inner, order, low, high, slack, begin, end, listing, histogram, found):
    """Combinations begin <= index < end of the groups before `first`, each with all of the others; see `_product`."""
    length = polys.shape[1]
    cover = np.zeros(radii.size, np.int64)
    block, block_radii = np.empty((order.size, inner)), np.empty(inner)
    block_polys, block_cover = np.empty((inner, length), np.int64), np.empty(inner, np.int64)
    _crossed_sizes(polys, cover, starts, first, block_polys, block_cover)
    return _product(
        values, radii, polys, cover, starts, first, order, low, high, slack, np.int64(-1),
        block, block_radii, block_polys, block_cover, begin, end, listing, histogram, np.int64(0), found, np.int64(0),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _forward(mask, inputs, off, below, unit, tiny, values, radii):
    """Values (n, k) of the last of some layers of a pruned network, and bounds of their errors.

    below : widths, the inputs' first; scales, activations and slopes of the layers; their numbers row by row, the bias at the end of its
    row; and which bit of the mask says whether each is kept, -1 for none
    """
    widths, scales, codes, slopes, numbers, bits = below
    k = inputs.shape[1]
    next_values, next_radii = np.empty_like(values), np.empty_like(radii)
    values[: widths[0]] = inputs
    radii[: widths[0]] = off
    place = 0
    for i in range(scales.size):
        for r in range(widths[i + 1]):
            sums, sizes = next_values[r], next_radii[r]
            sums[:] = 0.0
            sizes[:] = 0.0
            for c in range(widths[i] + 1):
                if bits[place] >= 0 and mask[bits[place]]:
                    weight = numbers[place]
                    for t in range(k):
                        value, radius = (values[c, t], radii[c, t]) if c < widths[i] else (1.0, 0.0)
                        term = weight * value
                        size = abs(weight) * radius + unit * abs(term)
                        if value != 0.0 or radius != 0.0:
                            size += tiny
                        before = sums[t]
                        sums[t] = before + term
                        sizes[t] += size + (unit * abs(sums[t]) if before != 0.0 else 0.0)
                place += 1
            for t in range(k):
                total = scales[i] * sums[t]
                radius = sizes[t]
                if scales[i] != 1.0:
                    radius = scales[i] * radius + unit * abs(total) + (tiny if radius != 0.0 else 0.0)
                sums[t], sizes[t] = _active(codes[i], slopes[i], total, radius * (1.0 + 256.0 * unit), unit)
        values, next_values = next_values, values
        radii, next_radii = next_radii, radii
    if scales.size % 2 == 1:  # the caller's arrays are the other ones
        next_values[:] = values
        next_radii[:] = radii


@njit(cache=True, nogil=True, error_model="numpy")
def walk_deep(
    masks, inputs, off, below, layer, groups, spread, unit, tiny, margin,
    polys, cover, needs, starts, first, inner, outer, order, low, high, kinds, config, index, listing, histograms, found,
):  # fmt: skip
    """The same for each mask (b, parameters below) of the layers below the last hidden one, from (config, index) on.

    inputs, off : (d_in, k)
    below : of the layers below, widths, scales, activations, slopes, weights and biases, numbers of the parameters (see `_forward`)
    layer : scale, activation, slope of the last hidden layer
    groups : weights, bounds of the parameters of each group, what they multiply (n for the bias), weights and rows into the outputs, their
        bounds; groups beyond those are biases of the outputs, already in (weights, rows)
    margin : added to every radius that is not zero, for the rounding of the window
    needs : (b,) neurons below, as bits, of which all and no others must be used, or -1; kinds : (b,) into which histogram
    """
    scale, code, slope = layer
    weights, ins, multiplied, outward, rows, outs = groups
    states, k, n = masks.shape[0], inputs.shape[1], below[0][-1]
    widest = below[0].max()
    values_below, off_below = np.empty((widest, k)), np.empty((widest, k))
    d = order.size
    total = starts[-1]
    values, radii = np.zeros((total, d)), np.zeros(total)
    block, block_radii = np.empty((d, inner)), np.empty(inner)
    block_polys, block_cover = np.empty((inner, polys.shape[1]), np.int64), np.empty(inner, np.int64)
    _crossed_sizes(polys, cover, starts, first, block_polys, block_cover)
    neurons = ins.size - 1
    for g in range(neurons, starts.size - 1):  # biases of the outputs
        q = outs[g]
        values[starts[g] + 1, rows[q] * k : (rows[q] + 1) * k] = outward[q]
        radii[starts[g] + 1] = 2.0 * spread * unit * abs(outward[q]) + (margin if unit > 0.0 else 0.0)
    used = np.int64(0)
    while config < states:
        _forward(masks[config], inputs, off, below, unit, tiny, values_below, off_below)
        for g in range(neurons):
            f = ins[g + 1] - ins[g]
            mine, mine_off = np.ones((f, k)), np.zeros((f, k))
            for j in range(f):
                source = multiplied[ins[g] + j]
                if source < n:
                    mine[j] = values_below[source]
                    mine_off[j] = off_below[source]
            fill(
                mine, mine_off, weights[ins[g] : ins[g + 1]], scale, code, slope, outward[outs[g] : outs[g + 1]],
                rows[outs[g] : outs[g + 1]], spread, unit, tiny, values[starts[g] : starts[g + 1]], radii[starts[g] : starts[g + 1]],
            )  # fmt: skip
            for e in range(starts[g], starts[g + 1]):
                if radii[e] > 0.0:
                    radii[e] += margin
        slack = 0.0
        for g in range(starts.size - 1):
            slack += radii[starts[g] : starts[g + 1]].max()
        index, used = _product(
            values, radii, polys, cover, starts, first, order, low, high, slack, needs[config],
            block, block_radii, block_polys, block_cover, index, outer, listing, histograms[kinds[config]], config, found, used,
        )  # fmt: skip
        if index < outer:
            return config, index, used
        config, index = config + 1, 0
    return config, index, used
