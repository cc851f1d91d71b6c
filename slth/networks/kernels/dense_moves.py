"""Random walks over the masks of a dense piecewise-linear network, each step at the price of the neurons that it changes.

A walker holds, for every input, the pre-activations of all layers. Flipping the weight (i, j) of a layer changes one of them by
weight * activation j; from there the changes of activations that are not zero on all inputs (a neuron dead before and after passes none
on) are added up layer by layer. Inputs lie side by side in blocks, so that the innermost loops run over them in vector lanes. A step that
may end above a bound is given up at the first output of the first block that shows it, and such blocks are asked first the next time;
nothing is written until a step is accepted. Rounding drifts by about 1e-16 a step: every REFRESH accepted steps and at the end everything
is computed anew.

data = (kind, x (blocks, d_in, lanes), wanted (blocks, d_out, lanes), filled (blocks,), tie): `filled` lanes of each block hold inputs.
Loss: SUP, the largest |output - wanted|; or a mean over inputs: RATE, of the largest output not being number wanted[b, 0, q], outputs
within `tie` of one another counting as equal, the first of them as the largest; SQUARED, of half the squared distance from wanted;
ENTROPY, of log(sum(exp(outputs))) less output number wanted[b, 0, q].

net = (widths (L + 1,), weights start (L,), values start (L,), slopes (L,)): layer k has its weights at w[start + i * (d_in + 1) + j], the
bias as one more input j = d_in that is always 1, and the activation z if z > 0 else slope * z. parameters = (layer, unit i, input j,
value), (m,) each.
"""

import math

import numpy as np
from numba import njit

SUP, RATE, SQUARED, ENTROPY = 0, 1, 2, 3
REFRESH = 1000


@njit(cache=True, nogil=True, error_model="numpy")
def _forward(data, w, net, values):
    """Pre-activations (blocks, total, lanes) of all layers from nothing."""
    _, x, _, filled, _ = data
    widths, starts, bases, slopes = net
    for b in range(filled.size):
        lanes = filled[b]
        for k in range(slopes.size):
            inputs, slope = widths[k], slopes[k - 1] if k else 1.0
            for i in range(widths[k + 1]):
                u, at = bases[k] + i, starts[k] + i * (inputs + 1)
                for q in range(lanes):
                    values[b, u, q] = w[at + inputs]
                for j in range(inputs):
                    c = w[at + j]
                    if c == 0.0:
                        continue
                    if k == 0:
                        for q in range(lanes):
                            values[b, u, q] += c * x[b, j, q]
                    else:
                        v = bases[k - 1] + j
                        for q in range(lanes):
                            z = values[b, v, q]
                            values[b, u, q] += c * (z if z > 0.0 else slope * z)


@njit(cache=True, nogil=True, error_model="numpy")
def _worst(b, i, u, data, slope, values, error, bits):
    """Largest error of output i, unit u, over the inputs of block b. Floats >= 0 are ordered like the integers of their bits, and a
    largest integer is found in vector lanes."""
    wanted, filled = data[2], data[3]
    for q in range(filled[b]):
        z = values[b, u, q]
        error[q] = abs((z if z > 0.0 else slope * z) - wanted[b, i, q])
    top = np.int64(0)
    for q in range(filled[b]):
        top = max(top, bits[q])
    bits[-1] = top
    return error[-1]


