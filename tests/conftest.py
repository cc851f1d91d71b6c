"""Every test makes the same draws, whichever tests ran before it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def generators_at_import() -> list[tuple[np.random.Generator, Any]]:
    """The random generators that test modules share among their tests, and the states after collection."""
    modules = [module for name, module in sys.modules.items() if name.startswith("tests.")]
    shared = (value for module in modules for value in vars(module).values() if isinstance(value, np.random.Generator))
    return [(generator, generator.bit_generator.state) for generator in {id(found): found for found in shared}.values()]


@pytest.fixture(autouse=True)
def draws_do_not_depend_on_the_order(generators_at_import: list[tuple[np.random.Generator, Any]]) -> None:
    for generator, state in generators_at_import:
        generator.bit_generator.state = state
