"""A page of published numbers as a file: formulas, inputs, and what is printed about them, in TOML.

    formula = '''
    z = w*x + b
    y = sigmoid(z)
    '''
    learning_rate = 0.1

    [inputs]
    w = 0.5
    x = 2.0
    b = -1.0        # exact; "-1.0" would be whatever is printed as -1.0, "u'" what the claim about u' prints

    [[section]]
    title = "Forward"
    claims = ["z = 0.0", "y = 0.5"]

    [[section]]
    title = "Backward"
    claims = ["y/z = 0.25", "y/w = 0.5", "w' = 0.45"]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograd_tiny.arrays.shapes import nested_shape
from autograd_tiny.engine.refusals import finite_float
from autograd_tiny.formulas import FormulaError, read_formula
from autograd_tiny.formulas.errors import with_caret
from autograd_tiny.marking.claims import Claim, read_entries
from autograd_tiny.marking.entries import by_place
from autograd_tiny.marking.forms.spoken import SUBSCRIPTS
from autograd_tiny.marking.page import Page, PageError, errors_of, formula_error
from autograd_tiny.storage.files import read_as_it_stands
from autograd_tiny.text.excerpts import Excerpt, Spot, whole
from autograd_tiny.text.toml_lines import Place, TomlLines
from autograd_tiny.text.words import listed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE_KEYS = {
    "title": str,
    "source": str,
    "formula": str,
    "learning_rate": float,
    "inputs": dict,
    "names": dict,
    "training": dict,
    "sample": list,
    "known": list,
    "claims": list,
    "section": list,
}
SECTION_KEYS = {"title": str, "claims": list}
NEEDED = {
    "formula": "write formula = 'y = sigmoid(w*x + b)'",
    "inputs": "give every input a number, below a line [inputs]: w = -3.0",
}
SLIPS = (
    (r"=\s*[-+−]?\d+,\d", "write decimals with a point, 1.5"),
    (r"=\s*−", "write the minus sign as -"),
    (r"^[^=\"'#]*[^\x00-\x7f][^=]*=", 'write a name with letters other than a to z in quotes, "größe" = 1.5'),
)
"""What makes a line no TOML that looks right on paper, and what to write."""
KINDS = {str: "a string", float: "a number", dict: "a table, under a heading [...]", list: "a list"}


def read_page(path: Path) -> Page:
    """Read a page from a TOML file.

    Raises:
        PageError: naming the file, the line and the key, for what is no TOML, an unknown or missing key, a wrong type,
            a claim that cannot be read.
        OSError: the file cannot be read.
    """
    return page_from(path.name, whole(text_of(path)))


def text_of(path: Path) -> str:
    """The text of a file as it stands; the errors are those of `read_page`."""
    with errors_of(path.name):
        return read_as_it_stands(path)


def page_from(name: str, source: Excerpt) -> Page:
    """A page from TOML, which may be a part of a file; the errors are those of `read_page`."""
    return _Reader(name, source).page()


class _Reader:
    def __init__(self, name: str, source: Excerpt) -> None:
        self.name, self.source = name, source
        self.claimed: list[Claim] = []

    def page(self) -> Page:
        try:
            content = tomllib.loads(self.source.text)
        except tomllib.TOMLDecodeError as error:
            raise self._no_toml(error) from None
        except RecursionError:
            raise PageError(self.name, "its lists and tables are nested too deeply") from None
        self.lines = TomlLines(self.source)
        self._check(content, PAGE_KEYS, ())
        for key in NEEDED:
            if key not in content:
                below = key in content.get("inputs", {})
                remedy = (
                    "put it above [inputs], since what stands below belongs to the inputs" if below else NEEDED[key]
                )
                raise PageError(self.name, f"the page has no {key}; {remedy}")
        formula_lines = self.lines.lines_in("formula")
        try:
            formula = read_formula(content["formula"].translate(SUBSCRIPTS))
        except FormulaError as error:
            raise formula_error(self.name, formula_lines, error) from None
        for name, x in content["inputs"].items():
            if name in PAGE_KEYS and name not in formula.inputs:
                place = "above [inputs], since what stands below belongs to the inputs"
                place += "; or into a [[section]]" if name in SECTION_KEYS else ""
                raise self._error(f"inputs.{name}: put {name} {place}", "inputs", name)
            self._check_number(x, "inputs", name)
        claims = self._claims(content, "", ())
        known = tuple(self._claims(content, "", (), "known"))
        for number, section in enumerate(content.get("section", [])):
            if not isinstance(section, dict):
                raise self._error("section: write each section under a heading of its own, [[section]]", "section")
            self._check(section, SECTION_KEYS, ("section", number))
            claims += self._claims(section, section.get("title", ""), ("section", number))
        if not claims:
            raise PageError(
                self.name, "the page claims nothing; list its numbers, as claims = ['z = 1.25', 'E/w = -0.301']"
            )
        rate = content.get("learning_rate")
        page = Page(
            content.get("title", ""),
            content.get("source", ""),
            content["formula"].translate(SUBSCRIPTS),
            {name.translate(SUBSCRIPTS): x for name, x in content["inputs"].items()},
            None if rate is None else float(rate),
            tuple(claims),
            file=self.name,
            formula_lines=formula_lines,
            input_lines={name.translate(SUBSCRIPTS): self.lines.line("inputs", name) for name in content["inputs"]},
            known=known,
            training=content.get("training", {}),
            names=self._names(content),
            name_lines={name: self.lines.line("names", name) for name in content.get("names", {})},
            samples=self._samples(content),
            training_lines={key: self.lines.line("training", key) for key in content.get("training", ())},
        )
        page.printed_inputs()
        return page

    def _check_number(self, x: object, *place: str | int) -> None:
        name = str(place[-1])
        if isinstance(x, list):
            try:
                nested_shape(x, name)
            except (TypeError, ValueError) as error:
                raise self._error(f"{place[0]}.{error}", *place) from None
            for entry, number in by_place({name: x}).items():
                self._check_entry(number, entry, *place)
        else:
            self._check_entry(x, name, *place)

    def _check_entry(self, x: object, name: str, *place: str | int) -> None:
        if isinstance(x, bool) or not isinstance(x, (int, float, str)):
            raise self._error(f"{place[0]}.{name}: an input is a number, got {x!r}", *place)
        try:
            finite_float(0.0 if isinstance(x, str) else x, name)  # text is looked at when the claims are known
        except (ValueError, OverflowError) as error:
            raise self._error(f"{place[0]}.{name}: {error}", *place) from None

    def _names(self, content: Mapping[str, Any]) -> dict[str, str]:
        """What the page calls formulas."""
        names: dict[str, str] = content.get("names", {})
        for name, text in names.items():
            if not isinstance(text, str):
                raise self._error(
                    f"names.{name}: a name is given to a formula in quotes, as delta = 'E/z', got {text!r}",
                    "names",
                    name,
                )
        return {name.translate(SUBSCRIPTS): text for name, text in names.items()}

    def _samples(self, content: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """The inputs of each sample."""
        samples = content.get("sample", [])
        for number, sample in enumerate(samples):
            where = ("sample", number)
            if not isinstance(sample, dict):
                raise self._error(
                    "sample: write the inputs of each sample under a heading of its own, [[sample]]", "sample"
                )
            if sample.keys() != samples[0].keys():
                raise self._error(
                    f"sample: every sample has the same inputs; the first has {listed(samples[0], 12)}", *where
                )
            for name, x in sample.items():
                self._check_number(x, *where, name)
                for entry, number in by_place({name: x}).items():
                    if isinstance(number, str):
                        raise self._error(
                            f"sample.{entry}: the input of a sample is a number, got {number!r}", *where, name
                        )
                if name in content["inputs"]:
                    raise self._error(
                        f"sample.{name}: {name} stands among the inputs, too; it is either the same for all or not",
                        *where,
                    )
        return tuple({name: x if isinstance(x, list) else float(x) for name, x in sample.items()} for sample in samples)

    def _claims(self, table: Mapping[str, Any], section: str, place: Place, key: str = "claims") -> list[Claim]:
        """The claims of a table, each with its place in the file."""
        claims = []
        for number, entry in enumerate(table.get(key, [])):
            where = (*place, key, number)
            if not isinstance(entry, str):
                message = (
                    f"{key}: a claim is a string, 'z = 1.25', so that its printed precision is known; got {entry!r}"
                )
                raise self._error(message, *where)
            try:
                read = read_entries(entry, section, line=len(self.claimed))
                claims += [claim._replace(spot=self._spot(entry, claim, where)) for claim in read]
                self.claimed += read
            except ValueError as error:
                raise self._error(f"{key}: {error}", *where) from None
        return claims

    def _spot(self, entry: str, claim: Claim, where: Place) -> Spot | None:
        """Where in the file a claim stands; of an entry in a matrix, its number."""
        span = self.lines.string(*where)
        if claim.grid is None or span is None:
            return self.lines.spot(*where)
        start = self.source.text.find(entry, *span)
        if start < 0:  # it is written with backslashes
            return self.lines.spot(*where)
        first, last = claim.grid.span
        return self.source.spot(start + first, start + last)

    def _check(self, table: Mapping[str, Any], keys: Mapping[str, type], place: Place) -> None:
        path = "section." if place else ""
        for key, x in table.items():
            if key not in keys:
                raise self._error(f"{path}{key}: there is no such key; there are {', '.join(keys)}", *place, key)
            fits = isinstance(x, keys[key]) or (keys[key] is float and isinstance(x, int) and not isinstance(x, bool))
            if not fits:
                raise self._error(f"{path}{key} is {KINDS[keys[key]]}, got {x!r}", *place, key)

    def _no_toml(self, error: tomllib.TOMLDecodeError) -> PageError:
        """What the reader of TOML says, with the line that it stopped in and what is meant to stand there."""
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        if not found:
            return PageError(self.name, error)
        lines = self.source.text.split("\n")
        line, column = lines[int(found[1]) - 1], int(found[2]) - 1
        remedy = next((f"; {remedy}" for pattern, remedy in SLIPS if re.search(pattern, line)), "")
        start = sum(len(before) + 1 for before in lines[: int(found[1]) - 1])
        what = str(error).replace(f" ({found[0]})", "")
        return PageError(self.name, f"{what}{remedy}\n{with_caret(line, column)}", self.source.line(start + column))

    def _error(self, message: str, *place: str | int) -> PageError:
        """The error with the line of the value that it is about."""
        return PageError(self.name, message, self.lines.line(*place))
