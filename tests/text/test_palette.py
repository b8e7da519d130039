"""The palette: colours that tell things apart are all different."""

from autograd_tiny.text import palette


def test_no_two_colours_of_drawings_are_alike():
    assert len({color.light for color in palette.DRAWN.values()}) == len(palette.DRAWN)
    assert len({color.dark for color in palette.DRAWN.values()}) == len(palette.DRAWN)


def test_the_colours_by_name():
    for name in palette.DRAWN:
        assert getattr(palette, name.upper()) == palette.DRAWN[name].light
    assert {name: palette.DRAWN[name].light for name in ("data", "grad", "derivative")} == {
        name: color for color, name in palette.TEXT_CLASSES.items()
    }
