"""The bibliography parses, and every citation of the catalogue is in it."""

from __future__ import annotations

import re

import pytest

from slth import bounds
from slth.bounds import references

KINDS = {"article": "journal", "inproceedings": "booktitle", "software": None}


@pytest.mark.parametrize("key", references.entries())
def test_every_entry_is_whole(key: str) -> None:
    entry, fields = references.entry(key), references.fields(key)
    kind = entry[1 : entry.index("{")]
    assert kind in KINDS
    assert entry.count("{") == entry.count("}")
    assert entry.endswith("\n}")
    assert len(entry.splitlines()) == len(fields) + 2, "one line a field"
    assert {"title", "author", "year"} <= set(fields)
    assert KINDS[kind] is None or KINDS[kind] in fields
    assert re.fullmatch(r"(19|20)\d\d", fields["year"])
    assert entry.isascii()
    assert all(depths(value) for value in fields.values()), "balanced within each field"
    assert ("eprint" in fields) == ("archiveprefix" in fields)
    if "eprint" in fields:
        assert re.fullmatch(r"\d{4}\.\d{5}", fields["eprint"])


def depths(value: str) -> bool:
    depth = 0
    for character in value:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("key", [key for key in references.entries() if key != "slth"])
def test_authors_are_family_then_given_names(key: str) -> None:
    authors = references.fields(key)["author"].split(" and ")
    assert all(author.count(",") == 1 for author in authors)
    assert len(set(authors)) == len(authors)


def test_keys_begin_with_the_first_author_and_the_year() -> None:
    for key in references.entries():
        family = re.match(r"[a-z]+", key)
        assert family is not None
        if key != "slth":
            first = re.sub(r"[^a-z]", "", references.fields(key)["author"].split(",")[0].lower())
            assert first == family[0]


def test_a_key_is_entered_once() -> None:
    from importlib.resources import files

    text = files("slth.bounds").joinpath("references.bib").read_text(encoding="utf-8")
    assert text.count("\n@") + 1 == len(references.entries())


def test_short_names() -> None:
    assert references.short("natale2024sparsity") == "Natale et al. 2024"
    assert references.short("kumar2025quantization") == "Kumar and Natale 2025"
    assert references.short("lueker1998exponentially") == "Lueker 1998"
    assert references.short("dacunha2022proving") == "da Cunha et al. 2022"
    assert references.short("slth") == "The slth developers 2026"


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(KeyError, match="no entry 'nobody1900'"):
        references.entry("nobody1900")
    with pytest.raises(KeyError, match="nobody1900"):
        references.fields("nobody1900")


def test_every_citation_of_the_catalogue_is_there() -> None:
    for bound in bounds.catalogue():
        assert bound.cites
        for key in bound.cites:
            assert key in references.entries(), f"{bound.name} cites {key}"
        assert bound.bibtex.count("@") == len(bound.cites)
