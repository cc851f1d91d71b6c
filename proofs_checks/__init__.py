"""The proofs, executable: one module a paper, each lemma of it a function that checks it; README.md is the ledger.

`lemma.py` says what a step is, `run.py` runs the steps, `ledger.py` writes README.md, `balls.py`, `chance.py` are the tools of the checks.
"""

from __future__ import annotations

from typing import Final

PAPERS: Final[tuple[str, ...]] = (
    "binomials",
    "explicit_rss",
    "wider_targets",
    "lueker_1998",
    "da_cunha_2022",
    "predictors",
    "malach_2020",
    "orseau_2020",
    "pensia_2020",
    "pensia_2020_lower",
    "da_cunha_2022_cnn",
    "burkholz_2022",
    "natale_2024",
    "natale_2024_corollaries",
    "natale_2024_networks",
    "second_moment",
    "moment_ratio",
    "given_the_sum",
    "mixture_poisson",
    "becchetti_2022",
    "sreenivasan_2022",
    "kumar_natale_2025",
    "otsuka_2025",
    "gadhikar_2023",
    "borgs_2001",
    "borgs_2004",
)
