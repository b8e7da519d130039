"""The exit code of the tests on WebAssembly, which several processes share."""

import pytest

from tests.wasm.__main__ import NO_TESTS, together


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0], 0), ([0, 1], 1), ([0, NO_TESTS], 0), ([NO_TESTS, 1], 1), ([NO_TESTS, NO_TESTS], NO_TESTS), ([0, 70], 70)],
)
def test_a_part_without_tests_fails_only_where_all_are(codes, code):
    assert together(codes) == code
