"""The catalogue as data: filters, evaluation on a grid, LaTeX and BibTeX."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from slth import bounds
from slth.bounds import references
from slth.bounds.listing import evaluate, to_bibtex, to_latex
from slth.bounds.statement import DIRECTIONS, Bound
from slth.bounds.table import Table, word

CATALOGUE = bounds.catalogue()
EXPLICIT = next(bound for bound in CATALOGUE if bound.name == "rss_n_explicit")


def bound_of(function: object, **changes: object) -> Bound:
    data = {
        "name": "some_bound", "meaning": "a meaning", "tex": r"n \ge 1", "cites": ("slth",), "where": "here", "mark": "derived",
        "confidence": "", "checked": True, "assumptions": ("eps > 0",), "direction": "sufficient", "constants": {},
        "unchecked": "", "function": function,
    }  # fmt: skip
    return Bound(**(data | changes))  # type: ignore[arg-type]


def test_filters_agree_with_the_data() -> None:
    assert bounds.catalogue(direction="sufficient")
    for direction in DIRECTIONS:
        assert all(bound.direction == direction for bound in bounds.catalogue(direction=direction))
    assert sum(len(bounds.catalogue(direction=direction)) for direction in DIRECTIONS) == len(CATALOGUE)
    assert EXPLICIT in bounds.catalogue(cites="dacunha")
    assert EXPLICIT in bounds.catalogue(text="EXPLICIT")
    assert EXPLICIT in bounds.catalogue(text="constant  Samples")
    assert EXPLICIT not in bounds.catalogue(text="samples attention")
    assert EXPLICIT not in bounds.catalogue(direction="necessary")
    assert bounds.catalogue(text="no such words") == ()
    assert len({bound.name for bound in CATALOGUE}) == len(CATALOGUE)
    with pytest.raises(ValueError, match="unknown direction 'upper'; choose one of"):
        bounds.catalogue(direction="upper")


@pytest.mark.parametrize("bound", CATALOGUE, ids=lambda bound: bound.name)
def test_every_bound_is_complete(bound: Bound) -> None:
    assert getattr(bounds, bound.name).__name__ == bound.function.__name__ == bound.name
    assert bound.meaning
    assert "\n" not in bound.meaning
    assert not bound.meaning.endswith(".")
    assert bound.assumptions
    assert all(key in references.entries() for key in bound.cites)
    for constant in bound.constants:
        assert constant in bound.parameters, f"{constant} is no parameter"
    assert bound.confidence or bound.mark != "recalled", "how sure we are"
    assert "Parameters\n----------" in (bound.function.__doc__ or "") or not bound.parameters
    assert bound.tex.replace(" ", "")[:20] in (bound.function.__doc__ or "").replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("bound", CATALOGUE, ids=lambda bound: bound.name)
def test_every_statement_is_balanced_tex(bound: Bound) -> None:
    assert balanced(bound.tex)


def balanced(tex: str) -> bool:
    bare = re.sub(r"\\[{}$\\]", "", tex)
    environments = re.findall(r"\\(begin|end)\{(\w+\*?)\}", tex)
    opened: list[str] = []
    for what, name in environments:
        if what == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return (
        bare.count("{") == bare.count("}")
        and bare.count("$") % 2 == 0
        and len(re.findall(r"\\left(?![a-z])", tex)) == len(re.findall(r"\\right(?![a-z])", tex))
        and not opened
        and tex.isascii()
    )


def test_what_balanced_finds() -> None:
    assert balanced(r"\left( a_{b} \right) \{ \begin{cases} x \end{cases} \to \rightarrow y")
    for broken in (r"\frac{a}{b", r"\left( a", r"$a", r"\begin{cases} x", r"\begin{a}\end{b}", "\u03b5"):
        assert not balanced(broken)


@pytest.mark.parametrize("bound", CATALOGUE, ids=lambda bound: bound.name)
def test_every_statement_renders(bound: Bound) -> None:
    from matplotlib.mathtext import MathTextParser

    MathTextParser("path").parse(in_mathtext(bound.tex))


def in_mathtext(tex: str) -> str:
    """A statement with what matplotlib's mathtext does not know replaced by something of the same kind."""
    tex = re.sub(r"\\begin\{\w+\}(\{\w*\})?|\\end\{\w+\}", "", tex)
    tex = re.sub(r"\\texttt\{", r"\\mathtt{", tex)
    tex = re.sub(r"\\(text|operatorname|mathrm|textrm)\b", r"\\mathrm", tex)
    tex = re.sub(r"\\(bigg?|Bigg?)[lr]?(?![a-z])", "", tex)
    tex = re.sub(r"\\[td](frac|binom)", r"\\\1", tex)
    tex = with_braces(tex)
    tex = re.sub(r"\\substack", "", tex)
    tex = re.sub(r"\\[lr]?Vert", r"\\|", tex)
    tex = re.sub(r"\\[lr]?vert", "|", tex)
    tex = re.sub(r"\\(le|ge|ne)(?![a-z])", r"\\\1q", tex)
    tex = re.sub(r"\\(middle|displaystyle|limits|textstyle)(?![a-z])", "", tex)
    for theirs, ours in (
        (r"\pmod", r"\mathrm{mod}"),
        (r"\#", r"\sharp "),
        (r"\\", " "),
        (r"\implies", r"\Rightarrow"),
        ("&", " "),
        (r"\!", ""),
    ):
        tex = tex.replace(theirs, ours)
    return tex if "$" in tex else f"${tex}$"


