"""What the README shows of the package is what the package says of itself."""

from __future__ import annotations

from pathlib import Path

from slth import subset_sum

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_table_of_solvers_is_the_one_kept_as_data() -> None:
    assert repr(subset_sum.capabilities()) in README


def test_the_examples_of_the_laboratory_do_what_they_show() -> None:
    """Every ``>>>`` line of the README, with the answer below it."""
    import doctest

    found = doctest.DocTestParser().get_doctest(README, {}, "README.md", "README.md", 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(found)
    assert runner.failures == 0
    assert runner.tries >= 10
