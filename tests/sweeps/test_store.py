"""The store: what is put in comes out, whatever happens in between; what is no store is refused."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from slth.sweeps import ConflictError, Store, StoreBusyError, StoreError, Tally, Trials, collect
from slth.sweeps.store import Entry
from slth.sweeps.stored import stored
from slth.sweeps.tasks import KINDS
from tests.sweeps.fake import Coins

TASK = Coins()
TEXT = TASK.to_json()


def tally(i: int) -> Tally:
    return Tally(10, {"heads": (i,), "sum": 10**20 + i})


def fill(path: Path, blocks: range, seed: int = 0) -> Path:
    with Store(path, write=True) as store, store.transaction():
        store.add(store.make_entry(TASK.id, seed, TEXT), {i: tally(i) for i in blocks})
    return path


def contents(path: Path) -> dict[tuple[str, int, int], Tally]:
    with Store(path) as store:
        found = {(e.id, e.seed): store.read(e, 0, 10**9) for e in store.entries()}
    return {(*key, i): one for key, blocks in found.items() for i, one in blocks.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sweep.store"


def test_what_is_put_in_comes_out(path: Path) -> None:
    fill(path, range(5))
    fill(path, range(3, 9))
    fill(path, range(2), seed=2**100)
    assert contents(path) == {(TASK.id, 0, i): tally(i) for i in range(9)} | {
        (TASK.id, 2**100, i): tally(i) for i in range(2)
    }
    with Store(path) as store:
        first, second = store.entries()
        assert (first.id, first.seed, first.task) == (TASK.id, 0, TEXT)
        assert second.seed == 2**100
        assert store.entry(TASK.id, 0, TEXT) == first
        assert store.entry(TASK.id, 1, TEXT) is None
        assert (store.count(first), store.end(first), store.end(second)) == (9, 9, 2)
        assert list(store.read(first, 2, 7, most=3)) == [2, 3, 4]
        assert store.sound()


def test_a_store_at_rest_is_one_file(path: Path) -> None:
    fill(path, range(5))
    assert os.listdir(path.parent) == [path.name]
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert len(contents(path)) == 5
    finally:
        path.parent.chmod(0o755)


def test_an_error_inside_a_transaction_leaves_the_store_as_it_was(path: Path) -> None:
    fill(path, range(5))
    before = contents(path)
    with Store(path, write=True) as store:

        def fail() -> None:
            with store.transaction():
                store.add(store.make_entry(TASK.id, 0, TEXT), {7: tally(7)})
                store.make_entry(TASK.id, 1, TEXT)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with store.transaction():
            assert store.entry(TASK.id, 1, TEXT) is None
            other = Coins(20)
            store.add(store.make_entry(other.id, 0, other.to_json()), {0: tally(0)})
    assert contents(path) == before | {(other.id, 0, 0): tally(0)}


def test_the_same_block_again_must_be_the_same(path: Path) -> None:
    fill(path, range(5))
    with Store(path, write=True) as store:
        entry = store.make_entry(TASK.id, 0, TEXT)
        with store.transaction():
            assert store.add(entry, {4: tally(4), 5: tally(5)}) == 1
        with (
            pytest.raises(ConflictError, match=r"block 2 of .*at seed 0 has two results") as found,
            store.transaction(),
        ):
            store.add(entry, {2: tally(3), 6: tally(6)})
    for one in (tally(2), tally(3)):
        assert one.to_json() in str(found.value)
    assert len(contents(path)) == 6


def test_one_id_for_two_tasks_is_an_error(path: Path) -> None:
    fill(path, range(5))
    other = Coins(20)
    other.__dict__["id"] = TASK.id
    with pytest.raises(StoreError, match="two tasks have the id") as found:
        collect([other], store=path)
    assert TEXT in str(found.value)
    assert other.to_json() in str(found.value)


def test_all_of_it_can_be_checked(path: Path) -> None:
    collect([TASK, Coins(20)], store=path, stop=Trials(21_000))
    with Store(path, write=True) as store:
        with store.transaction():
            store.add(store.make_entry(TASK.id, 0, TEXT), {5000: tally(1)})
        assert store.check() == sum(store.count(entry) for entry in store.entries())
        first, second = store.entries()
        with store.transaction():
            store.add_prefixes(first, {3000: Tally()})  # beyond the gap
        with pytest.raises(StoreError, match=r"the sum of 3000 blocks of .* is not theirs"):
            store.check()
    with sqlite3.connect(path) as sql:
        sql.execute("DELETE FROM prefixes WHERE blocks = 3000")
        sql.execute("DELETE FROM blocks WHERE series = ? AND block = 7", (second.number,))
    sql.close()
    with Store(path) as store, pytest.raises(StoreError, match=r"the sum of 1024 blocks of .* is not theirs"):
        store.check()


class TestMerging:
    def test_is_a_union_in_any_order_and_any_number_of_times(self, tmp_path: Path) -> None:
        a, b = fill(tmp_path / "a", range(5)), fill(tmp_path / "b", range(3, 9))
        fill(b, range(2), seed=7)
        whole = {**contents(a), **contents(b)}
        for order in ([a, b], [b, a], [a, b, a, b]):
            into = tmp_path / "into"
            with Store(into, write=True) as store:
                assert store.merge(order) == len(whole)
                assert store.merge(order) == 0
            assert contents(into) == whole
            into.unlink()
        with Store(a, write=True) as store:
            assert store.merge([a, b]) == len(whole) - 5
        assert contents(a) == whole

    def test_takes_sums_and_decisions_along(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(KINDS, TASK.kind, Coins)
        rule = Trials(15_000)
        answer = collect([TASK], store=tmp_path / "a", stop=rule)
        with Store(tmp_path / "b", write=True) as store:
            store.merge([tmp_path / "a"])
        with Store(tmp_path / "b") as store:
            (entry,) = store.entries()
            assert store.prefix_lengths(entry) == [1024]
            decision = store.decision(entry, rule.to_json())
            assert decision is not None
            assert (decision.blocks, decision.met, decision.tally) == (1500, True, answer[0].tally)
            assert stored(store) == answer

    def test_of_a_conflict_names_both_and_changes_nothing(self, tmp_path: Path) -> None:
        a, b = fill(tmp_path / "a", range(5)), tmp_path / "b"
        with Store(b, write=True) as store, store.transaction():
            store.add(store.make_entry(TASK.id, 0, TEXT), {9: tally(9), 4: tally(5)})
        before = contents(a)
        with Store(a, write=True) as store, pytest.raises(ConflictError) as found:
            store.merge([b])
        for word in (str(a), str(b), tally(4).to_json(), tally(5).to_json(), "block 4"):
            assert word in str(found.value)
        assert contents(a) == before
        new = tmp_path / "new"
        with Store(new, write=True) as store, pytest.raises(ConflictError) as found:
            store.merge([a, b])
        assert f"{b} cannot be merged after {a}: block 4" in str(found.value)
        assert not contents(new)

    def test_refuses_what_is_no_store(self, tmp_path: Path) -> None:
        with Store(tmp_path / "a", write=True) as store:
            with pytest.raises(FileNotFoundError):
                store.merge([tmp_path / "nothing"])
            with pytest.raises(StoreError, match="no store"):
                store.merge([__file__])


class TestRefusals:
    def test_of_another_file(self, path: Path) -> None:
        path.write_bytes(b"no database at all, " * 100)
        for write in (False, True):
            with pytest.raises(StoreError, match=r"no store of sweeps \(no SQLite file\); name another file"):
                Store(path, write=write)
        assert path.read_bytes() == b"no database at all, " * 100

    def test_of_another_database(self, path: Path) -> None:
        sql = sqlite3.connect(path)
        sql.execute("CREATE TABLE mine (a)")
        sql.commit()
        for write in (False, True):
            with pytest.raises(StoreError, match="another SQLite file"):
                Store(path, write=write)
        assert sql.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]
        sql.close()

    @pytest.mark.parametrize(
        "change", ["CREATE VIEW v AS SELECT 1", "DROP TABLE prefixes", "CREATE TABLE more (a)", "ALTER TABLE blocks ADD x",
                   "CREATE TRIGGER t AFTER INSERT ON blocks BEGIN DELETE FROM blocks; END", "CREATE INDEX i ON blocks (hash)"]
    )  # fmt: skip
    def test_of_other_tables(self, path: Path, change: str) -> None:
        fill(path, range(5))
        with sqlite3.connect(path) as sql:
            sql.execute(change)
        sql.close()
        for write in (False, True):
            with pytest.raises(StoreError, match="has not the tables of a store"):
                Store(path, write=write)

    def test_of_another_version(self, path: Path) -> None:
        fill(path, range(5))
        with sqlite3.connect(path) as sql:
            sql.execute("PRAGMA user_version = 99")
        sql.close()
        with pytest.raises(
            StoreError, match="is a store of version 99, this slth reads version 1; use the slth that wrote it"
        ):
            Store(path)

    def test_of_nothing_and_of_folders(self, path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Store(path)
        with pytest.raises(IsADirectoryError):
            Store(path.parent)
        with pytest.raises(IsADirectoryError):
            Store(path.parent, write=True)
        with pytest.raises(FileNotFoundError, match="its folder does not exist"):
            Store(path / "deeper", write=True)
        path.touch()  # made, and killed before anything was written
        with pytest.raises(StoreError, match="is empty: no sweep has written to it yet"):
            Store(path)
        fill(path, range(2))
        assert len(contents(path)) == 2

    def test_of_a_second_writer(self, path: Path) -> None:
        fill(path, range(5))
        with Store(path, write=True) as store:
            with pytest.raises(StoreBusyError, match="is locked: another process writes to it; wait until it ends"):
                Store(path, write=True)
            assert len(contents(path)) == 5  # a reader is welcome
            with store.transaction():
                store.add(store.make_entry(TASK.id, 0, TEXT), {8: tally(8)})
                assert len(contents(path)) == 5
            assert len(contents(path)) == 6
        fill(path, range(6))

    def test_of_a_file_that_another_program_holds(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fill(path, range(5))
        monkeypatch.setattr("slth.sweeps.store.file._WAIT", 0.05)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="is locked by another program"):
            fill(path, range(6))
        other.close()
        fill(path, range(6))


def test_merging_a_store_that_is_written_takes_it_as_it_was_at_one_moment(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(path, write=True) as live, Store(path.with_name("both.store"), write=True) as both:
        collect([TASK], store=live, stop=Trials(100))
        rules = Store.rules

        def later(store: Store, entry: Entry) -> tuple[str, ...]:
            collect([TASK], store=live, stop=Trials(200))
            return rules(store, entry)

        monkeypatch.setattr(Store, "rules", later)
        assert both.merge([path]) == 10
        monkeypatch.undo()
        assert both.check() == 10
        assert both.merge([path]) == 10
        assert both.check() == 20


class TestDamage:
    @pytest.mark.parametrize(
        ("change", "found"),
        [
            (
                "UPDATE blocks SET tally = replace(tally, '10', '11') WHERE block = 3",
                "block 3 of .* does not match its hash",
            ),
            ("UPDATE blocks SET block = 77 WHERE block = 3", "block 77 of .* does not match its hash"),
            ("UPDATE blocks SET tally = x'00' WHERE block = 3", "block 3 of .* does not match its hash"),
            ("UPDATE blocks SET hash = 'x' WHERE block = 3", "block 3 of .* does not match its hash"),
            ("UPDATE series SET seed = 'x'", "is no task at a seed"),
            ("UPDATE series SET task = 3.5", "two tasks have the id"),
        ],
    )
    def test_of_a_row_is_found(self, path: Path, change: str, found: str) -> None:
        fill(path, range(5))
        with sqlite3.connect(path) as sql:
            sql.execute(change)
        sql.close()
        with pytest.raises(StoreError, match=found):
            collect([TASK], store=path, stop=Trials(1000))

    def test_of_a_sum_is_found(self, path: Path) -> None:
        collect([TASK], store=path, stop=Trials(10_300))
        for table, rule in (("decisions", Trials(10_300)), ("prefixes", Trials(10_301))):
            copy = path.with_name(table)
            shutil.copy(path, copy)
            with sqlite3.connect(copy) as sql:
                sql.execute(f"UPDATE {table} SET blocks = blocks + 1")
            sql.close()
            with pytest.raises(
                StoreError, match="does not match its hash; restore a copy, or remove the file and run again"
            ):
                collect([TASK], store=copy, stop=rule)

    def test_of_pages_is_found_or_does_no_harm(self, path: Path) -> None:
        """Every page in turn overwritten: either the same blocks come out, or an error."""
        fill(path, range(400))
        whole, good = contents(path), path.read_bytes()
        found = 0
        for start in range(0, len(good), 4096):
            path.write_bytes(good[:start] + b"\x5a" * 4096 + good[start + 4096 :])
            try:
                assert contents(path).items() <= whole.items()
            except StoreError:
                found += 1
        assert found >= 0.8 * len(good) / 4096
        path.write_bytes(good[: len(good) // 2])
        with pytest.raises(StoreError, match="damaged"):
            contents(path)


FORK = """
import os, signal, sys, time
from slth.sweeps import Store
store = Store(sys.argv[1], write=True)
child = os.fork()
if child == 0:
    os.close(1)
    time.sleep(60)
    os._exit(0)
