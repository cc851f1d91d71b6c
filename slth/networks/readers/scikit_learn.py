"""Networks from scikit-learn, which is not imported: what counts is what the fitted model holds."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from slth.networks.network import Network
from slth.networks.readers.arrays import chain

# Output functions of scikit-learn that act on the logits and leave their order alone; the network stops at the logits.
LOGIT_OUTPUTS: Final = ("identity", "softmax", "logistic")
ACTIVATIONS: Final = {"relu": "relu", "identity": "identity", "logistic": "sigmoid", "tanh": "tanh"}


def from_scikit_learn(model: Any) -> Network:
    """The network of a fitted ``MLPClassifier`` or ``MLPRegressor``.

    Raises
    ------
    ValueError
        If it is not fitted, or its activation or output function is unknown.
    """
    name = type(model).__name__
    if not hasattr(model, "coefs_"):
        raise ValueError(f"this {name} is not fitted and has no weights yet; call fit first")
    if model.activation not in ACTIVATIONS:
        raise ValueError(
            f"activation {model.activation!r} of the {name} is not supported; fit it with 'relu', 'identity', 'logistic' or 'tanh'"
        )
    if model.out_activation_ not in LOGIT_OUTPUTS:
        known = ", ".join(map(repr, LOGIT_OUTPUTS))
        raise ValueError(
            f"output {model.out_activation_!r} of the {name} is not supported; choose a loss with one of {known}"
        )
    layers = [
        (f"coefs_[{i}]", np.asarray(weight).T, bias)  # scikit-learn stores (d_in, d_out)
        for i, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True))
    ]
    return chain(layers, ACTIVATIONS[model.activation])