@njit(cache=True, nogil=True, error_model="numpy")
def _summed(b, data, base, classes, slope, values, fresh, touched, use, best, label):
    """The sum over the inputs of block b of what RATE, SQUARED or ENTROPY average; units from `fresh` where `use` and touched."""
    kind, _, wanted, filled, tie = data
    for q in range(filled[b]):
        best[q], label[q] = 0.0 if kind == SQUARED else -math.inf, -1
    for i in range(classes):
        u = base + i
        new = use and touched[b, u]
        for q in range(filled[b]):
            z = fresh[b, u, q] if new else values[b, u, q]
            z = z if z > 0.0 else slope * z
            if kind == SQUARED:
                best[q] += 0.5 * (z - wanted[b, i, q]) ** 2
            else:
                better = z > best[q] + tie
                best[q] = z if better else best[q]
                label[q] = i if better else label[q]
    total = 0.0
    for q in range(filled[b]):
        if kind == SQUARED:
            total += best[q]
        elif kind == RATE:
            total += 0.0 if label[q] == np.int64(wanted[b, 0, q]) else 1.0
        else:
            powers = 0.0
            for i in range(classes):
                u = base + i
                z = fresh[b, u, q] if use and touched[b, u] else values[b, u, q]
                powers += math.exp((z if z > 0.0 else slope * z) - best[q])
            u = base + np.int64(wanted[b, 0, q])
            z = fresh[b, u, q] if use and touched[b, u] else values[b, u, q]
            total += math.log(powers) + best[q] - (z if z > 0.0 else slope * z)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _total(kind, filled, losses):
    """The loss, from the largest errors (blocks, d_out), or the sums over inputs (blocks, 1)."""
    loss = 0.0
    for b in range(losses.shape[0]):
        for i in range(losses.shape[1]):
            loss = max(loss, losses[b, i]) if kind == SUP else loss + losses[b, i]
    return loss if kind == SUP else loss / filled.sum()


