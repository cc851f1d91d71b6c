"""Kinds of task, one a file: what is measured, what is counted, and what a trial costs.

One target, or all of an interval: `RSSTarget`, `ClosestError`, `RSSInterval`; subsets of a fixed size: `RFSSTarget`, `RFSSInterval`;
integers: `QuantizedTarget`, `Quantized`, `Partition`; in R^d: `Vectors`; moments of counts: `Counts`, `Census`; networks: `Construction`,
`Search`.
"""

from __future__ import annotations

from typing import Final

from slth.sweeps.task import Task
from slth.sweeps.tasks.census import Census
from slth.sweeps.tasks.closest_error import ClosestError
from slth.sweeps.tasks.construction import Construction
from slth.sweeps.tasks.counts import Counts
from slth.sweeps.tasks.partition import Partition
from slth.sweeps.tasks.quantized import Quantized
from slth.sweeps.tasks.quantized_target import QuantizedTarget
from slth.sweeps.tasks.rfss_interval import RFSSInterval
from slth.sweeps.tasks.rfss_target import RFSSTarget
from slth.sweeps.tasks.rss_interval import RSSInterval
from slth.sweeps.tasks.rss_target import RSSTarget
from slth.sweeps.tasks.search import Search
from slth.sweeps.tasks.vectors import Vectors

_CLASSES: Final[tuple[type[Task], ...]] = (
    Census,
    ClosestError,
    Construction,
    Counts,
    Partition,
    Quantized,
    QuantizedTarget,
    RFSSInterval,
    RFSSTarget,
    RSSInterval,
    RSSTarget,
    Search,
    Vectors,
)
KINDS: Final[dict[str, type[Task]]] = {found.kind: found for found in _CLASSES}

__all__ = ["KINDS", *sorted(found.__name__ for found in _CLASSES)]
