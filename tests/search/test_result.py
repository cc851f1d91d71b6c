"""Results: what they show, and their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from slth import plots, search
from slth.files import read_npz, write_npz
from tests.search.tasks import digits, line, source


@pytest.mark.parametrize("method", ["edge-popup", "sign-search", "biprop", "random"])
def test_a_saved_result_is_the_same(method: str, tmp_path: Path) -> None:
    how = {} if method == "random" else {"steps": 40, "every": 10}
    found = search.find(source(16, bias=True), digits(), density=0.3, method=method, rng=0, **how)
    found.save(tmp_path / "found.npz")
    again = search.load(tmp_path / "found.npz")
    assert repr(again) == repr(found)
    assert again.summary() == found.summary()
    assert again.nothing_changed == found.nothing_changed
    assert again.history.seconds.tolist() == found.history.seconds.tolist()
    x = np.random.default_rng(0).normal(size=(5, 64))
    assert (again(x) == found(x)).all()
    assert [p.name for p in tmp_path.iterdir()] == ["found.npz"]


def test_damaged_results_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "found.npz"
    search.find(source(8), digits(), density=0.3, method="random", rng=0).save(path)
    arrays, whole = read_npz(path), path.read_bytes()
    for change in (
        {"slth_search": np.array(9)},
        {"about": np.array("{")},
        {"about": np.array("{}")},
        {"mask.0.weight": np.zeros(3, np.uint8)},
        {"mask.9.weight": np.zeros(3, np.uint8)},
        {"weights.0.weight": np.zeros((8, 64))},
        {"history": np.zeros(3)},
        {"source.0.weight": np.zeros((8, 64))},
    ):
        write_npz(path, arrays | change)
        with pytest.raises(ValueError, match="is no result of a search"):
            search.load(path)
    path.write_bytes(whole[:-5])
    with pytest.raises(ValueError, match="cannot read"):
        search.load(path)


def test_shows_itself() -> None:
    found = search.find(source(8), digits(), density=0.3, steps=5, rng=0)
    assert repr(found).startswith("SearchResult(edge-popup, kept 178 of 592, loss=")
    assert "by layer  0.weight 30.1%, 1.weight 30.0%" in found.summary()
    assert "<th>method</th><td>edge-popup</td>" in found._repr_html_()
    assert found.density == 178 / 592


def test_figures() -> None:
    """What is drawn is what was recorded."""
    runs = [search.find(source(8), digits(), density=0.3, steps=40, every=10, rng=seed) for seed in range(2)]
    figure = runs[0].plot()
    left, right = figure.axes
    assert (left.get_xlabel(), left.get_ylabel(), left.get_yscale()) == ("step", "loss", "log")
    assert (left.lines[2].get_ydata() == runs[0].history.validation_loss).all()
    assert [bar.get_height() for bar in right.patches] == list(runs[0].density_by_layer.values())
    assert right.get_ylabel() == "density"
    figure.canvas.draw()
    several = plots.search_history(runs, ax=Figure().subplots())
    mean = np.mean([run.history.validation_loss for run in runs], axis=0)
    assert any(np.array_equal(drawn.get_ydata(), mean) for drawn in several.lines)
    compared = plots.searches({"edge-popup": {0.3: runs, 0.5: runs}, "other": {0.3: runs}}, ax=Figure().subplots())
    assert compared.get_ylabel() == "accuracy on held-out inputs"
    assert [text.get_text() for text in compared.get_legend().get_texts()] == ["edge-popup", "other"]
    assert compared.lines[0].get_ydata().tolist() == [np.mean([run.accuracy for run in runs])] * 2


def test_figure_of_a_mask_at_once_and_of_a_regression() -> None:
    net = search.random_network([1, 8, 1], biases="non-zero", rng=0)
    found = search.find(net, line(), density=0.5, method="random", rng=0)
    found.plot().canvas.draw()
    compared = plots.searches({"random": {0.5: [found]}}, ax=Figure().subplots())
    assert compared.get_ylabel() == "loss on held-out inputs"


def test_figure_of_accuracies() -> None:
    runs = [
        {"source": "one", "density": share, "epochs": 2, "accuracy": right, "random": 0.1}
        for share, right in ((0.5, 0.95), (0.1, 0.8), (0.1, 0.9), (0.5, 0.97))
    ]
    runs += [{"source": "trained", "density": 1.0, "epochs": 2, "accuracy": 0.98}]
    drawn = plots.accuracies(runs, {("one", 0.1): 0.85, ("other", 0.1): 0.5}, ax=Figure().subplots())
    line, trained, published, chance = drawn.lines
    assert line.get_xydata().tolist() == [[0.1, pytest.approx(0.85)], [0.5, pytest.approx(0.96)]]
    assert trained.get_ydata()[0] == 0.98
    assert published.get_xydata().tolist() == [[0.1, 0.85]]
    assert chance.get_ydata().tolist() == pytest.approx([0.1, 0.1])
    # t interval of two seeds: 12.7 times the standard error
    low, high = drawn.collections[0].get_paths()[0].get_extents().intervaly
    assert low == pytest.approx(0.85 - 12.706 * 0.05, rel=1e-4)
    assert high == 1 - 1e-3
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == [
        "one, 2 epochs", "trained, 2 epochs", "one, published", "random masks",
    ]  # fmt: skip
