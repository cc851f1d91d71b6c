"""The stored runs of the benchmarks say what is claimed of them, and a benchmark goes on where it was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.benchmarks import cells, mnist_search, planted
from tests.benchmarks.cells import half_width, stored, values
from tests.benchmarks.papers import stored as files


def test_mnist_above_random_masks_below_the_trained_network_and_beside_the_published_runs() -> None:
    """Of the shortest runs all cells have five seeds, so that their intervals mean something."""
    rows = stored("mnist_search")
    epochs = min(row["epochs"] for row in rows)
    upper = values(rows, "accuracy", source=mnist_search.TRAINED, epochs=epochs)
    for source in ("linear", "ReLU", "wide"):
        for density in mnist_search.DENSITIES:
            where = {"source": source, "density": density, "epochs": epochs}
            found, chance = values(rows, "accuracy", **where), values(rows, "random", **where)
            assert len(found) >= 5
            assert np.mean(found) - half_width(found) > max(chance) + 0.3
            assert np.mean(found) + half_width(found) < np.mean(upper) - half_width(upper)
            theirs = mnist_search.LOGS[source, density].get(epochs)
            if theirs is not None:  # a single run of theirs; their rate falls by the epoch, ours by the step
                assert abs(np.mean(found) - theirs) < 0.02
    assert "| linear" in mnist_search.summary(rows)


def test_no_search_recovers_planted_tickets() -> None:
    rows = [row for row in stored("planted") if "rate" in row]
    assert {row["task"] for row in rows} == set(planted.TASKS)
    for row in rows:
        assert 0 <= row["recovered"] <= 1
        assert row["on_paths"] <= row["size"] < row["of"]
        if row["depth"] > 2:
            assert row["recovered"] < 0.5
            assert row["loss"] > 10 * row["ticket_loss"] or row["task"] == "circle"
    assert "the ticket" in planted.summary(stored("planted"))


def squared(number: int) -> cells.Row:
    return {"square": float(number**2), "calls": 1}


def refused(number: int) -> cells.Row:
    if number > 1:
        raise KeyboardInterrupt
    return squared(number)


def test_what_is_stored_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (cells, files):
        monkeypatch.setattr(module, "DATA", tmp_path)
    tasks: list[dict[str, Any]] = [{"number": number} for number in (3, 1, 2)]
    assert stored("squares") == []
    with pytest.raises(KeyboardInterrupt):
        cells.fill("squares", tasks[1:], refused)
    assert stored("squares") == [{"number": 1, "square": 1.0, "calls": 1}]
    rows = cells.fill("squares", tasks, squared)
    assert [row["square"] for row in rows] == [9, 1, 4]
    assert cells.fill("squares", tasks[:1], refused) == [rows[0], rows[1], rows[2]]
    assert stored("squares") == rows