print(child, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_forked_worker_does_not_hold_the_lock_of_its_dead_parent(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORK, str(path)], stdout=subprocess.PIPE, text=True, check=False)
    child = int(done.stdout.split()[0])
    os.kill(child, 0)  # it is still there
    fill(path, range(3))
    os.kill(child, signal.SIGKILL)


FULL = """
import resource, signal, sys
from slth.sweeps import Store, Trials, collect
from tests.sweeps.fake import Coins
collect([Coins()], store=sys.argv[1], stop=Trials(500))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))
try:
    collect([Coins()], store=sys.argv[1], stop=Trials(200_000))
except OSError as error:
    print(error)
"""


def test_a_full_disk_leaves_what_was_stored(path: Path) -> None:
    """No file may grow beyond 256 KiB: as on a full disk, SQLite's writes fail."""
    command = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "cannot write to the store" in done.stdout
    assert "what was stored before is untouched: make room, and run the same again to go on" in done.stdout
    with Store(path) as store:
        (entry,) = store.entries()
        assert 50 <= store.count(entry) < 20_000
        assert store.sound()
    assert collect([TASK], store=path, stop=Trials(30_000)) == collect([TASK], stop=Trials(30_000))


def test_a_full_disk_as_sqlite_says_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL

    def full(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(Store, "add", full)
        with pytest.raises(OSError, match="make room, and run the same again") as found:
            collect([TASK], store=path, stop=Trials(100))
    assert found.value.errno == 28
    assert found.value.filename == str(path)
    assert contents(path) == {}
    collect([TASK], store=path, stop=Trials(100))
    assert len(contents(path)) >= 10
