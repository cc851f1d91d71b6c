"""Laws of random weights: from 64-bit words of a bit generator to independent float64 values.

NumPy promises the raw words of a bit generator for ever, but not what `Generator.uniform` makes of them; a seed that is
stored in a ticket must give the same weights in ten years, so the words are mapped here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Law:
    """A distribution of weights: symmetric about 0, never exactly 0, one raw word per value.

    Parameters
    ----------
    name : str
        The key in `LAWS`.
    formula : str
        The distribution in TeX.
    from_words : function
        ``(...,) uint64 -> (...,) float64``; independent uniform words give independent values of the law.
    """

    name: str
    formula: str
    from_words: Callable[[NDArray[np.uint64]], NDArray[np.float64]]


def _uniform(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The odd multiples of 2^-53 in (-1, 1), equally likely: spacing 2^-52, no rounding, the same on every machine.

    With u = (word >> 11) * 2^-53 in [0, 1), this is 2 u - 1 moved up by half a step of its grid.
    """
    odd = ((words >> np.uint64(10)) | np.uint64(1)).astype(np.int64) - (1 << 53)
    return odd.astype(np.float64) * 2.0**-53


def _normal(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The normal quantile at the midpoints of 2^52 equal cells of (0, 1); magnitudes between 2.8e-16 and 8.21.

    52 bits, so that a midpoint is exact: with 53 the last one rounds to 1 and its quantile is infinite. The words are
    reproducible everywhere, the quantile as far as `scipy.special.ndtri` and the machine's logarithm are: to the last
    bits.
    """
    from scipy.special import ndtri

    midpoints = ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return np.asarray(ndtri(midpoints), dtype=np.float64)


LAWS: Final[dict[str, Law]] = {
    law.name: law
    for law in (
        Law("uniform", r"\mathcal{U}[-1, 1]", _uniform),
        Law("normal", r"\mathcal{N}(0, 1)", _normal),
    )
}
