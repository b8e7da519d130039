"""Texts in pictures: every character is visible, and they are as long as there is room for."""

from autograd_tiny.text.words import shortened, visible


def test_a_text_in_a_picture_is_visible_and_fits():
    assert shortened("a" * 40) == "a" * 40
    assert shortened("a" * 41) == "a" * 39 + "…"
    assert shortened("\n\n\n", 2) == "␊…"
    assert visible("\x1f \x7f\ud7ff\ud800\udfff\ue000\ufffd\ufffe\uffff") == "␟ ␡\ud7ff��\ue000\ufffd��"
