"""The marker on real pages: no right number is blamed, every slip is seen, and it is called what it is."""

from functools import cache

import pytest
from marking.corpus_pages import FOLDER, NUMBERS, entries, gives

ENTRIES = entries()
LONG = {"recurrent", "single-neuron", "softmax", "three_three_three", "two-outputs"}
LONG |= {"eight-times", "half-the-gradient", "one-of-n", "predicted-twice", "theta-less-gradient"}
"""Their marking takes seconds, or nearly one; `test_published` and `test_pages` mark the longest, too."""
LEAST_NAMED = 0.85
"""Of the slips; what is reached stands in the manual."""


@cache
def marked(name):
    return next(x for x in ENTRIES if x.name == name).page.mark()


def blamed(entry):
    return {said(m): m for m in marked(entry.name).slips}


def said(mark):
    return f"{mark.claim.called.replace('∂', '')} = {mark.claim.printed.text}"


def name(mark):
    return mark.mistake or ("stale" if mark.verdict == "stale" else "")


def is_named(entry, slip):
    return all(name(blamed(entry)[claim]) in slip.names for claim in slip.claims)


@pytest.mark.parametrize("entry", [pytest.param(x, marks=[pytest.mark.slow] * (x.name in LONG), id=x.name) for x in ENTRIES])
def test_nothing_right_is_blamed_and_every_slip_is_seen(entry):
    assert blamed(entry).keys() == {claim for slip in entry.slips for claim in slip.claims}
    assert entry.page.source or "# Source: " in (FOLDER.parent / "pages" / f"{entry.name}.toml").read_text(encoding="utf-8")
    assert entry.numbers in NUMBERS
    margin = marked(entry.name).margin
    assert len(margin) <= 3
    assert bool(margin) == bool(entry.slips)


@pytest.mark.slow
def test_slips_are_called_what_they_are():
    slips = [(entry, slip) for entry in ENTRIES for slip in entry.slips]
    missed = [(entry.name, slip.claims[0], name(blamed(entry)[slip.claims[0]])) for entry, slip in slips if not is_named(entry, slip)]
    print(f"{len(slips) - len(missed)} of {len(slips)} slips on {len(ENTRIES)} pages are named")
    assert len(missed) <= (1 - LEAST_NAMED) * len(slips), missed


@pytest.mark.parametrize(
    ("entry", "slip"), [pytest.param(x, slip, id=f"{x.name}: {slip.claims[0]}") for x in ENTRIES for slip in x.slips if slip.arithmetic]
)
def test_the_arithmetic_of_a_slip_gives_its_number(entry, slip):
    assert gives(slip, entry.page)


def test_every_page_of_the_folder_is_in_the_index():
    assert {path.stem for path in FOLDER.glob("*.toml")} - {"index"} <= {entry.name for entry in ENTRIES}


def test_the_corpus_is_large_enough():
    slips = [slip for entry in ENTRIES for slip in entry.slips if entry.numbers == "printed"]
    assert len(slips) >= 40
