"""Tables on disk: nothing lost, nothing different from run to run."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from slth.sweeps import Collected, Trials
from slth.sweeps.export import rows, write_table
from slth.sweeps.tasks import Partition
from tests.sweeps.fake import Coins
from tests.sweeps.twin import collected


@pytest.fixture
def found() -> list[Collected]:
    return [
        collected(Coins(heads=(0.1, 1 / 3)), Trials(30)),
        collected(Partition(n=4, bits=2, trials_a_block=10), Trials(10), seed=2**80),
    ]


def test_csv_reads_back_as_it_was(found: list[Collected], tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    assert write_table(found, path) == 4
    with open(path, newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["kind"] for row in read] == ["test-coins"] * 2 + ["partition"] * 2
    estimates = [estimate for answer in found for estimate in answer.rows()]
    for row, estimate in zip(read, estimates, strict=True):
        for name in ("rate", "lower", "upper"):
            assert float(row[name]) == getattr(estimate, name)
        assert int(row["successes"]) == estimate.successes
    # the coin of the point, not the list of them; what another kind has is empty
    assert [row["heads"] for row in read] == ["0.1", repr(1 / 3), "", ""]
    assert [row["below_bits"] for row in read] == ["", "", "1", "2"]
    assert read[2]["seed"] == str(2**80)
    first = path.read_bytes()
    write_table(found, path)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_parquet_holds_the_same(found: list[Collected], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    assert write_table(found, path, 0.5) == 4
    read = parquet.read_table(path).to_pylist()
    for row, wanted in zip(read, rows(found, 0.5), strict=True):
        assert {name: row[name] for name in ("rate", "lower", "upper", "trials", "method", "task")} == {
            name: wanted[name] for name in ("rate", "lower", "upper", "trials", "method", "task")
        }
    assert [row["below_bits"] for row in read] == [None, None, 1, 2]
    assert [row["seed"] for row in read] == ["0", "0", str(2**80), str(2**80)]  # beyond int64
    assert [row["heads"] for row in read] == [0.1, 1 / 3, None, None]


def test_nothing_found_is_an_empty_table(tmp_path: Path) -> None:
    assert write_table([], tmp_path / "t.csv") == 0
    assert (tmp_path / "t.csv").read_text() == "trials,successes,rate,lower,upper,confidence,method\n"


def test_what_is_missing_or_unknown_is_said(
    found: list[Collected], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"written as .csv or .parquet, got '.*t.xlsx'"):
        write_table(found, tmp_path / "t.xlsx")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pip install 'slth\[parquet\]', or write .csv"):
        write_table(found, tmp_path / "t.parquet")
    assert not list(tmp_path.iterdir())
