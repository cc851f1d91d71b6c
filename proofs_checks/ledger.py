"""The ledger: README.md, written from the steps and from what running them gave (verdicts.json).

A verdict belongs to the text of the module that it was found with; once that changes it is stale, and `stale` says so. What the checked
functions of `slth` do is watched by the test suite, which runs the fast steps every time, and by ``make prove``, which runs them all.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from proofs_checks import PAPERS
from proofs_checks.lemma import Step
from proofs_checks.run import Outcome, steps
from slth.bounds import catalogue
from slth.files import atomic_write

HERE: Final = Path(__file__).parent
README: Final = HERE / "README.md"
VERDICTS: Final = HERE / "verdicts.json"

_COLUMNS = ("proven", "verified", "consistent", "no counterexample", "gap", "claimed", "REFUTED")

_HEAD = """\
# Proof checks: the ledger

Each lemma of each proof, in the order of the proof, is a function of a module here that checks it by the strongest means found.
`slth prove` runs them all, `slth prove natale_2024` those of one paper, `slth prove --fast` what takes seconds. This page is written by
`slth prove --ledger`; `make check` sees to it that it is not out of date.

| how checked | what it is | verdict |
|---|---|---|
| symbolic | an identity, by computer algebra | proven |
| rigorous | an inequality over the whole range stated, in ball arithmetic, tails by an argument whose numbers are enclosed too | proven |
| exact | every case of the finite range stated, in integers or fractions | verified |
| statistical | random draws that would contradict a false statement, false-alarm probability stated; a false variant fails | consistent |
| search | a hunt for counterexamples at the edges of the hypotheses | no counterexample |
| none | claimed by the source, not checked here | claimed |

A *gap* is a step that does not follow as written, or a statement that is wrong in a detail; the entry says what was found and no more. Of a
statement marked "as recalled" the source was not at hand: a gap there says that this form does not hold, and nothing about the paper.
"""


def stale() -> list[str]:
    """What of the ledger is out of date: sentences, none if it is fresh."""
    found, books = [], _recorded()
    for paper in PAPERS:
        book = books.get(paper, {})
        if book.get("source") != _fingerprint(paper):
            found.append(
                f"the verdicts of {paper} were not found with this text of proofs_checks/{paper}.py and its tools"
            )
        elif set(book["steps"]) != {step.name for step in steps([paper])}:
            found.append(f"the verdicts of {paper} are not those of its steps")
    found += [f"verdicts.json knows {paper}, which is no paper" for paper in books if paper not in PAPERS]
    if not found and README.read_text(encoding="utf-8") != render(books):
        found.append("README.md is not what the steps and their verdicts say")
    return found


def record(outcomes: Iterable[Outcome]) -> None:
    """Enter outcomes of whole papers into verdicts.json, and write README.md."""
    books = {paper: book for paper, book in _recorded().items() if paper in PAPERS}
    fresh: dict[str, dict[str, list[str]]] = {}
    for outcome in outcomes:
        fresh.setdefault(outcome.paper, {})[outcome.name] = [outcome.verdict, outcome.evidence]
    for paper, found in fresh.items():
        books[paper] = {"source": _fingerprint(paper), "steps": found}
    ordered = {paper: books[paper] for paper in PAPERS if paper in books}
    for path, text in ((VERDICTS, json.dumps(ordered, indent=1, ensure_ascii=False) + "\n"), (README, render(ordered))):
        with atomic_write(path, "w") as file:
            file.write(text)


def render(books: dict[str, Any]) -> str:
    """The text of README.md."""
    parts = [_HEAD, _summary(books), _gaps(books)]
    for paper in PAPERS:
        module = importlib.import_module(f"proofs_checks.{paper}")
        about = " ".join((module.__doc__ or "").split())
        parts.append(f"## {paper}\n\n{about} [{paper}.py]({paper}.py)\n\n" + _table(steps([paper]), books))
    parts.append(_unchecked())
    return "\n".join(parts)


def _summary(books: dict[str, Any]) -> str:
    lines = ["## Summary", "", "| paper | " + " | ".join(_COLUMNS) + " |", "|---|" + "--:|" * len(_COLUMNS)]
    total: Counter[str] = Counter()
    for paper in PAPERS:
        counts = Counter(_verdict(books, step)[0] for step in steps([paper]))
        total += counts
        lines.append(f"| [{paper}](#{paper}) | " + " | ".join(str(counts[c] or "") for c in _COLUMNS) + " |")
    lines.append("| **all** | " + " | ".join(str(total[c] or "") for c in _COLUMNS) + " |")
    return "\n".join(lines) + "\n"


def _gaps(books: dict[str, Any]) -> str:
    lines = ["## What does not hold as written or as recalled", ""]
    for step in steps():
        verdict, evidence = _verdict(books, step)
        if verdict in ("gap", "REFUTED"):
            lines.append(f"* **{verdict}**, {step.paper}, {step.place}. {step.statement} *Found:* {evidence}")
    return "\n".join(lines) + "\n"


def _table(chosen: list[Step], books: dict[str, Any]) -> str:
    lines = [
        "| step | statement | how checked | range | verdict | bounds | notebook |",
        "|---|---|---|---|---|---|---|",
    ]
    for step in chosen:
        verdict, evidence = _verdict(books, step)
        how = step.means + (f", false alarm {step.false_alarm:.0e}" if step.false_alarm else "")
        how += ", slow" if step.slow else ""
        found = f"**{verdict}**" + (f": {evidence}" if step.check is not None else "")
        bounds = ", ".join(_link(name) for name in step.bounds)
        notebook = f"[{step.notebook}](../notebooks/{step.notebook})" if step.notebook else "-"
        cells = (f"{step.place}: `{step.name}`", step.statement, how, step.scope, found, bounds, notebook)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _unchecked() -> str:
    lines = ["## Bounds without a step", "", "| bound | why |", "|---|---|"]
    lines += [f"| {_link(bound.name)} | {bound.unchecked} |" for bound in catalogue() if bound.unchecked]
    return "\n".join(lines) + "\n"


def _link(name: str) -> str:
    """A bound, linked to the file of its function."""
    bound = {bound.name: bound for bound in catalogue()}[name]
    return f"[{name}](../{bound.function.__module__.replace('.', '/')}.py)"


def _verdict(books: dict[str, Any], step: Step) -> tuple[str, str]:
    verdict, evidence = books.get(step.paper, {}).get("steps", {}).get(step.name, ("not run", ""))
    return verdict, evidence


def _recorded() -> dict[str, Any]:
    books: dict[str, Any] = json.loads(VERDICTS.read_text(encoding="utf-8")) if VERDICTS.exists() else {}
    return books


def _fingerprint(paper: str) -> str:
    """SHA-256 of the texts of a module and of the tools that it imports, and those import."""
    sha, seen, left = hashlib.sha256(), set[str](), [paper]
    while left:
        module = left.pop()
        if module in seen:
            continue
        seen.add(module)
        text = (HERE / f"{module}.py").read_text(encoding="utf-8")
        sha.update(text.encode())
        tools = re.findall(r"^from proofs_checks\.tools\.(\w+) import", text, re.MULTILINE)
        for names in re.findall(r"^from proofs_checks\.tools import ([\w, ]+)$", text, re.MULTILINE):
            tools += re.findall(r"\w+", names)
        left += [f"tools/{tool}" for tool in sorted(tools, reverse=True)]
    return sha.hexdigest()
