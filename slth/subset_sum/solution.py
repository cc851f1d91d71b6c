"""What a solve returns: frozen arrays, one entry an instance, and a status that says how much is proven."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.masks import unpack


class Status(IntEnum):
    """How far an answer may be trusted; ``Status(s).message`` says it in words."""

    OPTIMAL = 0
    WITHIN_EPSILON = 1
    NOT_FOUND = 2
    HEURISTIC = 3
    LIMIT = 4

    @property
    def message(self) -> str:
        return _MESSAGES[self]


_MESSAGES = {
    Status.OPTIMAL: "proven: no subset is closer in exact arithmetic",
    Status.WITHIN_EPSILON: "a subset within epsilon was found; a closer one may exist",
    Status.NOT_FOUND: "proven: no subset lies within epsilon; ask for a larger epsilon or give more samples",
    Status.HEURISTIC: "a subset was found by a heuristic; nothing is proven about closer ones",
    Status.LIMIT: "the limit was reached before the proof was complete; this is the best subset seen",
}


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """Chosen subsets. Every array has the broadcast batch shape of the call (numpy scalars for a single instance).

    Attributes
    ----------
    mask : (...) uint64
        Bit i is set if sample i is chosen. Above 64 samples: (..., ceil(n / 64)) uint64, bit i % 64 of word i // 64.
    sum, error : (...) float64
        Sum of the chosen samples and its distance to the target, both recomputed from the samples: exact, then rounded once. int64 where
        samples and target are integers. For vectors the sum is (..., d) and the error its norm.
    size : (...) int64
        Number of chosen samples.
    status : (...) uint8 of `Status`
        What is proven.
    n : int
        Number of samples.
    multipliers : (..., n) int64 or None
        Coefficients where others than 0 and 1 were asked for; read `coefficients`.
    """

    mask: NDArray[np.uint64]
    sum: NDArray[Any]
    error: NDArray[Any]
    size: NDArray[np.int64]
    status: NDArray[np.uint8]
    n: int
    multipliers: NDArray[np.int64] | None = None

    @property
    def chosen(self) -> NDArray[np.bool_]:
        """(..., n) bool: the masks unpacked."""
        mask = np.asarray(self.mask)
        if self.n <= 64:
            return unpack(mask, self.n)
        words = unpack(mask, 64)
        return words.reshape(*mask.shape[:-1], -1)[..., : self.n]

    @property
    def coefficients(self) -> NDArray[np.int64]:
        """(..., n) int64: what each sample was multiplied by."""
        return self.chosen.astype(np.int64) if self.multipliers is None else self.multipliers

    def _summary(self) -> dict[str, Any]:
        status, counts = np.unique(np.asarray(self.status), return_counts=True)
        return {
            "instances": int(np.size(self.size)),
            "samples": self.n,
            "largest error": f"{np.max(self.error):.3g}",
            "median error": f"{np.quantile(self.error, 0.5, method='lower'):.3g}",
            "mean size": f"{np.mean(self.size):.4g}",
            "status": ", ".join(f"{Status(s).name} x{c:,}" for s, c in zip(status, counts, strict=True)),
        }

    def __repr__(self) -> str:
        if np.ndim(self.size) == 0:
            return (
                f"Solution({self._choice()}, sum={self.sum!s}, error={self.error:.3g}, {Status(int(self.status)).name})"
            )
        return f"Solution({', '.join(f'{key}={value}' for key, value in self._summary().items())})"

    def _choice(self) -> str:
        """The chosen samples, or their coefficients, of a single instance; long ones in words."""
        if self.n > 64:
            return f"chosen={int(self.size):,} of {self.n:,}"
        if self.multipliers is not None:
            return f"coefficients={self.multipliers.tolist()}"
        return f"chosen={np.flatnonzero(self.chosen).tolist()}"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in self._summary().items())
        return f"<table>{rows}</table>"
