"""Commands about theory: bounds."""

from __future__ import annotations

import argparse
import ast
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from slth.bounds import Bound

_MOST_ROWS: Final = 10_000
_EXAMPLES = """examples:
  slth bounds --direction sufficient --text subset
  slth bounds rss_n_explicit
  slth bounds rss_n_explicit err=0.1,0.03 delta=0.01
  slth bounds rss_cover_prob n=10:50:10 eps=1e-3 law=uniform,normal
  slth bounds pensia_width widths=784-500-10 eps=0.01 delta=0.01 C=3
  slth bounds --compare 1e-1 1e-6 --plot needed.png
  slth bounds --network digits --scale --epsilon 0.1 --delta 0.01
  slth bounds --cites natale --latex table.tex --bib table.bib"""


def add_commands(commands: Any) -> None:
    """Add the sub-commands of this module to the parser's."""
    bounds = commands.add_parser(
        "bounds",
        help="what theory proves and predicts: list, evaluate, compare, export",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bounds.add_argument("name", nargs="?", help="a bound: what it states, or its values at the parameters given")
    bounds.add_argument(
        "values",
        nargs="*",
        metavar="PARAMETER=VALUES",
        help="0.1,0.03 or 10:50:10 (from:to:step) or 784-500-10 (widths) or a name; the table has all combinations",
    )
    listing = bounds.add_argument_group("list")
    listing.add_argument("--direction", help="sufficient, necessary, predictor, exact or two-sided")
    listing.add_argument("--cites", metavar="KEY", help="beginning of a key of the bibliography, such as natale")
    listing.add_argument("--text", help="words in name, meaning or assumptions")
    listing.add_argument("--latex", metavar="FILE", help="write the bounds listed as a LaTeX table")
    listing.add_argument("--bib", metavar="FILE", help="write their sources as BibTeX")
    comparing = bounds.add_argument_group("compare")
    comparing.add_argument(
        "--compare",
        type=float,
        nargs=2,
        metavar=("FROM", "TO"),
        help="samples that random subset sum needs for errors between these two",
    )
    comparing.add_argument("--network", metavar="MODEL", help="what each theorem asks of a source for this network")
    comparing.add_argument("--scale", action="store_true", help="fold biases in and divide layers by their norms first")
    comparing.add_argument("--epsilon", type=float, help="error of the network")
    comparing.add_argument("--delta", type=float, help="failure probability (default: 0.01)")
    comparing.add_argument(
        "--constant",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a constant that the source leaves open, such as C=3 or c_amp=1",
    )
    comparing.add_argument("--density", type=float, help="density asked of the ticket, for the theorems that offer one")
    comparing.add_argument(
        "--plot",
        metavar="FILE",
        help="draw samples against error (--compare), parameters against density (--network): PNG, PDF or SVG",
    )
    bounds.set_defaults(run=_bounds)


def _bounds(options: argparse.Namespace) -> int:
    asked = {
        "a NAME": options.name is not None,
        "--compare": options.compare is not None,
        "--network": options.network is not None,
        "--latex, --bib and the filters": any(
            given is not None for given in (options.direction, options.cites, options.text, options.latex, options.bib)
        ),
    }
    if sum(asked.values()) > 1:
        both = [what for what, is_given in asked.items() if is_given]
        raise ValueError(f"give {both[0]} or {both[1]}, not both")
    if options.plot is not None and options.compare is None and options.network is None:
        raise ValueError("--plot draws what --compare or --network compares; give one of them")
    given = [name for name in ("epsilon", "delta", "density") if getattr(options, name) is not None]
    given += [name for name in ("scale", "constant") if getattr(options, name)]
    if options.compare is None and options.network is None and given:
        raise ValueError(
            f"--{given[0]} belongs to --compare and --network; parameters of a bound are {given[0]}=VALUES"
        )
    alone = [name for name in given if name in ("scale", "epsilon", "density")]
    if options.compare is not None and alone:
        raise ValueError(f"--{alone[0]} belongs to --network; --compare goes from one epsilon to another")
    options.delta = 0.01 if options.delta is None else options.delta
    if options.compare is not None:
        return _compare(options)
    if options.network is not None:
        return _network(options)
    return _list(options) if options.name is None else _one(options)


def _list(options: argparse.Namespace) -> int:
    from slth import bounds
    from slth.bounds.listing import to_bibtex, to_latex
    from slth.bounds.table import Table
    from slth.files import atomic_write, writable

    found = bounds.catalogue(direction=options.direction, cites=options.cites, text=options.text)
    if not found:
        print("no bound matches")
        return 1
    exports: list[tuple[str, Callable[[Any], str]]] = [(options.latex, to_latex), (options.bib, to_bibtex)]
    if options.latex is not None and options.bib is not None and Path(options.latex) == Path(options.bib):
        raise ValueError(f"--latex and --bib would both write {options.bib}; name two files")
    for path, _ in exports:
        if path is not None:
            writable(path)
    for path, write in exports:
        if path is not None:
            with atomic_write(path, "w") as file:
                file.write(write(found))
            print(f"written: {path} ({len(found)} bounds)")
    if options.latex is None and options.bib is None:
        rows = tuple((bound.name, bound.direction, bound.provenance, bound.meaning) for bound in found)
        print(Table(("name", "direction", "provenance", "meaning"), rows, (f"{len(found)} bounds",)))
    return 0


def _one(options: argparse.Namespace) -> int:
    import inspect

    from slth.bounds import references
    from slth.bounds.listing import evaluate

    bound = _named(options.name)
    if options.values:
        table = evaluate(bound, _grid(bound, options.values))
        print(table)
        return 0 if any(value is not None for row in table.rows for value in row[len(options.values) :]) else 1
    signature = ", ".join(
        parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"
        for parameter in inspect.signature(bound.function).parameters.values()
    )
    print(f"{bound.name}({signature})\n\n{bound.function.__doc__}\n")
    for key in bound.cites:
        print(f"[{key}] {references.short(key)}: {references.fields(key)['title']}")
    return 0


def _named(name: str) -> Bound:
    from difflib import get_close_matches

    from slth import bounds

    known = {bound.name: bound for bound in bounds.catalogue()}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=3, cutoff=0.4)
    raise ValueError(
        f"unknown bound {name!r}; {'did you mean ' + ', '.join(near) if near else '`slth bounds` lists them'}"
    )


