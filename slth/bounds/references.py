"""The bibliography: `references.bib`, read once, entry by entry."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def entries() -> dict[str, str]:
    """Key -> BibTeX entry, in the order of the file."""
    text = files("slth.bounds").joinpath("references.bib").read_text(encoding="utf-8")
    found = {}
    for part in re.split(r"(?m)^(?=@)", text):
        head = re.match(r"@\w+\{([^,\s]+),", part)
        if head:
            found[head[1]] = part.strip()
    return found


def entry(key: str) -> str:
    """The BibTeX entry of a key.

    Raises
    ------
    KeyError
        If there is none.
    """
    try:
        return entries()[key]
    except KeyError:
        raise KeyError(f"references.bib has no entry {key!r}; it has {', '.join(entries())}") from None


def fields(key: str) -> dict[str, str]:
    """The fields of an entry, in the order of the file: ``{"title": ..., "author": ..., "year": ...}``, TeX as it stands there.

    Every field of `references.bib` is one line, ``name = {value},``.

    Raises
    ------
    KeyError
        If there is no such entry.
    """
    return dict(re.findall(r"(?m)^  (\w+)\s*= \{(.*)\},$", entry(key)))


def short(key: str) -> str:
    """Authors and year of an entry in a few words: ``"Natale et al. 2024"``.

    Raises
    ------
    KeyError
        If there is no such entry.
    """
    known = fields(key)
    names = [_plain(author.partition(",")[0]) for author in known["author"].split(" and ")]
    who = names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{names[0]} et al."
    return f"{who} {known['year']}"


def _plain(tex: str) -> str:
    """A name without braces and accents."""
    return re.sub(r"\\.|[{}]", "", tex)
