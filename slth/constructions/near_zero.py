r"""The activation of an inserted layer, near zero two straight lines: Burkholz, "Most activation functions can win the lottery without
excessive depth" (NeurIPS 2022), assumption on activations, and the first layer of the theorem of depth L + 1.

The assumption: phi(y) - phi(0) is about m_+ y for y >= 0 and m_- y for y < 0, near 0, and m_+ + m_- != 0. A hidden neuron that keeps one
weight u computes phi(s u x), s > 0 the scale of the layer; a weight v behind it and the scale t of the layer behind it make of this
t v phi(s u x). What takes the place of a target weight w is then, with sums over the kept neurons,

* m_+ = m_- = m, as for tanh and sigmoid: w = t s m (sum of v u). No halves: every neuron serves, whatever the sign of its u.
* m_+ != m_-, as for leaky ReLU: let A be the sum of v |u| over u > 0, B that over u < 0. Where x > 0 the sum of v phi(u x) is
  (m_+ A - m_- B) x, where x < 0 it is (m_- A - m_+ B) x. Both are w x if and only if A = -B = w / (m_+ + m_-): the two subset sums of a
  ReLU network, for a smaller or larger weight (phi(x) - phi(-x) = (m_+ + m_-) x). Where x >= 0 always, one half does with A = w / m_+.

What is left out. For all real y

    |phi(y) - phi(0) - m y| <= m c |y|^p,    tanh: c = 1/3, p = 3; sigmoid: 1/12, 3; GELU, both kinds: sqrt(2/pi), 2; 0 if phi is straight

(``proofs_checks/burkholz_2022.py``; for the GELU with tanh let k = sqrt(2/pi), a = 0.044715, z = k (y + a y^3) and y > 0: the slope of
k y - tanh z is k (1 - (1 + 3 a y^2) / cosh(z)^2) >= 0, since cosh(z)^2 >= 1 + z^2 >= 1 + k^2 y^2 and k^2 > 3 a). A sum of t v phi(s u x) is
therefore within t m c (sum of |v| |s u|^p) |x|^p of its linear part, which goes like s^(p - 1) once t s is fixed.

Rounding is what a small s costs, and only where phi(0) != 0: t = T / (s m) makes T phi(0) / (s m) of each unit roundoff in phi(0). With
phi(0) = 0 floating point keeps all digits of phi(s u x) however small it is, so that s is taken where the curvature is one rounding,
c (s R)^(p - 1) = 2^-53 for |u x| <= R, and nothing would be gained below. Measured on a layer 3-4, [-1, 1]^3, width 58, whose weights alone
leave 5e-12: tanh at s = 0.1, 0.01, 1e-3, 1e-4, 1e-5 is off by 3.4e-3, 3.4e-5, 3.4e-7, 3.4e-9, 3.4e-11 (certified: 8 times as much), and at
the chosen 1.5e-8 by 5.5e-12 (certified 6.8e-12). For the sigmoid see `slth.constructions.extra_layer.offsets`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slth.bounds.networks.extra_layer import CURVATURE
from slth.networks.activations import activation

Floats = NDArray[np.float64]

ROUNDINGS: Final = 68  # of an activation and its argument, one after another
_LEAST: Final = 2.0**-300  # scale
_STEEPEST: Final = 2.0**20  # slope of a leaky ReLU: roundings grow with it


class Lines(NamedTuple):
    """phi near zero: its value, its slopes on the right and on the left, and c and p of what is left out (c = 0 for nothing)."""

    value: float
    right: float
    left: float
    curvature: float = 0.0
    power: int = 1


_SMOOTH: Final = {
    "tanh": Lines(0.0, 1.0, 1.0, *CURVATURE["tanh"]),
    "sigmoid": Lines(0.5, 0.25, 0.25, *CURVATURE["sigmoid"]),
    "gelu": Lines(0.0, 0.5, 0.5, *CURVATURE["gelu"]),
    "gelu-tanh": Lines(0.0, 0.5, 0.5, *CURVATURE["gelu"]),
}


def lines(name: str) -> Lines:
    """How an activation looks near zero.

    Raises
    ------
    ValueError
        If there is no such activation, its two slopes cancel (m_+ + m_- = 0: no sum of its values is a linear map) or are too far apart,
        or how far it is from straight is not known.
    """
    function = activation(name)
    if name in _SMOOTH:
        return _SMOOTH[name]
    if not (name in ("relu", "identity") or name.startswith("leaky-relu")):
        raise ValueError(
            f"how far {name!r} is from two lines near 0 is not known; choose 'relu', 'identity', 'leaky-relu(SLOPE)' or one of "
            f"{', '.join(map(repr, _SMOOTH))} for the inserted layer"
        )
    right, left = (float(function(np.array([y]))[0]) / y for y in (1.0, -1.0))
    if right + left == 0:
        raise ValueError(
            f"the inserted layer cannot have activation {name!r}: its slopes {right:g} and {left:g} at 0 add up to 0, so that it is even "
            "and no sum of its values is a linear map; choose slopes that do not cancel, such as 'leaky-relu(0.1)'"
        )
    if abs(left) > _STEEPEST:
        raise ValueError(
            f"the inserted layer cannot have activation {name!r}: its slopes {right:g} and {left:g} at 0 are so far apart that no error "
            f"can be certified; choose one of at most {_STEEPEST:g}"
        )
    return Lines(0.0, right, left)


@dataclass(frozen=True)
class NearZero:
    """The hidden layer phi(scale (U x + b)) of a two-layer gadget.

    Parameters
    ----------
    activation : str
        phi, as in `slth.networks.Dense`.
    scale : float > 0
        s.

    Raises
    ------
    ValueError
        If the scale is not within 2^-300 and 2^300, where its third power is a float64.
    """

    activation: str = "relu"
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not _LEAST <= self.scale <= 1 / _LEAST:
            raise ValueError(
                f"the scale of an inserted layer must lie within 2^-300 and 2^300, got {self.scale!r}; leave it out, and it is chosen"
            )

    @property
    def lines(self) -> Lines:
        """phi near zero."""
        return lines(self.activation)

    @property
    def halved(self) -> bool:
        """Whether a neuron serves one half of its input, by the sign of its weight."""
        return self.lines.right != self.lines.left

    @property
    def curved(self) -> bool:
        """Whether something is left out: then the scale matters."""
        return self.lines.curvature > 0

    @property
    def unit(self) -> float:
        """What a product v u is worth behind the hidden layer: s m; 1 where `worth` tells it."""
        return self.scale * self.lines.right if self.curved else 1.0

    @property
    def roundings(self) -> int:
        """How many roundings in a row the value of a neuron has, in units of what it hands over."""
        return ROUNDINGS * math.ceil(activation(self.activation).lipschitz / abs(self.lines.right))

    def worth(self, both: NDArray[np.bool_]) -> Floats:
        """What |u| is worth to a half of an input that takes `both` signs or one: m_+ + m_- or m_+; 1 where there are no halves."""
        right, left = self.lines[1:3]
        return np.where(both, right + left, right) if self.halved else np.ones(both.shape)

    def constants(self, biases: Floats) -> Floats:
        """What neurons without a weight put out."""
        return np.asarray(activation(self.activation)(self.scale * biases))

    def slopes(self, u: Floats) -> tuple[Floats, Floats]:
        """What neurons with weights u hand over of relu(x) and of relu(-x)."""
        right, left = self.lines[1:3]
        return self.scale * u * np.where(u > 0, right, left), -self.scale * u * np.where(u < 0, right, left)

    def left_out(self, u: Floats) -> Floats:
        """Bounds of |phi(s u x) - phi(0) - s m u x| / |x|^p."""
        _, slope, _, curvature, power = self.lines
        return np.asarray(slope * curvature * np.maximum(np.abs(self.scale * u) ** power, 1e-290) * (1 + 2.0**-48))

    def at_rounding(self, reach: float) -> NearZero:
        """With the scale, a power of two, at which what is left out at |u x| <= reach is no more than a rounding."""
        _, _, _, curvature, power = self.lines
        if not reach > 0:
            return self
        widest = (2.0**-53 / curvature) ** (1 / (power - 1))
        return self.with_scale(widest / min(reach, 1e300))

    def with_scale(self, most: float) -> NearZero:
        """With the largest power of two below."""
        return NearZero(self.activation, 2.0 ** math.floor(math.log2(min(max(most, _LEAST), 1 / _LEAST))))


RELU: Final = NearZero()
