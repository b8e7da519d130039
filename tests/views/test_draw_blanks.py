"""Pictures with blanks: what is left out stands nowhere in the picture, not even where the pointer shows it."""

import pytest
from small_graphs import neuron

from autograd_tiny import array, draw


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
    (["q"], {}, "no number 'q'"),
    (["y/q"], {}, "no number 'y/q'"),
    (["z/y/w"], {}, "a blank is a number in the picture, 'z' or 'y/z'"),
    ([3], {}, "a blank is a number in the picture"),
    (["y"], {"max_nodes": 1}, "only summarised"),
])  # fmt: skip
def test_a_blank_that_is_no_number_of_the_picture_is_refused(blanks, options, message):
    with pytest.raises(ValueError, match=message):
        draw(differentiated(), blanks=blanks, **options)


def test_pictures_of_arrays_have_none():
    loss = (array([[1.0, 2.0]], "X") * 2.0).sum()
    with pytest.raises(ValueError, match="boxes of Values"):
        draw(loss, through="arrays", blanks=["X"])
