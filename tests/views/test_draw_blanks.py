"""Pictures with blanks: what is left out stands nowhere in the picture, not even where the pointer shows it."""

import pytest
from small_graphs import named, neuron

from autograd_tiny import Value, array, draw, total


def differentiated():
    y = neuron()
    y.backward()
    return y


def test_what_is_left_out_stands_nowhere_in_the_picture():
    whole = draw(differentiated(), through="named").svg()
    assert "0.7864" in whole
    assert "1.573" in whole
    svg = draw(differentiated(), through="named", blanks=["y", "y/z", "∂y/∂w", "y/b"]).svg()
    assert svg.count(">______<") == 5  # the derivative by z stands on the arrow and in the box
    for number in ("0.462", "0.786", "1.57"):
        assert number not in svg
    assert "0.5" in svg
    assert "______" in draw(differentiated(), blanks="z").dot


@pytest.mark.parametrize(("blanks", "options", "message"), [
    (["q"], {}, r"no number 'q'; there are w, y/w, x, y/x, b, y/b, z, y/z, z/b, y and y/y$"),
    (["y/q"], {}, r"no number 'y/q'; did you mean `y/"),
    (["z/y/w"], {}, "a blank is a number in the picture, 'z' or 'y/z'"),
    ([3], {}, "a blank is a number in the picture"),
    (["y"], {"max_nodes": 1}, "only summarised"),
])  # fmt: skip
def test_a_blank_that_is_no_number_of_the_picture_is_refused(blanks, options, message):
    with pytest.raises(ValueError, match=message):
        draw(differentiated(), blanks=blanks, **options)


def test_of_many_numbers_twelve_are_listed():
    output = named("y", total([Value(1.0, letter) for letter in "abcdefgh"]))
    with pytest.raises(ValueError, match=r"there are a, y/a, b, y/b, c, y/c, d, y/d, e, y/e, f, y/f and 6 more$"):
        draw(output, blanks="q")


def test_pictures_of_arrays_have_none():
    loss = (array([[1.0, 2.0]], "X") * 2.0).sum()
    with pytest.raises(ValueError, match="boxes of Values"):
        draw(loss, through="arrays", blanks=["X"])
