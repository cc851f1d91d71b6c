"""Every test makes the same draws, whichever tests ran before it; processes do not compile the same kernel side by side."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# two workers on two cores: the threads of a matrix product would only wait for each other. Before NumPy is imported, here and in workers
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: the garbage collector need not look at it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


def pytest_collection_finish() -> None:
    """Where two workers need the same kernel at once, one compiles it, and the other waits and takes it from the cache on disk."""
    if "PYTEST_XDIST_WORKER" not in os.environ or "numba" not in sys.modules:
        return
    try:
        import fcntl

        from numba.core.caching import NullCache
        from numba.core.compiler_lock import global_compiler_lock
        from numba.core.dispatcher import Dispatcher
    except ImportError:  # a system without file locks
        return
    compile_one = Dispatcher.compile

    @contextmanager
    def turn(cache: Any) -> Iterator[None]:
        try:
            place = Path(cache.cache_path)
            place.mkdir(parents=True, exist_ok=True)
            lock = open(place / f"{cache._impl.filename_base}.lock", "w")  # noqa: SIM115
        except OSError:
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def compile_in_turn(self: Any, sig: Any) -> Any:
        if isinstance(self._cache, NullCache):
            return compile_one(self, sig)
        # the lock among threads first. A kernel waits only for kernels that it calls, so that two processes never wait for each other
        with global_compiler_lock, turn(self._cache):
            return compile_one(self, sig)

    Dispatcher.compile = compile_in_turn


@pytest.fixture(scope="session")
def generators_at_import() -> list[tuple[Any, Any]]:
    """The random generators that test modules share among their tests, and the states after collection."""
    import numpy as np

    modules = [module for name, module in sys.modules.items() if name.startswith("tests.")]
    shared = (value for module in modules for value in vars(module).values() if isinstance(value, np.random.Generator))
    return [(generator, generator.bit_generator.state) for generator in {id(found): found for found in shared}.values()]


@pytest.fixture(autouse=True)
def draws_do_not_depend_on_the_order(generators_at_import: list[tuple[Any, Any]]) -> None:
    for generator, state in generators_at_import:
        generator.bit_generator.state = state
