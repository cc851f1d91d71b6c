"""One large instance, up to 64 samples: its slices are dealt to threads, can be watched, and can be stopped.

`closest_one` finds the closest subset, `within` lists every subset whose error lies between two bounds. Both work on one row in fixed
point (`batch.FixedPoint`) and leave to the caller what only exact arithmetic can tell apart. Memory: 24 bytes for each of the 2^(n/4) to
2^22 words of an inner list, thus below 0.4 GB at n = 64, and a few MiB a thread.
"""

from slth.subset_sum.streaming.closest import Found, closest_one
from slth.subset_sum.streaming.window import Listing, within

__all__ = ["Found", "Listing", "closest_one", "within"]
