"""A cluster of dask as it is: a client goes in, the numbers of a plain loop come out, also when a worker process is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slth.sweeps import BlockError, Store, Successes, Trials, collect
from tests.sweeps.fake import Coins, Faulty
from tests.sweeps.twin import collected

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


@pytest.fixture
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_worker_killed_in_mid_sweep_changes_nothing(client: Any, tmp_path: Path) -> None:
    tasks, rule = (Coins(seconds=0.005), Coins(20, seconds=0.005)), Trials(4000)
    path = tmp_path / "store"
    killed: list[int] = []

    def kill() -> None:
        while not killed:
            time.sleep(0.05)
            with Store(path) as store:
                if any(store.count(entry) > 50 for entry in store.entries()):
                    killed.append(next(iter(client.run(os.getpid).values())))
                    os.kill(killed[0], signal.SIGKILL)

    with Store(path, write=True):
        pass
    thread = threading.Thread(target=kill)
    thread.start()
    found = collect(tasks, stop=rule, executor=client, store=path)
    thread.join()
    assert killed
    assert found == tuple(collected(Coins(task.trials_a_block, seconds=0.005), rule) for task in tasks)
    with Store(path) as store:
        assert all(store.count(entry) >= answer.blocks for entry, answer in zip(store.entries(), found, strict=True))


def test_other_rules_and_errors(client: Any) -> None:
    rule = Successes(100)
    assert collect([Coins()], stop=rule, executor=client) == (collected(Coins(), rule),)
    with pytest.raises(BlockError, match="the coin stands on its edge"):
        collect([Faulty()], executor=client)
    assert client.submit(int).result() == 0  # it is not ours to close
