"""Excerpts know where their characters stand in the file."""

import random

import pytest

from autograd_tiny.text.excerpts import Spot, whole
from autograd_tiny.text.toml_lines import TomlLines

FILES = ["one\ntwo\nthree", "one\r\ntwo\r\nthree", "\ufeffone\rtwo\rthree", "\ufeffone\r\ntwo\rthree\n", "", "\ufeff"]


@pytest.mark.parametrize("file", FILES)
def test_the_whole_of_a_file(file):
    excerpt = whole(file)
    assert excerpt.text == file.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    start = excerpt.text.find("two")
    if start >= 0:
        assert excerpt.spot(start, start + 3) == Spot(2, 1, 2, 4)
        first, last = excerpt.at(excerpt.spot(start, start + 3))
        assert file[first:last] == "two"


@pytest.mark.parametrize("file", FILES)
def test_any_stretch_of_any_part_is_found_again_in_the_file(file):
    rng = random.Random(0)
    excerpt = whole(file)
    for _ in range(100):
        cuts = sorted(rng.choices(range(len(excerpt.text) + 1), k=4))
        part = excerpt.part([(cuts[0], cuts[1]), (cuts[2], cuts[3])])
        assert part.text == excerpt.text[cuts[0] : cuts[1]] + excerpt.text[cuts[2] : cuts[3]]
        for at, character in enumerate(part.text):
            first, last = part.at(part.spot(at, at + 1))
            assert whole(file[first:last]).text.startswith(character)


def test_parts_of_one_stretch_of_three_and_of_none():
    excerpt = whole("one two three four")
    for ranges, last in ([(4, 7)], (5, 8)), ([(0, 3), (4, 7), (8, 13)], (9, 14)):
        part = excerpt.part(ranges)
        end = len(part.text)
        assert part.spot(end - (last[1] - last[0]), end) == Spot(1, last[0], 1, last[1])
    nothing = excerpt.part([])
    assert (nothing.text, nothing.spot(0, 0)) == ("", Spot(1, 1, 1, 1))


def test_strings_of_a_table_have_their_places():
    lines = TomlLines("\ufeffclaims = ['z = 1', \"y = 2\"]\r\n[[section]]\r\nclaims = [\r\n  '''E = 3''',\r\n]\r\n[inputs]\r\nw = 1\r\n")
    assert lines.spot("claims", 1) == Spot(1, 20, 1, 27)
    assert lines.spot("section", 0, "claims", 0) == Spot(4, 3, 4, 14)
    assert lines.spot("inputs", "w") is None
    assert lines.line("inputs", "w") == 7
