"""What a process takes while something runs: anonymous memory, and the disk of its nameless files. Linux only."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any


class Watch:
    """The largest anonymous memory above that at the start, and the largest size of nameless files, of a phase and of all."""

    def __init__(self) -> None:
        self.disk = 0
        self.phases: dict[str, int] = {}
        self._most = 0
        self._start = anonymous()
        self._going = True
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @property
    def memory(self) -> int:
        return max([self._most, *self.phases.values()])

    def phase(self, name: str) -> None:
        """What has been seen since the last call belongs to the phase `name`."""
        self.phases[name], self._most = self._most, 0

    def _look(self) -> None:
        turn = 0
        while self._going:
            self._most = max(self._most, anonymous() - self._start)
            if turn % 50 == 0:
                self.disk = max(self.disk, nameless())
            turn += 1
            time.sleep(0.002)

    def stop(self) -> None:
        self._going = False
        self._thread.join()


def anonymous() -> int:
    """Bytes of RssAnon."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def nameless() -> int:
    """Bytes on disk of the open files without a name."""
    sizes: dict[Any, int] = {}
    for link in os.listdir("/proc/self/fd"):
        try:
            status = os.stat(f"/proc/self/fd/{link}")
        except OSError:
            continue
        if status.st_nlink == 0:
            sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())