def _grid(bound: Bound, words: list[str]) -> dict[str, list[Any]]:
    """Values of the parameters, from words such as ``err=0.1,0.03`` and ``n=10:50:10``."""
    grid: dict[str, list[Any]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not equals or not values:
            raise ValueError(f"{word!r} should be PARAMETER=VALUES; {bound.name} takes {', '.join(bound.parameters)}")
        if name in grid:
            raise ValueError(f"{name} is given twice; write {name}=FIRST,SECOND")
        # commas within brackets belong to the value: normal(0, 0.5)
        grid[name] = [value for part in re.split(r",(?![^(\[]*[)\]])", values) for value in _values(part.strip())]
    rows = math.prod(map(len, grid.values()))
    if rows > _MOST_ROWS:
        raise ValueError(f"these are {rows:,} combinations; at most {_MOST_ROWS:,} are tabulated")
    return grid


def _values(word: str) -> list[Any]:
    """What one word stands for: a number, a range, widths, a pair, a name."""
    if word in ("True", "False"):
        return [word == "True"]
    if re.fullmatch(r"\d+(-\d+)+", word):
        return [tuple(int(width) for width in word.split("-"))]
    if word[:1] in ("(", "["):
        try:
            return [tuple(ast.literal_eval(word))]
        except (SyntaxError, TypeError, ValueError):
            raise ValueError(f"{word!r} is not a sequence of numbers; write (0.1, 0.2)") from None
    parts = [_number(part) for part in word.split(":")]
    if None not in parts:
        return list(parts) if len(parts) == 1 else _range(word, *parts)
    return [word]


def _range(word: str, low: Any, high: Any, step: Any = 1, *more: Any) -> list[Any]:
    if more or not (step > 0 and low <= high and math.isfinite(high - low) and math.isfinite(step)):
        raise ValueError(f"{word!r} is no range; write FROM:TO or FROM:TO:STEP with FROM <= TO and STEP > 0")
    count = math.floor((high - low) / step * (1 + 1e-12) + 1e-9) + 1
    if count > _MOST_ROWS:
        raise ValueError(f"{word!r} are {count:,} values; at most {_MOST_ROWS:,} are tabulated")
    return [low + i * step for i in range(count)]


def _number(word: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return None


def _compare(options: argparse.Namespace) -> int:
    import numpy as np

    from slth.bounds.comparison import needed_samples
    from slth.plots.figure import writable_figure

    low, high = sorted(options.compare)
    if not 0 < low < high < 0.5:
        raise ValueError(f"--compare takes two different errors in (0, 1/2), got {options.compare}")
    if options.plot is not None:
        writable_figure(options.plot)
    points = max(2, min(40, round(4 * math.log10(high / low)) + 1))
    found = needed_samples(np.geomspace(high, low, points), options.delta, **_constants(options.constant, ("C",)))
    print(found)
    if options.plot is not None:
        from slth import plots

        plots.save(plots.single(lambda ax: plots.needed_samples(found, ax=ax)), options.plot)
        print(f"written: {options.plot}")
    return 0


def _network(options: argparse.Namespace) -> int:
    from slth.bounds.asked_of_source import for_network
    from slth.cli.tickets import read_model
    from slth.plots.figure import writable_figure

    if options.epsilon is None:
        raise ValueError("--network needs --epsilon, the error that the source may make")
    widths = options.network
    target = tuple(map(int, widths.split("-"))) if re.fullmatch(r"\d+(-\d+)+", widths) else read_model(widths)
    chosen: dict[str, Any] = {**_constants(options.constant, ("C", "c_amp", "precision"))}
    if options.density is not None:
        chosen["density"] = options.density
    if options.plot is not None:
        writable_figure(options.plot)
    found = for_network(target, options.epsilon, options.delta, scale=options.scale, **chosen)
    if options.plot is not None and found.shrunk >= 0.5:
        raise ValueError(f"--plot needs an error below 1/2, got --epsilon {options.epsilon:g}; leave --plot away")
    print(found)
    if options.plot is not None:
        from slth import plots
        from slth.bounds.comparison import overparameterisation

        constants = {name: value for name, value in chosen.items() if name in ("C", "c_amp")}
        curve = overparameterisation(found.target.widths, found.shrunk, **constants)
        plots.save(plots.single(lambda ax: plots.overparameterisation(curve, ax=ax)), options.plot)
        print(f"written: {options.plot}")
    return 0


def _constants(words: list[str], known: tuple[str, ...]) -> dict[str, float]:
    constants: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        number = _number(value)
        if number is None:
            raise ValueError(f"--constant takes NAME=VALUE such as C=3, got {word!r}")
        if name not in known:
            raise ValueError(f"no constant {name!r} enters here; --constant sets {', '.join(known)}")
        if name in constants:
            raise ValueError(f"--constant {name} is given twice")
        constants[name] = float(number)
    return constants
