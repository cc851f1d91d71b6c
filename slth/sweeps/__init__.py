"""Experiments that outlive a crash: tasks cut into seeded blocks, a store that a kill does not hurt, estimates with intervals.

``collect(tasks, store=..., ...)`` is the front door.
"""

from slth.sweeps.answer import Collected
from slth.sweeps.answer_file import read, write
from slth.sweeps.collecting import collect, iter_collect
from slth.sweeps.curves.curve import Curve, curves_of
from slth.sweeps.curves.decay import Decay, fit_decay
from slth.sweeps.curves.thresholds import ThresholdEstimate, find_thresholds
from slth.sweeps.estimates import Estimate
from slth.sweeps.export import write_table
from slth.sweeps.running import BlockError
from slth.sweeps.spec import Spec, SpecError, read_spec
from slth.sweeps.stopping import HalfWidth, Stop, Successes, Trials
from slth.sweeps.store import ConflictError, Store, StoreBusyError, StoreError
from slth.sweeps.stored import stored
from slth.sweeps.tally import Tally
from slth.sweeps.task import Task

__all__ = [
    "BlockError",
    "Collected",
    "ConflictError",
    "Curve",
    "Decay",
    "Estimate",
    "HalfWidth",
    "Spec",
    "SpecError",
    "Stop",
    "Store",
    "StoreBusyError",
    "StoreError",
    "Successes",
    "Tally",
    "Task",
    "ThresholdEstimate",
    "Trials",
    "collect",
    "curves_of",
    "find_thresholds",
    "fit_decay",
    "iter_collect",
    "read",
    "read_spec",
    "stored",
    "write",
    "write_table",
]
