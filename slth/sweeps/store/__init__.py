"""Results of blocks in one SQLite file.

errors.py: what can be wrong with it; file.py: opened, held by one writer, refused if it is something else; results.py: what it holds;
merging.py: several put together; checking.py: all of it looked through.
"""

from slth.sweeps.store.errors import ConflictError, StoreBusyError, StoreError
from slth.sweeps.store.results import EVERY, Decision, Entry, Store

__all__ = ["EVERY", "ConflictError", "Decision", "Entry", "Store", "StoreBusyError", "StoreError"]
