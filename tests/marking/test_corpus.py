"""The marker on real pages: no right number is blamed, every slip is seen, and it is called what it is."""

import pytest
from marking.corpus_pages import FOLDER, entries

ENTRIES = entries()


def said(mark):
    return f"{mark.claim.called.replace('∂', '')} = {mark.claim.printed.text}"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_nothing_right_is_blamed_and_every_slip_is_seen(entry):
    report = entry.page.mark()
    blamed = {said(m) for m in report.slips}
    assert blamed == {slip.claim for slip in entry.slips}, str(report)
    assert entry.page.source


def test_slips_are_called_what_they_are():
    named = [
        (entry.name, slip.claim, next(m.mistake for m in entry.page.mark().slips if said(m) == slip.claim) in (slip.names or ("",)))
        for entry in ENTRIES
        for slip in entry.slips
    ]
    assert sum(right for _, _, right in named) >= 0.85 * len(named), named


def test_every_page_of_the_folder_is_in_the_index():
    assert {path.stem for path in FOLDER.glob("*.toml")} - {"index"} == {entry.name for entry in ENTRIES}