def with_braces(tex: str) -> str:
    r"""``\frac1\delta`` with the braces that TeX does without and mathtext does not."""
    done = ""
    while found := re.search(r"\\(sqrt|frac|binom)(?![a-z])", tex):
        done, tex = done + tex[: found.end()], tex[found.end() :].lstrip()
        for _ in range(1 if found[1] == "sqrt" else 2):
            tex = tex.lstrip()
            if tex[0] in "{[":  # the rest of the argument is looked at when its turn comes
                if found[1] == "sqrt":
                    break
                end = closing(tex)
                done, tex = done + "{" + with_braces(tex[1:end]) + "}", tex[end + 1 :]
            else:
                token = re.match(r"\\[a-zA-Z]+|.", tex)
                assert token is not None
                done, tex = done + "{" + token[0] + "}", tex[token.end() :]
    return done + tex


def closing(tex: str) -> int:
    """Place of the brace that closes the first."""
    depth = 0
    for i, character in enumerate(tex):
        depth += ((character == "{") - (character == "}")) * (tex[i - 1 : i] != "\\")
        if not depth:
            return i
    return len(tex)


def test_a_statement_that_is_no_tex_does_not_render() -> None:
    from matplotlib.mathtext import MathTextParser

    for broken in (r"x_{a", r"\nosuchsymbol x", r"x^a^b"):
        with pytest.raises(ValueError, match=r"Expected|Unknown|Double"):
            MathTextParser("path").parse(in_mathtext(broken))


def test_evaluate_takes_all_combinations() -> None:
    table = evaluate(EXPLICIT, {"err": [0.1, 0.03], "delta": [0.5, 0.1, 0.01]})
    assert table.columns == ("err", "delta", "result")
    # the published numbers for final errors 0.1 and 0.03
    assert table.column("result") == [21, 27, 35, 30, 35, 43]
    assert table.rows[1] == (0.1, 0.1, 27)
    assert table.notes == ()


def test_evaluate_names_the_hypothesis_that_fails() -> None:
    table = evaluate(EXPLICIT, {"err": [0.1, 3.0], "delta": [0.1]})
    assert table.column("result") == [27, None]
    assert "0 < err <= 2 a" in table.notes[0]
    nothing = evaluate(EXPLICIT, {"err": [3.0], "delta": [0.1]})
    assert nothing.rows == ((3.0, 0.1, None),)


def test_evaluate_spreads_results_of_several_numbers() -> None:
    @dataclass(frozen=True)
    class Two:
        low: np.ndarray
        high: float

    def some_bound(x: float) -> Two:
        """Parameters
        ----------
        x
        """
        return Two(np.array(x), 2 * x)

    table = evaluate(bound_of(some_bound), {"x": [1.0, 2.0]})
    assert table.columns == ("x", "low", "high")
    assert table.rows == ((1.0, 1.0, 2.0), (2.0, 2.0, 4.0))


def test_evaluate_refuses_unknown_and_missing_parameters() -> None:
    with pytest.raises(TypeError, match="rss_n_explicit has no parameter 'epsilon'; it takes err, delta, a, c"):
        evaluate(EXPLICIT, {"epsilon": [0.1]})
    with pytest.raises(TypeError, match="rss_n_explicit needs 'delta' too"):
        evaluate(EXPLICIT, {"err": [0.1]})


def test_bibtex_holds_what_is_cited_once() -> None:
    text = to_bibtex([EXPLICIT, EXPLICIT])
    assert text.count("@") == len(EXPLICIT.cites)
    assert re.findall(r"@\w+\{([^,]+),", text) == [key for key in references.entries() if key in EXPLICIT.cites]
    assert text.endswith("}\n")
    everything = to_bibtex(CATALOGUE)
    assert {key for bound in CATALOGUE for key in bound.cites} == set(re.findall(r"@\w+\{([^,]+),", everything))
    with pytest.raises(KeyError, match="nobody1900"):
        to_bibtex([bound_of(len, cites=("nobody1900",))])


