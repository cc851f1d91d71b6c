"""Edge-popup as Ramanujan et al. (2020) state it, for a network of two dense layers without biases: a transcription, step by step."""

import numpy as np


def edge_popup(w1, w2, s1, s2, batches, keep1, keep2, rates, momentum, decay):
    """Scores of both layers after a step for each batch (x, labels): all sorted, all in float64."""
    scores, weights, keeps = [s1.astype(float), s2.astype(float)], [w1.astype(float), w2.astype(float)], [keep1, keep2]
    velocity = [np.zeros_like(s) for s in scores]
    for (x, labels), rate in zip(batches, rates, strict=True):
        kept = []
        for w, s, keep in zip(weights, scores, keeps, strict=True):
            order = np.argsort(np.abs(s), axis=None)
            mask = np.zeros(w.size)
            mask[order[w.size - keep :]] = 1
            kept.append(w * mask.reshape(w.shape))
        hidden = np.maximum(x @ kept[0].T, 0)
        out = hidden @ kept[1].T
        chance = np.exp(out - out.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        chance[np.arange(len(x)), labels] -= 1
        chance /= len(x)
        g2 = chance.T @ hidden
        g1 = ((chance @ kept[1]) * (hidden > 0)).T @ x
        for i, g in enumerate((g1, g2)):
            slope = np.sign(scores[i]) * weights[i] * g + decay * scores[i]
            velocity[i] = momentum * velocity[i] + slope
            scores[i] = scores[i] - rate * velocity[i]
    return scores