@njit(cache=True, nogil=True, error_model="numpy")
def _try(bound, data, w, net, flips, count, losses, values, work):
    """Loss after some flips, infinite as soon as it surely exceeds the bound; then nothing else has meaning.

    flips: (layer, unit, input, signed value) arrays of which `count` count. What changes goes to `work`: units of block b that are
    touched, up to layer reached[b]. One long loop: calls for every unit would cost more than it.
    """
    kind, x, wanted, filled, _ = data
    widths, starts, bases, slopes = net
    layer, unit, source, step = flips
    fresh, fresh_losses, touched, reached, order, live, delta, changed, span, error, bits, label = work
    top, blocks = slopes.size - 1, filled.size
    first, last, some = layer[0], layer[0], 0
    for f in range(count):
        first, last = min(first, layer[f]), max(last, layer[f])
    for f in range(count):
        if layer[f] == first:
            seen = False
            for c in range(some):
                seen = seen or changed[c] == unit[f]
            if not seen:
                changed[some] = unit[f]
                some += 1
    span[0] = first
    missed, inputs_in_all = 0.0, filled.sum()
    for turn in range(blocks):
        b = order[turn]
        lanes = filled[b]
        alive = 0
        reached[b] = top
        beyond = False
        for k in range(first, top + 1):
            if alive == 0 and k > last:
                reached[b] = k - 1
                break
            outputs, inputs, base, slope = widths[k + 1], widths[k], bases[k], slopes[k]
            slope_in = slopes[k - 1] if k else 1.0
            old_side, side = k & 1, 1 - (k & 1)
            found = 0
            if k == first:
                for i in range(outputs):
                    touched[b, base + i] = False
            for n in range(some if k == first else outputs):
                i = changed[n] if k == first else n
                u, at = base + i, starts[k] + i * (inputs + 1)
                hit = False
                for c in range(alive):
                    factor = w[at + live[old_side, c]]
                    if factor == 0.0:
                        continue
                    if hit:
                        for q in range(lanes):
                            fresh[b, u, q] += factor * delta[old_side, c, q]
                    else:
                        for q in range(lanes):
                            fresh[b, u, q] = values[b, u, q] + factor * delta[old_side, c, q]
                        hit = True
                if k <= last:
                    for f in range(count):
                        if layer[f] != k or unit[f] != i:
                            continue
                        if not hit:
                            for q in range(lanes):
                                fresh[b, u, q] = values[b, u, q]
                            hit = True
                        j, factor = source[f], step[f]
                        if j == inputs:
                            for q in range(lanes):
                                fresh[b, u, q] += factor
                        elif k == 0:
                            for q in range(lanes):
                                fresh[b, u, q] += factor * x[b, j, q]
                        else:
                            v = bases[k - 1] + j
                            if k > first and touched[b, v]:
                                for q in range(lanes):
                                    z = fresh[b, v, q]
                                    fresh[b, u, q] += factor * (z if z > 0.0 else slope_in * z)
                            else:
                                for q in range(lanes):
                                    z = values[b, v, q]
                                    fresh[b, u, q] += factor * (z if z > 0.0 else slope_in * z)
                touched[b, u] = hit
                if hit and k < top:
                    moved = 0
                    for q in range(lanes):
                        old, now = values[b, u, q], fresh[b, u, q]
                        d = (now if now > 0.0 else slope * now) - (old if old > 0.0 else slope * old)
                        delta[side, found, q] = d
                        moved |= 1 if d != 0.0 else 0
                    if moved:
                        live[side, found] = i
                        found += 1
                elif hit and kind == SUP:
                    for q in range(lanes):
                        z = fresh[b, u, q]
                        error[q] = abs((z if z > 0.0 else slope * z) - wanted[b, i, q])
                    largest = np.int64(0)  # see _worst
                    for q in range(lanes):
                        largest = max(largest, bits[q])
                    bits[-1] = largest
                    fresh_losses[b, i] = error[-1]
                    if fresh_losses[b, i] > bound:
                        beyond = True
                        break
            alive = found
        if kind != SUP:
            if reached[b] < top:
                fresh_losses[b, 0] = losses[b, 0]
            else:
                fresh_losses[b, 0] = _summed(
                    b, data, bases[top], widths[top + 1], slopes[top], values, fresh, touched, True, error, label
                )
            missed += fresh_losses[b, 0]
            beyond = missed / inputs_in_all > bound
        elif not beyond:
            for i in range(widths[top + 1]):
                if reached[b] < top or not touched[b, bases[top] + i]:
                    fresh_losses[b, i] = losses[b, i]
        if beyond:
            order[turn], order[turn // 2] = order[turn // 2], b
            return math.inf
    return _total(kind, filled, fresh_losses)


@njit(cache=True, nogil=True, error_model="numpy")
def _accept(data, net, losses, values, work):
    """Make the values that `_try` computed the walker's own."""
    filled = data[3]
    widths, _, bases, _ = net
    fresh, fresh_losses, touched, reached = work[0], work[1], work[2], work[3]
    for b in range(filled.size):
        for i in range(losses.shape[1]):
            losses[b, i] = fresh_losses[b, i]
        for k in range(work[8][0], reached[b] + 1):
            for u in range(bases[k], bases[k] + widths[k + 1]):
                if touched[b, u]:
                    for q in range(filled[b]):
                        values[b, u, q] = fresh[b, u, q]


@njit(cache=True, nogil=True, error_model="numpy")
def _anew(data, w, net, parameters, mask, losses, values, work):
    """Weights, values and losses of a mask from nothing; returns its loss."""
    kind, _, _, filled, _ = data
    widths, starts, bases, slopes = net
    layer, unit, source, value = parameters
    error, bits, label = work[9], work[10], work[11]
    top = slopes.size - 1
    w[:] = 0.0
    for p in range(mask.size):
        if mask[p]:
            w[starts[layer[p]] + unit[p] * (widths[layer[p]] + 1) + source[p]] = value[p]
    _forward(data, w, net, values)
    base, classes, slope = bases[top], widths[top + 1], slopes[top]
    for b in range(filled.size):
        if kind == SUP:
            for i in range(classes):
                losses[b, i] = _worst(b, i, base + i, data, slope, values, error, bits)
        else:
            losses[b, 0] = _summed(b, data, base, classes, slope, values, values, work[2], False, error, label)
    return _total(kind, filled, losses)


@njit(cache=True, nogil=True, error_model="numpy")
def _buffers(data, net, most):
    """What `_try` works in, for at most `most` flips a step; the first two also as a walker's values and losses."""
    kind, x, _, _, _ = data
    blocks, lanes = x.shape[0], x.shape[2]
    widths, _, bases, slopes = net
    total, wide = bases[slopes.size - 1] + widths[slopes.size], widths.max()
    error = np.zeros(lanes + 1)
    return (
        np.empty((blocks, total, lanes)), np.empty((blocks, widths[slopes.size] if kind == SUP else 1)),
        np.zeros((blocks, total), np.bool_), np.empty(blocks, np.int64), np.arange(blocks), np.empty((2, wide), np.int64),
        np.empty((2, wide, lanes)), np.empty(most, np.int64), np.zeros(1, np.int64), error, error.view(np.int64),
        np.empty(lanes, np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _flip(p, at, net, parameters, mask, flips):
    """Note the flip of parameter p as number `at` of a step, and flip it in the mask."""
    layer, unit, source, value = parameters
    flips[0][at], flips[1][at], flips[2][at] = layer[p], unit[p], source[p]
    flips[3][at] = -value[p] if mask[p] else value[p]
    mask[p] = not mask[p]


@njit(cache=True, nogil=True, error_model="numpy")
def _put(p, w, net, parameters, mask):
    """The weight of parameter p as its mask says."""
    layer, unit, source, value = parameters
    k = layer[p]
    w[net[1][k] + unit[p] * (net[0][k] + 1) + source[p]] = value[p] if mask[p] else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(data, net, parameters, weights, masks, found):
    """Losses of masks (n, m) bool into found (n,); weights: length of w."""
    w, work = np.empty(weights), _buffers(data, net, np.int64(1))
    for n in range(masks.shape[0]):
        found[n] = _anew(data, w, net, parameters, masks[n], work[1], work[0], work)


@njit(cache=True, nogil=True, error_model="numpy")
def swaps(data, net, parameters, weights, masks, found, orders, places, level, slack, best, lowest, accepted):
    """Move every mask of (n, m) by swaps of a kept with a pruned parameter.

    orders (n, m): the parameters in an order, changed in place. places (n, steps, most, 2): a step swaps what stands at two places of the
    order, one of them kept and one not, up to `most` times (fewer where a place is negative), and keeps all or none of its swaps: all if
    the loss is then at most `level`, or, where slack (n, steps) has columns, at most that much above the loss before. found (n,): the
    losses in the end, anew. best (n, m), lowest (n,): the mask of the lowest loss below `lowest`, and that; not kept where best has no
    rows. accepted (n, 2): steps accepted, and the last one's number, from 1 on.
    """
    steps, most = places.shape[1], places.shape[2]
    w, (values, losses) = np.empty(weights), _buffers(data, net, np.int64(1))[:2]
    work = _buffers(data, net, 2 * most)
    flips = np.empty(2 * most, np.int64), np.empty(2 * most, np.int64), np.empty(2 * most, np.int64), np.empty(2 * most)
    for n in range(masks.shape[0]):
        mask, order = masks[n], orders[n]
        for b in range(data[3].size):  # nothing of one walk shows in the next
            work[4][b] = b
        found[n] = _anew(data, w, net, parameters, mask, losses, values, work)
        if best.shape[0] and found[n] < lowest[n]:
            lowest[n], best[n, :] = found[n], mask
        since = 0
        for s in range(steps):
            count = 0
            while count < most and places[n, s, count, 0] >= 0:
                a, b = places[n, s, count, 0], places[n, s, count, 1]
                order[a], order[b] = order[b], order[a]
                _flip(order[b], 2 * count, net, parameters, mask, flips)
                _flip(order[a], 2 * count + 1, net, parameters, mask, flips)
                count += 1
            if count == 0:
                continue
            bound = found[n] + slack[n, s] if slack.shape[1] else level
            loss = _try(bound, data, w, net, flips, 2 * count, losses, values, work)
            good = loss <= bound
            if good:
                _accept(data, net, losses, values, work)
                found[n] = loss
                accepted[n, 0] += 1
                accepted[n, 1] = s + 1
                since += 1
                if best.shape[0] and loss < lowest[n]:
                    lowest[n], best[n, :] = loss, mask
            for back in range(count):
                a, b = places[n, s, count - 1 - back, 0], places[n, s, count - 1 - back, 1]
                if good:
                    _put(order[a], w, net, parameters, mask)
                    _put(order[b], w, net, parameters, mask)
                else:
                    mask[order[a]], mask[order[b]] = not mask[order[a]], not mask[order[b]]
                    order[a], order[b] = order[b], order[a]
            if since == REFRESH:
                since = 0
                found[n] = _anew(data, w, net, parameters, mask, losses, values, work)
        if since:
            found[n] = _anew(data, w, net, parameters, mask, losses, values, work)


@njit(cache=True, nogil=True, error_model="numpy")
def _bin(edges, loss):
    """The first of ascending edges (the last infinite) that the loss does not exceed."""
    b = 0
    while loss > edges[b]:
        b += 1
    return b


@njit(cache=True, nogil=True, error_model="numpy")
def flat_walk(data, net, parameters, weights, mask, first, edges, bulk, log_weights, visits, schedule, trips, draws):
    """Walk a mask (m,) over sizes first, ..., first + S - 1 and bins of the loss, each (size, bin) as likely as exp(-log_weights) says.

    edges (S, B): bin b of size s holds the losses up to edges[s, b] and beyond edges[s, b - 1]; the last is infinite. log_weights, visits
    (S, B) are changed in place. schedule [rate, step, bins]: every step adds `rate` to the weight of where it ends, or bins / step where
    that is less (the 1/t rule) and bins > 0. trips [end, descents, accepted]: end 1 after bin 0, 2 after bin bulk[s] or beyond of a size;
    a descent leads from there to bin 0. draws (steps, 4) in [0, 1): a flip of any parameter where more sizes than one are walked, or a
    swap, are as likely.
    """
    m, sizes, last_bin = mask.size, edges.shape[0], edges.shape[1] - 1
    w, (values, losses) = np.empty(weights), _buffers(data, net, np.int64(1))[:2]
    work = _buffers(data, net, np.int64(2))
    flips = np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2)
    order, place = np.empty(m, np.int64), np.empty(m, np.int64)
    size, at = 0, m
    for p in range(m):
        if mask[p]:
            order[size], place[p] = p, size
            size += 1
        else:
            at -= 1
            order[at], place[p] = p, at
    loss = _anew(data, w, net, parameters, mask, losses, values, work)
    b, since = _bin(edges[size - first], loss), 0
    for s in range(draws.shape[0]):
        count, new_size = 0, size
        if sizes > 1 and draws[s, 0] < 0.5:
            p = np.int64(draws[s, 1] * m)
            new_size = size - 1 if mask[p] else size + 1
            if first <= new_size < first + sizes:
                _flip(p, np.int64(0), net, parameters, mask, flips)
                count = 1
        elif 0 < size < m:
            p, q = order[np.int64(draws[s, 1] * size)], order[size + np.int64(draws[s, 2] * (m - size))]
            _flip(p, np.int64(0), net, parameters, mask, flips)
            _flip(q, np.int64(1), net, parameters, mask, flips)
            count = 2
        if count:
            # accepted where log_weights[new] <= limit: beyond the last such bin the loss need not be known
            limit = log_weights[size - first, b] - math.log(1.0 - draws[s, 3])
            row = new_size - first
            top = last_bin
            while top >= 0 and log_weights[row, top] > limit:
                top -= 1
            new_loss = math.inf
            if top >= 0:
                new_loss = _try(edges[row, top], data, w, net, flips, count, losses, values, work)
            good = False
            if new_loss < math.inf:
                new_bin = _bin(edges[row], new_loss)
                good = log_weights[row, new_bin] <= limit
            if good:
                _accept(data, net, losses, values, work)
                _put(p, w, net, parameters, mask)
                if count == 2:
                    _put(q, w, net, parameters, mask)
                    order[place[p]], order[place[q]] = q, p
                    place[p], place[q] = place[q], place[p]
                else:  # the border between kept and pruned moves by one
                    border = size if new_size > size else size - 1
                    r, here = order[border], place[p]
                    order[border], order[here] = p, r
                    place[p], place[r] = border, here
                size, loss, b = new_size, new_loss, new_bin
                trips[2] += 1
                since += 1
                if since == REFRESH:
                    since = 0
                    loss = _anew(data, w, net, parameters, mask, losses, values, work)
                    b = _bin(edges[size - first], loss)
            else:
                mask[p] = not mask[p]
                if count == 2:
                    mask[q] = not mask[q]
        row = size - first
        schedule[1] += 1.0
        rate = schedule[0]
        if schedule[2] > 0.0:
            rate = min(rate, schedule[2] / schedule[1])
        log_weights[row, b] += rate
        visits[row, b] += 1
        if b == 0:
            if trips[0] == 2:
                trips[1] += 1
            trips[0] = 1
        elif b >= bulk[row]:
            trips[0] = 2