def test_latex_has_a_row_a_bound() -> None:
    text = to_latex(CATALOGUE)
    assert "`" not in text
    assert text.count(r"\cite{") == len(re.findall(r"(?m)^\\texttt\{", text)) == len(CATALOGUE)
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1
    assert balanced(text.replace(r"{@{}", "{").replace(r"@{}}", "}"))
    for line in text.splitlines():
        if not line.startswith("%"):
            assert len(re.findall(r"(?<!\\)%", line)) == 0
    # five separators in every row, those of matrices within a statement apart
    rows = text.split(r"\endfoot")[1].split(r"\cite")
    assert all(len(re.findall(r"(?<!\\)& ", row)) >= 5 for row in rows[:-1])


def test_latex_escapes_words() -> None:
    odd = bound_of(len, assumptions=("50% of a_b & c <= 2^n, {x}, |y| > $3 ~ #1 \\ <",))
    text = to_latex([odd])
    assert r"50\% of a\_b \& c $\le$ 2\textasciicircum{}n, \{x\}, \textbar{}y\textbar{} $>$ \$3" in text
    assert r"\textasciitilde{} \#1 \textbackslash{} $<$" in text
    assert r"\texttt{some\_\allowbreak bound}" in text
    assert r"as in \texttt{a\_b}" in to_latex([bound_of(len, assumptions=("as in `a_b`",))])
    assert "& $n \\ge 1$" in text


def test_repr_and_provenance() -> None:
    assert repr(EXPLICIT).startswith("<sufficient rss_n_explicit: ")
    assert EXPLICIT.provenance == "derived, checked"
    assert EXPLICIT(0.1, 0.01) == 35
    assert EXPLICIT.parameters == tuple(inspect.signature(bounds.rss_n_explicit).parameters)


def test_tables_print() -> None:
    table = Table(("name", "n"), (("a", 1234), ("b<c", None), ("long " * 30, 0.5)), ("a note",))
    text = table.text(40)
    assert text.splitlines()[0].split() == ["name", "n"]
    assert "1,234" in text
    assert max(map(len, text.splitlines())) <= 50
    assert text.endswith("a note")
    assert "b&lt;c" in table._repr_html_()
    assert str(table) == repr(table)
    assert table.column("n") == [1234, None, 0.5]


def test_words_of_values() -> None:
    assert [word(x) for x in (None, float("nan"), 5.0, 1e15, 12, 10**15, 0.123456789, True, "x", (3, 40, 5), np.array([1.5, 2]))] == [
        "-", "-", "5", "1e+15", "12", "1e+15", "0.123457", "True", "x", "3-40-5", "(1.5, 2)",
    ]  # fmt: skip


def test_words_of_sequences_are_no_sums() -> None:
    assert word((-0.5, 0.5)) == "(-0.5, 0.5)"
    assert word([float("nan"), 5]) == "(-, 5)"
    assert word([float("-inf"), 0.0]) == "(-inf, 0)"


def test_a_field_with_the_name_of_a_parameter() -> None:
    (bound,) = bounds.catalogue(text="sreenivasan_dims")
    table = evaluate(bound, {"d": [10], "depth": [3], "eps": [0.1], "C_1": [1], "C_2": [1]})
    assert table.columns == ("d", "depth", "eps", "C_1", "C_2", "result depth", "width")
    assert (table.column("depth"), table.column("result depth")) == ([3], [18])


def test_warnings_and_want_of_memory_become_notes() -> None:
    (bound,) = bounds.catalogue(text="rfss_moment_ratio")
    table = evaluate(bound, {"n": [1e17], "k": [1e16], "z": [0.0], "eps": [0.1]})
    assert table.column("result") == [None]
    assert "rfss_moment_ratio: " in table.notes[0]
    (bound,) = (b for b in bounds.catalogue() if b.name == "rfss_n")
    table = evaluate(bound, {"k": [(0, 2)], "eps": [0.1]})
    assert "rfss_n needs a whole number k >= 1: 1 of 2 entries are NaN" in table.notes[0]


@pytest.mark.parametrize("values", [5, "uniform"])
def test_a_grid_of_one_value_is_a_sequence(values: Any) -> None:
    (bound,) = (b for b in bounds.catalogue() if b.name == "rss_cover_prob")
    with pytest.raises(TypeError, match=r"law must be a sequence of the values that it takes, got .*; write \["):
        evaluate(bound, {"n": [5], "eps": [0.1], "law": values})


def test_filters_are_words() -> None:
    with pytest.raises(TypeError, match="text must be a string, got 5"):
        bounds.catalogue(text=5)  # type: ignore[arg-type]
