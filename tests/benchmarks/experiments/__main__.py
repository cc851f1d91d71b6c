"""The command line: experiments one after another, each stored as soon as it is finished, then their figures."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import time
from types import ModuleType

import tests.benchmarks.experiments as here


def experiments() -> dict[str, ModuleType]:
    """The modules of this folder that can be run, by name."""
    found = {}
    for entry in pkgutil.iter_modules(here.__path__):
        if not entry.name.startswith(("_", "test_")):
            module = importlib.import_module(f"{here.__name__}.{entry.name}")
            if hasattr(module, "run"):
                found[entry.name] = module
    return found


def main() -> None:
    """Run what is asked for."""
    known = experiments()
    parser = argparse.ArgumentParser(description="The stored experiments, measured again.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--quick", action="store_true", help="a part of each, in seconds; stores nothing")
    parser.add_argument("--figures", action="store_true", help="only draw what is stored")
    parser.add_argument("--workers", type=int, help="threads or processes (default: all cores)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"unknown experiment {unknown[0]!r}; choose of {', '.join(known)}")
    for name in options.names or known:
        started = time.perf_counter()
        if not options.figures:
            print(f"{name}\n{known[name].run(quick=options.quick, workers=options.workers)}")
        if not options.quick:
            known[name].figures()
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
