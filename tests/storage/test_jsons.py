"""JSON is read to a depth, whatever lists and objects it mixes and whatever signs stand in its strings."""

import json
from random import Random

import pytest

from autograd_tiny.storage.jsons import read_json

DEEPEST = 200  # as the page of `read_json` says
STRINGS = ["", "]", "}}", "[[[", '"', '\\"]', "\\", "{\n"]


def nested(depth, rng):
    """A list or object with so many inside of each other, and flat ones beside them."""
    x = rng.choice(STRINGS)
    for level in range(depth):
        others = [1.5, rng.choice(STRINGS), *([[], {}] if level else [])]
        beside = rng.choices(others, k=rng.randint(0, 2))
        x = {rng.choice(STRINGS): x, **dict(zip("ab", beside))} if rng.random() < 0.5 else [*beside, x, *beside]
    return x


@pytest.mark.parametrize("seed", range(10))
def test_what_is_nested_as_deeply_as_it_may_be_is_read(seed):
    x = nested(DEEPEST, Random(seed))
    text = json.dumps(x, ensure_ascii=seed % 2 == 0)
    assert read_json(text) == x
    with pytest.raises(ValueError, match=f"nested too deeply, more than {DEEPEST} lists and objects"):
        read_json(json.dumps([x]))
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(json.dumps({"x": x})[:-1])  # also where it is cut off


def test_many_beside_each_other_are_not_deep():
    x = [[{}] * 3 * DEEPEST] * 2
    assert read_json(json.dumps(x)) == x
    assert read_json("[1.5]", parse_float=str) == ["1.5"]
