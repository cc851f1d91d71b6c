"""Checks of what methods are set to."""

from __future__ import annotations

import math


def not_negative(value: float, name: str) -> None:
    """Raise a ValueError unless ``0 <= value`` and it is finite."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be >= 0 and finite, got {value}")


def share(value: float, name: str) -> None:
    """Raise a ValueError unless ``0 <= value < 1``."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value}")
