"""Censuses by sampling, for any network and loss: `splitting` over the error, and `flat_histogram` as the independent second method.

Both walk over masks (`walkers`: any network; `dense_walkers`: fast) on ladders of levels found by a pilot (`ladder`), keep their state in
a `store`, and turn the numbers of independent runs into intervals (`intervals`) and warnings (`report`).
"""
