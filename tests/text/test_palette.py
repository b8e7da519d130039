"""The palette: colours that tell things apart are all different."""

import re

from rich.style import Style

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


GROUNDS = {"leaf", "operation", "part", "small", "chip", "page", "card", "ground"}


def luminance(color):
    channels = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in bytes.fromhex(color[1:])]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def test_colours_can_be_read_and_told_apart():
    """Dark on light on a light page, light on dark on a dark one; the verdicts, in tables and terminals, too."""
    colors = {name: (light, dark) for name, light, dark in re.findall(r"--(\w+): light-dark\((.*?), (.*?)\)", palette.variables("p"))}
    assert colors.keys() > GROUNDS
    for name, (light, dark) in colors.items():
        assert (luminance(light) > luminance(dark)) == (name in GROUNDS or name in ("rule", "faint")), name
    assert [bytes(color).hex() for color in (palette.POSITIVE, palette.NEGATIVE)] == ["fab47f", "b5a6ea"]
    assert [name for name, verdict in palette.VERDICTS.items() if verdict.ink.light == "#a52a14"] == ["mistake", "wrong"]
    assert len({verdict.sign for verdict in palette.VERDICTS.values()}) == len(palette.VERDICTS)
    for verdict in palette.VERDICTS.values():
        assert len(verdict.sign) == 1
        assert (luminance(verdict.ground.light) + 0.05) / (luminance(verdict.ink.light) + 0.05) > 4.5
        for ink in (verdict.ink.dark, palette.DRAWN["ink"].dark):  # in tables, and in drawings
            assert (luminance(ink) + 0.05) / (luminance(verdict.ground.dark) + 0.05) > 4.5
        assert Style.parse(verdict.terminal)
        assert not verdict.terminal.startswith("#")


def test_style_sheets_are_made_of_the_palette():
    variables, rules = palette.variables(".a, .b"), palette.recolored(".a svg")
    light, dark = variables.splitlines()
    assert light.startswith(".a, .b { --data: #0b57a4; --grad: #b4450a; ")
    assert light.endswith(" --page: #ffffff; --card: #ffffff; --ground: #f7f9fc; }")
    assert dark.startswith("@supports (color: light-dark(red, red)) { .a, .b { --data: light-dark(#0b57a4, #7db8f7); ")
    assert dark.endswith("; } }")
    assert rules.splitlines()[:3] == [
        '.a svg [fill="#0b57a4"] { fill: var(--data); }',
        '.a svg [stroke="#0b57a4"] { stroke: var(--data); }',
        '.a svg [fill="#b4450a"] { fill: var(--grad); }',
    ]
    assert len(rules.splitlines()) == 2 * len(palette.DRAWN)


def test_a_drawing_has_rules_for_the_colours_that_are_in_it():
    drawing = f'<path fill="{palette.DATA}"/><path stroke="{palette.GRAD}"/>'
    data, grad = palette.DRAWN["data"], palette.DRAWN["grad"]
    assert palette.adaptive(drawing, "drawing", "fixed") == (
        "svg:root{color-scheme:light dark}"
        f':where(.drawing :not(.fixed))>:where([fill="{data.light}"]){{fill:light-dark({data.light},{data.dark})}}'
        f':where(.drawing :not(.fixed))>:where([stroke="{grad.light}"]){{stroke:light-dark({grad.light},{grad.dark})}}'
    )
    assert palette.recolored("p", drawing) == (
        f'p [fill="{data.light}"] {{ fill: var(--data); }}\np [stroke="{grad.light}"] {{ stroke: var(--grad); }}\n'
    )
