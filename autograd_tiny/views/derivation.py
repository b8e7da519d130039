"""A whole derivation, the page a teacher writes: every value forward, every derivative backward, every update.

What is between two named values is one step, as in `explain`, which writes the equations here, too.  A derivative is
written once, where backward has gathered it, and from then on it is a number that was printed before.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property, partial
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from autograd_tiny.arrays.recorded import Array
from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.calculus.gradient_check import path_sizes
from autograd_tiny.engine.contents import named_by
from autograd_tiny.engine.graph import Node, all_nodes, mapped, topological_order
from autograd_tiny.engine.refusals import check_recorded, warn_of_runs
from autograd_tiny.engine.table import sub
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.formulas import FormulaError, read_formula
from autograd_tiny.storage.files import write_file
from autograd_tiny.symbols.expression import Expression, Term
from autograd_tiny.symbols.latex import portable
from autograd_tiny.text.numbers import as_number, check_digits, short_number
from autograd_tiny.text.words import quoted
from autograd_tiny.views.equations import (
    Equation,
    chain,
    environment,
    latex_style,
    lines_of,
    of_rate,
    rate_name,
    set_width,
    text_style,
)
from autograd_tiny.views.explain import Explainer, explainer_of
from autograd_tiny.views.mathml import mathml
from autograd_tiny.views.matrices.derived import ROUNDING, ArrayDerivation
from autograd_tiny.views.matrices.evaluated import Numbers
from autograd_tiny.views.matrices.graph import check_through_arrays, is_by_arrays, settled
from autograd_tiny.views.named import Through
from autograd_tiny.views.paths import completed, count_paths
from autograd_tiny.views.steps import ForwardStep

MOST_EQUATIONS = 300
"""A longer page is read by nobody."""
TEXT_WIDTH, LATEX_WIDTH = 100, 345
"""A line of a terminal in characters, and one of an article in points."""
SMALLEST_MARKED, LARGEST_MARKED = 1e-280, 1e300
"""What a page of printed numbers can hold with up to 17 digits."""

_GRID = "display: grid; grid-template-columns: repeat(2, max-content); gap: .7em .3em; place-items: center start"


class Claim(NamedTuple):
    """A number of the derivation, or all of an array: of what, in the words of a page to be marked, and how large.

    In an array nan stands for what is not told.
    """

    quantity: str
    number: float | Numbers

    @property
    def numbers(self) -> Sequence[float]:
        """All that are told."""
        return [x for x in self.number.flat if not math.isnan(x)] if isinstance(self.number, Numbers) else [self.number]

    def written(self, number: Callable[[float], str]) -> str:
        """What it is, as it is typed."""
        if not isinstance(self.number, Numbers):
            return number(self.number)
        if not self.number.shape:
            return number(self.number.flat[0])
        rows = [f"[{', '.join(['_' if math.isnan(x) else number(x) for x in row])}]" for row in self.number.rows]
        return f"[{', '.join(rows)}]" if len(self.number.shape) == 2 else rows[0]


class Section(NamedTuple):
    """A part of a derivation: its heading, its equations, and the numbers that they arrive at."""

    title: str
    equations: list[Equation]
    claims: list[Claim]


class Derivation:
    """A derivation written out: as text, LaTeX, Markdown, HTML with MathML, and as a page that can be marked.

    Attributes:
        sections: Forward, Backward and, with a learning rate, Update; in matrix form, first what is Given.
        digits: how many significant digits numbers are written with.
    """

    def __init__(
        self, sections: Sequence[Section], digits: int, called: Iterable[str], page: PageSource | ArrayPage
    ) -> None:
        self.sections, self.digits = list(sections), digits
        self._called, self._page = tuple(called), page

    @property
    def text(self) -> str:
        """Plain text."""
        style, parts = text_style(self.digits), []
        written: dict[Node, Term] = {}
        for section in self.sections:
            lines, width = [section.title, ""], 0
            for left, right in lines_of(section.equations, style, written, len, TEXT_WIDTH):
                width = len(left) or width
                lines.append(f"{left:{width}} {right}")
            parts.append("\n".join(lines))
        return "\n\n".join(parts)

    @property
    def latex(self) -> str:
        """The sections in LaTeX, each with its heading, to be copied into a document that uses amsmath."""
        parts = []
        for title, lines in self._latex_lines:
            parts += [rf"\subsection*{{{title}}}", environment("align*", lines)]
        return portable("\n".join([r"\begingroup\allowdisplaybreaks\addtolength{\jot}{3pt}", *parts, r"\endgroup"]))

    @property
    def latex_document(self) -> str:
        """The same as a whole document."""
        head = [r"\documentclass{article}", r"\usepackage{amsmath}", r"\begin{document}"]
        return "\n".join([*head, self.latex, r"\end{document}"])

    @property
    def markdown(self) -> str:
        """The sections in Markdown, formulas in LaTeX between ``$$``: for GitHub, Jupyter, Quarto, pandoc."""
        formulas = [(title, environment("aligned", lines)) for title, lines in self._latex_lines]
        return "\n\n".join(f"## {title}\n\n$$\n{latex}\n$$" for title, latex in formulas)

    @property
    def html(self) -> str:
        """A heading and formulas in MathML for each section, aligned at the equals signs; no style sheet is needed."""
        parts = []
        for title, lines in self._latex_lines:
            cells = []
            for left, right in lines:
                first = mathml(left) if left else ""
                cells.append(f'<div style="justify-self: end">{first}</div><div>{mathml(right)}</div>')
            parts.append("\n".join([f"<h3>{escape(title)}</h3>", f'<div style="{_GRID}">', *cells, "</div>"]))
        return "\n".join(['<div style="overflow-x: auto; padding: .3em">', *parts, "</div>"])

    @property
    def toml(self) -> str:
        """A page for ``autograd-tiny mark``: the formulas, the inputs, and every number as it is printed here.

        What no formula can read as a name, as ``layers[0].bias``, has another one there: ``layers_0_bias``.  Of a
        derivation in matrix form it is a page in matrices; where formulas have no word for what was recorded, that of
        the scalars.

        Raises:
            ValueError: a number that is not finite, or beyond the range of what can be marked; more than 300 equations,
                where these are those of the scalars.
        """
        return self._page.toml(self.sections, self.digits)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, and return the path.

        What ends in ``.tex`` is a whole document, ``.md`` Markdown, ``.txt`` plain text, ``.toml`` a page to be marked.

        Raises:
            ValueError: another ending; for ``.toml`` what `toml` says.
            OSError: it cannot be written.
        """
        kinds: dict[str, Callable[[], str]] = {
            ".tex": lambda: self.latex_document,
            ".md": lambda: self.markdown,
            ".toml": lambda: self.toml,
            ".txt": lambda: self.text,
        }
        content = kinds.get(Path(path).suffix.lower())
        if content is None:
            raise ValueError(f"a derivation's file ends in one of {', '.join(kinds)}; got {os.fspath(path)!r}")
        return write_file(path, content() + "\n")

    @cached_property
    def _latex_lines(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The title of each section, and what stands left and right in each line, words hidden."""
        style = latex_style(self._called, self.digits)
        written: dict[Node, Term] = {}
        return [(s.title, lines_of(s.equations, style, written, set_width, LATEX_WIDTH)) for s in self.sections]

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_latex_(self) -> str:
        return self.latex


class PageSource(NamedTuple):
    """What a page that can be marked needs beside the numbers of the sections.

    Attributes:
        output: what the result is called.
        formulas: the computation, a line for every value that is seen.
        inputs: the leaves.
        learning_rate: of the updates; None if there are none.
        renamed: what is called otherwise on the page, and how.
    """

    output: str
    formulas: list[str]
    inputs: list[Claim]
    learning_rate: float | None
    renamed: dict[str, str]

    def toml(self, sections: Sequence[Section], digits: int) -> str:
        """The page, as `Derivation.toml` describes it."""
        for claim in [*self.inputs, *[claim for section in sections for claim in section.claims]]:
            for number in claim.numbers:
                if not math.isfinite(number) or (number and not SMALLEST_MARKED <= abs(number) <= LARGEST_MARKED):
                    range_ = f"from {SMALLEST_MARKED:g} to {LARGEST_MARKED:g} in size"
                    what = f"{claim.quantity} is {number!r}"
                    raise ValueError(f"derivation: {what}, and a page that can be marked holds numbers {range_}")
        lines = [f"# {other} is {quoted(name)}" for name, other in self.renamed.items()]
        lines.append(f'title = "Derivation of {self.output}"')
        if self.learning_rate is not None:
            lines.append(f"learning_rate = {self.learning_rate!r}")
        lines += ["formula = '''", *self.formulas, "'''", "", "[inputs]"]
        for x in self.inputs:
            lines.append(f"{x.quantity if x.quantity.isascii() else _quoted(x.quantity)} = {x.written(repr)}")
        written = partial(short_number, digits=digits)
        for section in sections:
            if section.claims:
                claims = [f"    {_quoted(f'{x.quantity} = {x.written(written)}')}," for x in section.claims]
                lines += ["", "[[section]]", f"title = {_quoted(section.title)}", "claims = [", *claims, "]"]
        return "\n".join(lines)


class ArrayPage(NamedTuple):
    """What a page about arrays needs; where formulas lack a word for what was recorded, the page is the scalars'.

    Attributes:
        of_arrays: the page; None if there is none.
        output: the result.
        of_scalars: the derivation of the scalars.
    """

    of_arrays: PageSource | None
    output: Value
    of_scalars: Callable[[], Derivation]

    def toml(self, sections: Sequence[Section], digits: int) -> str:
        """The page, as `Derivation.toml` describes it."""
        if self.of_arrays is None or not self._gives_the_output(self.of_arrays):
            return self.of_scalars().toml
        return self.of_arrays.toml(sections, digits)

    def _gives_the_output(self, page: PageSource) -> bool:
        """Whether the formulas, read again, give what was recorded."""
        try:
            inputs = {x.quantity: json.loads(x.written(repr)) for x in page.inputs}
            found = read_formula("\n".join(page.formulas)).record(inputs).output.data
        except (FormulaError, json.JSONDecodeError):  # an input that is inf or nan is no number of a file
            return False
        return math.isclose(found, self.output.data, rel_tol=1e-12)


def derivation(
    output: Value,
    wrt: Value | Array | Iterable[Value | Array] | None = None,
    learning_rate: float | None = None,
    through: Through = None,
    digits: int = 4,
) -> Derivation:
    """The whole derivation of an output's derivatives, as a teacher writes it on one page.

    Forward, every named value that the output is computed from: its formula with names, with numbers, the number.
    Backward, each derivative that lies between the output and ``wrt``, once and in the order of backward, so that all
    it is computed from was printed before it.  With a learning rate, the leaves among ``wrt`` after a step of gradient
    descent.

    With an `Array` in ``wrt``, it is written in matrix form: what is given, each array forward with its shapes, the
    derivative by each once, by those before it, the updates, and of all up to 6 rows and columns the numbers.

    Names are those that `explain` finds: labels, or the caller's variables where nothing that was computed has a label.

    Args:
        output: the recorded Value that is differentiated.
        wrt: the Values or Arrays to differentiate by; if left out, all leaves that have a name.
        learning_rate: of the updates.
        through: as for `explain`: "named", "all", or the Values to be shown in between; by Arrays "arrays", "all
            arrays" or a list.
        digits: significant digits of numbers.

    Raises:
        TypeError: what is differentiated, or by, is no recorded Value.
        ValueError: ``wrt`` holds what the output was not computed from, or nothing; a learning rate that is not
            positive and finite; more than 300 equations; what `explain` refuses.

    >>> w, x, b = Value(-3.0), Value(2.0), Value(6.5)
    >>> z = w * x + b
    >>> y = z.tanh()
    >>> print(derivation(y, wrt=[w, b], learning_rate=0.1))
    Forward
    <BLANKLINE>
    z = w · x + b = (-3) · 2 + 6.5 = 0.5
    y = tanh(z) = tanh(0.5) = 0.4621
    <BLANKLINE>
    Backward
    <BLANKLINE>
    ∂y/∂z = 1 - y² = 0.7864
    ∂y/∂w = ∂y/∂z · ∂z/∂w = ∂y/∂z · x = 0.7864 · 2 = 1.573
    ∂y/∂b = ∂y/∂z · ∂z/∂b = ∂y/∂z · 1 = 0.7864 · 1 = 0.7864
    <BLANKLINE>
    Update
    <BLANKLINE>
    w' = w - η ∂y/∂w = -3 - 0.1 · 1.573 = -3.157
    b' = b - η ∂y/∂b = 6.5 - 0.1 · 0.7864 = 6.421
    """
    variables = sys._getframe(1).f_locals
    page = derived(output, wrt, learning_rate, through, variables, digits)
    warn_of_runs(output, "the derivation", names=partial(named_by, variables))
    return page


def derived(
    output: Value,
    wrt: Value | Array | Iterable[Value | Array] | None,
    learning_rate: float | None,
    through: Through,
    variables: Mapping[str, Any],
    digits: int,
) -> Derivation:
    """What `derivation` writes, with ``variables`` that name Values."""
    check_digits(digits)
    rate = None if learning_rate is None else _checked_rate(learning_rate)
    chosen = None if wrt is None else _checked_wrt(wrt)
    through = settled(through)
    if is_by_arrays(through) or is_by_arrays(chosen):
        return _by_arrays(output, chosen, rate, through, variables, digits)
    explainer, seen = explainer_of(output, chosen or [], through, variables, digits)
    below = set(all_nodes(output))
    if chosen is None:
        chosen = [x for x in seen if x.op is None and not isinstance(x, Constant) and seen[x].label and x is not output]
    for x in chosen:
        if x is output or x not in below:
            is_it = "is the output itself" if x is output else "is not what the output was computed from"
            raise ValueError(f"derivation: {x!r} in wrt {is_it}; give values that lead to {output!r}")
    if not chosen:
        remedy = "give Values, as wrt=[w, b], or labels to leaves"
        raise ValueError(f"derivation: there is nothing to differentiate {output!r} by; {remedy}")
    moved = [x for x in chosen if x.op is None] if rate is not None else []
    if rate is not None and not moved:
        raise ValueError("derivation: a learning rate updates leaves, and all in wrt were computed; leave it out")
    order = topological_order(explainer.root)
    between = {seen[x] for x in chosen}
    for node in order:
        if not between.isdisjoint(node.operands):
            between.add(node)
    number = len(order) + len(between) - 1 + len(moved)
    if number > MOST_EQUATIONS:
        raise ValueError(_too_long(number, "Values"))
    original = {twin: node for node, twin in seen.items()}
    readable = _readable(explainer.called)
    sections = [_forward(explainer, readable, order), _backward(explainer, readable, order, between, original)]
    if rate is not None:
        sections.append(_update(explainer, readable, [seen[x] for x in moved], rate))
    called = [*explainer.called, *([] if rate is None else [rate_name(explainer.known)])]
    return Derivation(sections, digits, called, _page(output, explainer, readable, seen, rate))


def _by_arrays(
    output: Value,
    wrt: Sequence[Any] | None,
    rate: float | None,
    through: Any,
    variables: Mapping[str, Any],
    digits: int,
) -> Derivation:
    """A derivation in matrix form."""
    check_recorded(output, "explained")
    check_unchanged(output, done="its derivation")
    check_through_arrays(through)
    whole = ArrayDerivation(output, wrt, through, variables, rate, digits)
    parts = whole.parts()
    if (number := sum(len(part.equations) for part in parts)) > MOST_EQUATIONS:
        raise ValueError(_too_long(number, "Arrays"))
    scalars = wrt and [v for x in wrt for v in (x.node.entries if isinstance(x, Array) else (x,))]
    readable = _readable([*whole.seen.graph.names.values()])
    primed = {f"{name}'": f"{other}'" for name, other in readable.items()} | readable
    sections = []
    for part in parts:
        claims = [Claim("/".join([primed[name] for name in names]), numbers) for names, numbers in part.claims]
        sections.append(Section(part.title, part.equations, [x for x in claims if x.numbers]))
    source = None
    with suppress(TypeError):
        inputs = [Claim(readable[name], numbers) for name, numbers in whole.inputs()]
        renamed = {name: other for name, other in readable.items() if name != other}
        called = readable[whole.seen.graph.names[output]]
        source = PageSource(called, whole.assignments(readable), inputs, rate, renamed)
    page = ArrayPage(source, output, lambda: derived(output, scalars, rate, None, variables, digits))
    return Derivation(sections, digits, whole.called, page)


def _too_long(number: int, what: str) -> str:
    why = f"more than {MOST_EQUATIONS} are read by nobody"
    remedy = f"list what to show, through=[...], or fewer {what} in wrt"
    return f"derivation: the page would have {number:,} equations, and {why}; {remedy}"


def _checked_rate(rate: object) -> float:
    number = as_number(rate)
    if number is None or isinstance(rate, bool) or not (math.isfinite(number) and number > 0.0):
        raise ValueError(f"derivation: a learning rate is a finite number above 0, as 0.5, got {quoted(rate)}")
    return number


def _checked_wrt(wrt: Value | Array | Iterable[Value | Array]) -> list[Any]:
    if isinstance(wrt, (str, bytes)) or not isinstance(wrt, (Value, Iterable)):
        raise TypeError(f"derivation: wrt lists the Values to differentiate by, as wrt=[w, b], got {quoted(wrt)}")
    chosen = list(dict.fromkeys([wrt] if isinstance(wrt, (Value, Array)) else wrt))
    if not chosen:
        raise ValueError("derivation: wrt is empty; list Values, as wrt=[w, b], or leave it out for all named leaves")
    for x in chosen:
        if isinstance(x, Constant):
            raise ValueError(f"derivation: {x!r} in wrt is a constant; only a Value has a derivative")
        if any(isinstance(y, Array) for y in chosen) and not isinstance(x, (Value, Array)):
            raise TypeError(f"derivation: wrt lists Values and Arrays, got {quoted(x)}")
    return chosen


def _forward(explainer: Explainer, readable: Mapping[str, str], order: Sequence[Value]) -> Section:
    """Every value that was computed, operands first."""
    steps = [ForwardStep(explainer.root, number, node) for number, node in enumerate(order, 1)]
    equations = [equation for step in steps for equation in explainer.step(step).equations]
    return Section("Forward", equations, [Claim(readable[explainer.names[node]], node.data) for node in order])


def _backward(
    explainer: Explainer,
    readable: Mapping[str, str],
    order: Sequence[Value],
    between: set[Value],
    original: Mapping[Value, Value],
) -> Section:
    """The derivative by everything between, each where backward has gathered all that is added to it."""
    claims: list[Claim] = []
    root, sizes = explainer.root, cache(lambda node: path_sizes(original[node]))

    def claim(of: Value, by: Value, number: float) -> None:
        """A derivative as a claim, unless it is what rounding left of 0."""
        size = sizes(of)[original[by]]
        if number == 0.0 or not math.isfinite(size) or abs(number) > ROUNDING * size:
            claims.append(Claim(f"{readable[explainer.names[of]]}/{readable[explainer.names[by]]}", number))

    uses = {x: len(explainer.uses[x]) for x in between if x is not root}
    gathered = completed(order, lambda user: user.operands, uses)
    for x in gathered:
        for edge in explainer.uses[x]:
            if edge.user is not root and count_paths(edge.user, x) == 1:  # else it is no whole derivative
                claim(edge.user, x, edge.user.local_derivatives[edge.place])
        claim(root, x, explainer.adjoints[x])
    return Section("Backward", [explainer.summed(x) for x in gathered], claims)


def _update(explainer: Explainer, readable: Mapping[str, str], leaves: Sequence[Value], rate: float) -> Section:
    """The leaves after a step of gradient descent."""
    equations, claims = [], []
    eta = Expression(rate_name(explainer.known))
    for leaf in leaves:
        name, slope = explainer.names[leaf], explainer.adjoints[leaf]
        new = leaf.data - rate * slope
        primed = f"{name}'" if f"{name}'" not in explainer.known else f"{name} (new)"
        symbols = sub(explainer.node(leaf), of_rate(eta, explainer.symbol(explainer.root, leaf)))
        numbers = sub(Expression.literal(leaf.data), chain(Expression.literal(rate), Expression.literal(slope)))
        equations.append(Equation(Expression(primed), ((symbols,), (numbers,), (Expression.literal(new),))))
        claims.append(Claim(f"{readable[name]}'", new))
    return Section("Update", equations, claims)


def _page(
    output: Value, explainer: Explainer, readable: Mapping[str, str], seen: Mapping[Value, Value], rate: float | None
) -> PageSource:
    called = {node: readable[explainer.names[twin]] for node, twin in seen.items() if not isinstance(node, Constant)}

    def formula(node: Value, operands: tuple[Expression, ...]) -> Expression:
        if node.op is None:
            return Expression(called[node]) if node in called else Expression.literal(node.data)
        e = Expression.record(node.op, operands)
        e.label = called.get(node, "")
        return e

    below = all_nodes(output)
    inputs = [Claim(called[node], node.data) for node in below if node.op is None and node in called]
    renamed = {name: other for name, other in readable.items() if name != other}
    *parts, last = str(mapped([output], formula)[output]).split("; ")
    return PageSource(called[output], [*parts, f"{called[output]} = {last}"], inputs, rate, renamed)


def _readable(names: Sequence[str]) -> dict[str, str]:
    """For each name one that a formula on a page can read: itself where that is one, else what is left of it."""
    readable = {name: name for name in names if _is_readable(name)}
    taken = set(readable)
    for name in names:
        if name not in readable:
            letters = unicodedata.normalize("NFKC", name)
            plain = "_".join("".join(c if f"x{c}".isidentifier() else " " for c in letters).split()).strip("_")
            head = next(head for head in (f"x_{plain}".rstrip("_"), "x") if _is_readable(head))
            tries = itertools.chain([plain, head], (f"{head}_{number}" for number in itertools.count(2)))
            readable[name] = next(other for other in tries if other not in taken and _is_readable(other))
            taken.add(readable[name])
    return readable


def _is_readable(name: str) -> bool:
    try:
        return read_formula(f"{name} = 1").names == (name,)
    except FormulaError:
        return False


def _quoted(text: str) -> str:
    """A string of a TOML file, in which nothing has to be escaped."""
    return f'"{text}"'
