"""The command about proofs: prove."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

_MARKS = {"proven": "+", "verified": "+", "consistent": "~", "no counterexample": "~"}


def add_commands(commands: Any) -> None:
    """Add the sub-commands of this module to the parser's."""
    prove = commands.add_parser(
        "prove",
        help="check the proofs of the papers by machine, lemma by lemma",
        epilog="example: slth prove pensia_2020. Needs the extra slth[prove].",
    )
    prove.add_argument("papers", nargs="*", metavar="PAPER", help="papers to check (default: all); --list tells which")
    prove.add_argument("--list", action="store_true", help="tell what there is to check, and stop")
    prove.add_argument("--fast", action="store_true", help="leave out the steps that take more than some seconds")
    prove.add_argument("--ledger", action="store_true", help="write verdicts.json and README.md of proofs_checks")
    prove.add_argument("--fresh", action="store_true", help="only tell whether the ledger is up to date")
    prove.add_argument("--workers", type=int, help="processes (default: all cores)")
    prove.set_defaults(run=_prove)


def _prove(options: argparse.Namespace) -> int:
    try:
        import flint  # noqa: F401
        import hypothesis  # noqa: F401
        import sympy  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{error}; proofs need sympy, python-flint and hypothesis: pip install 'slth[prove]'"
        ) from None
    from proofs_checks import run
    from slth.validation import worker_count

    workers = worker_count(options.workers)
    if options.fresh:
        return _fresh()
    if options.fast and options.ledger:
        raise ValueError("--ledger records every step of a paper: leave --fast away")
    steps = run.steps(options.papers, fast=options.fast)
    if options.list:
        for step in steps:
            print(f"{step.paper:<22} {step.means:<12} {'slow' if step.slow else '':<5} {step.name}: {step.place}")
        return 0
    outcomes = []
    for step, outcome in zip(steps, run.run_all(steps, workers), strict=True):
        outcomes.append(outcome)
        mark = _MARKS.get(outcome.verdict, "!")
        print(
            f"{mark} {outcome.verdict:<17} {step.paper}: {step.place} ({step.name}), {outcome.seconds:.1f} s",
            flush=True,
        )
        print(textwrap.indent(textwrap.fill(outcome.evidence, 110), " " * 20))
    refuted = [outcome for outcome in outcomes if outcome.verdict == "REFUTED"]
    counts = {
        verdict: sum(o.verdict == verdict for o in outcomes) for verdict in dict.fromkeys(o.verdict for o in outcomes)
    }
    print(f"\n{len(outcomes)} steps: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    if options.ledger:
        from proofs_checks import ledger

        ledger.record(outcomes)
        print(f"wrote {ledger.README}")
    return 1 if refuted else 0


def _fresh() -> int:
    from proofs_checks import ledger

    found = ledger.stale()
    for line in found:
        print(line)
    print("run: slth prove --ledger" if found else "the ledger is up to date")
    return 1 if found else 0
