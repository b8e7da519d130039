"""The colours, each under one name: in DOT, in plots and tables, as classes of texts, as variables of style sheets.

Blue is data, orange gradient, green local derivative, everywhere.
"""

from __future__ import annotations

from typing import NamedTuple


class Color(NamedTuple):
    """A colour on a light page, and what takes its place on a dark one."""

    light: str
    dark: str


DRAWN = {
    "data": Color("#0b57a4", "#7db8f7"),
    "grad": Color("#b4450a", "#ffa36b"),
    "derivative": Color("#00795c", "#5fd0ac"),
    "ink": Color("#1c2733", "#e3e9f1"),
    "quiet": Color("#5f6875", "#9aa6b5"),
    "caption": Color("#757d8a", "#8793a3"),
    "rule": Color("#c3cad6", "#3d4858"),
    "arrow": Color("#7c879a", "#7e8ba1"),
    "faint": Color("#9aa3b2", "#5b6677"),
    "leaf": Color("#ffffff", "#1b222c"),
    "operation": Color("#e8f0fa", "#1d2b3f"),
    "part": Color("#f3f6fa", "#151b23"),
    "small": Color("#f1f2f4", "#232b36"),
    "chip": Color("#dff1eb", "#15332a"),
}
"""Of drawings, by name.  No two are alike: Graphviz hands on only the colour of a text, so it also tells what it is."""
DATA, GRAD, DERIVATIVE, INK, QUIET, CAPTION, RULE, ARROW, FAINT, LEAF, OPERATION, PART, SMALL, CHIP = (
    color.light for color in DRAWN.values()
)
"""Boxes, parts and the numbers on arrows bring their own light ground: they read on light and on dark pages."""

TEXT_CLASSES = {DATA: "data", GRAD: "grad", DERIVATIVE: "derivative"}
"""The classes of the texts that are numbers, by their colour."""

POSITIVE, NEGATIVE = (0xFA, 0xB4, 0x7F), (0xB5, 0xA6, 0xEA)
"""The ground of the largest gradient, orange or violet: a pair that colour-blind people tell apart."""

PAGE = {
    "path": Color("#6b3fa0", "#c8a5f5"),
    "page": Color("#ffffff", "#11161d"),
    "card": Color("#ffffff", "#171d26"),
    "ground": Color("#f7f9fc", "#131921"),
}
"""Of the stepper around its drawing."""


class Verdict(NamedTuple):
    """How a verdict on a printed number is shown: a sign, a ground and the ink on it, a colour of terminals."""

    sign: str
    ground: Color
    ink: Color
    terminal: str

    @property
    def style(self) -> str:
        """As a style of HTML; where a browser does not know ``light-dark``, on any page light."""
        return ";".join(
            f"{name}:{color.light};{name}:light-dark({color.light},{color.dark})"
            for name, color in (("background", self.ground), ("color", self.ink))
        )


VERDICTS = {
    "right": Verdict("=", Color("#d9f0e3", "#13392c"), Color("#00694a", "#7fdcb8"), "green"),
    "rounded": Verdict("~", Color("#eaf1d3", "#2c3516"), Color("#55691a", "#c4d880"), "green"),
    "last digit": Verdict("±", Color("#eaf1d3", "#2c3516"), Color("#55691a", "#c4d880"), "green"),
    "carried": Verdict(">", Color("#fbe6c0", "#443110"), Color("#8a5200", "#f3c274"), "yellow"),
    "mistake": Verdict("✗", Color("#f9d2cb", "#4b1f18"), Color("#a52a14", "#ffa493"), "red"),
    "stale": Verdict("o", Color("#ead6f2", "#3a2347"), Color("#7a2f96", "#dcaaf1"), "magenta"),
    "wrong": Verdict("!", Color("#f9d2cb", "#4b1f18"), Color("#a52a14", "#ffa493"), "red"),
    "undecided": Verdict("?", Color("#e8e9ec", "#2c333d"), Color("#4a525e", "#b4bdc9"), "dim"),
    "unanswered": Verdict("_", Color("#f4f5f6", "#20262f"), Color("#5a626e", "#a4aebb"), "dim"),
}


def variables(selector: str) -> str:
    """A style sheet with a variable of each colour, as ``--data``, which changes with the page where a browser can."""
    colors = (DRAWN | PAGE).items()
    light = " ".join(f"--{name}: {color.light};" for name, color in colors)
    both = " ".join(f"--{name}: light-dark({color.light}, {color.dark});" for name, color in colors)
    return f"{selector} {{ {light} }}\n@supports (color: light-dark(red, red)) {{ {selector} {{ {both} }} }}\n"


FOLLOWING = dict([*DRAWN.values(), *(verdict.ground for verdict in VERDICTS.values())])
"""The colours that follow the scheme of the page, each with what takes its place on a dark one; others stay."""


def adaptive(drawing: str, root: str, fixed: str) -> str:
    """A style sheet by which a drawing that stands alone, or on a page, follows the scheme of what is around it.

    Where a browser does not know ``light-dark``, the colours stay as they are drawn; so they do in other programs.  No
    rule weighs anything: whatever a page says of the drawing holds.

    Args:
        drawing: its markup; what is not in it has no rule.
        root: the class of the drawing's root.
        fixed: the class of parts with grounds of their own, on which nothing changes.
    """
    rules = [
        f':where(.{root} :not(.{fixed}))>:where([{paint}="{light}"]){{{paint}:light-dark({light},{dark})}}'
        for light, dark in FOLLOWING.items()
        for paint in ("fill", "stroke")
        if f'{paint}="{light}"' in drawing
    ]
    return "svg:root{color-scheme:light dark}" + "".join(rules)


def recolored(selector: str, drawing: str | None = None) -> str:
    """A style sheet that lets the variables replace the colours of drawings; of one drawing, those that are in it."""
    painted = {
        f'{paint}="{color.light}"': (paint, name) for name, color in DRAWN.items() for paint in ("fill", "stroke")
    }
    return "".join(
        f"{selector} [{written}] {{ {paint}: var(--{name}); }}\n"
        for written, (paint, name) in painted.items()
        if drawing is None or written in drawing
    )
