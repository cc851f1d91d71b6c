"""In which line of a TOML file a key stands: `tomllib` keeps no places."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\"' -]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*[.=]")


class Lines:
    """The lines of tables and keys, for messages: found by their look, so that one within a long string may be taken for a key."""

    def __init__(self, text: str) -> None:
        self._tables: dict[str, list[tuple[int, dict[str, int]]]] = {"": [(0, {})]}
        keys = self._tables[""][0][1]
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.match(line):
                keys = {}
                self._tables.setdefault(header[1], []).append((number, keys))
            elif key := _KEY.match(line):
                keys.setdefault(key[1].strip("\"'"), number)

    def of(self, table: str, key: str | None, place: int = 0) -> int | None:
        """The line of a key of the `place`-th table of this name, of the table itself, or None."""
        found = self._tables.get(table, [])
        if key is not None:
            if place < len(found) and key in found[place][1]:
                return found[place][1][key]
            below = self._tables.get(f"{table}.{key}", [])  # [sweep.stop]
            if below:
                return below[0][0]
        if place < len(found):
            return found[place][0]
        return self._tables[""][0][1].get(table)
