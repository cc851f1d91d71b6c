"""Running the steps: one after the other, or several at a time in processes of their own."""

from __future__ import annotations

import importlib
import multiprocessing
import signal
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from proofs_checks import PAPERS
from proofs_checks.lemma import BOOKS, Refuted, Step, Verdict


@dataclass(frozen=True)
class Outcome:
    """What came of a step: its verdict, one line of evidence, and the seconds it took."""

    paper: str
    name: str
    verdict: Verdict
    evidence: str
    seconds: float


def steps(papers: Iterable[str] = (), *, fast: bool = False) -> list[Step]:
    """The steps of these papers (all by default), in the order of the proofs; without the slow ones if `fast`.

    Raises
    ------
    ValueError
        If there is no such paper.
    """
    chosen = tuple(papers) or PAPERS
    unknown = [paper for paper in chosen if paper not in PAPERS]
    if unknown:
        raise ValueError(f"no paper is called {unknown[0]!r}; choose from {', '.join(PAPERS)}")
    for paper in chosen:
        importlib.import_module(f"proofs_checks.{paper}")
    return [step for paper in chosen for step in BOOKS[paper].values() if not (fast and step.slow)]


def run(step: Step) -> Outcome:
    """Check one step, and that its control is refuted."""
    start = time.perf_counter()
    verdict, evidence = step.shows, step.scope
    if step.check is not None:
        try:
            evidence = step.check()
        except Refuted as refuted:
            verdict, evidence = "REFUTED", str(refuted)
        else:
            if step.control is not None and not _refutes_its_control(step):
                verdict, evidence = "REFUTED", "the check accepts a statement known to be false (its control)"
    return Outcome(step.paper, step.name, verdict, evidence, time.perf_counter() - start)


def _refutes_its_control(step: Step) -> bool:
    assert step.check is not None
    try:
        step.check(step.control)
    except Refuted:
        return True
    return False


def run_all(chosen: list[Step], workers: int = 1) -> Iterator[Outcome]:
    """The outcomes in the order of the steps, which `workers` processes run at the same time."""
    if workers == 1 or len(chosen) < 2:
        yield from map(run, chosen)
        return
    # a process that is forked from one with threads may hang
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _die_on_interrupt)
    try:
        # the slow ones first, so that none is left alone at the end
        order = sorted(range(len(chosen)), key=lambda i: not chosen[i].slow)
        futures = {i: pool.submit(_run_named, chosen[i].paper, chosen[i].name) for i in order}
        for i in range(len(chosen)):
            yield futures[i].result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _run_named(paper: str, name: str) -> Outcome:
    return run(next(step for step in steps([paper]) if step.name == name))


def _die_on_interrupt() -> None:
    """Ctrl-C in a terminal reaches every process; a traceback from each would bury the message."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
