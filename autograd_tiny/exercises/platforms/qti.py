"""A question bank as a content package of QTI 2.1: an item for each exercise, with a numerical blank for each answer.

Elements and attributes are those of the schema imsqti_v2p1, the package that of imscp_v1p1, both of 1EdTech (IMS
Global).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from xml.etree.ElementTree import Element, indent, tostring
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from autograd_tiny.exercises.answers import Blank
from autograd_tiny.exercises.checked import UNKNOWN
from autograd_tiny.exercises.exercise import Exercise
from autograd_tiny.exercises.platforms.alternatives import Alternative, alternatives, in_bank
from autograd_tiny.text.words import visible

ITEMS = "http://www.imsglobal.org/xsd/imsqti_v2p1"
PACKAGES = "http://www.imsglobal.org/xsd/imscp_v1p1"
_SCHEMAS = {ITEMS: "http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd",
            PACKAGES: "http://www.imsglobal.org/xsd/qti/qtiv2p1/qtiv2p1_imscpv1p2_v1p0.xsd"}  # fmt: skip


def qti_bank(exercises: Exercise | Sequence[Exercise], *, title: str = "", partial: int = 50) -> bytes:
    """A question bank as a zip file, to be imported as "QTI 2.1": an item for each exercise.

    A blank knows what it knows in `moodle_bank`.  What is said about an answer is modal feedback, which a platform
    shows when the item is handed in; an item counts as many points as it has blanks.

    Args:
        exercises: one, or several, as `Exercise.variants` gives them.
        title: of the items, each with its number behind it; the heading of the first one if it is empty.
        partial: of the points of a blank, in percent, for a known mistake.

    Raises:
        ValueError: there are no exercises, or ``partial`` is no share.
    """
    every = in_bank(exercises, partial)
    name = title or every[0].heading
    items = {f"item-{n}": _item(exercise, f"item-{n}", f"{name} {n}", partial) for n, exercise in enumerate(every, 1)}
    files = {"imsmanifest.xml": _manifest(items), **{_file_of(identifier): item for identifier, item in items.items()}}
    found = BytesIO()
    with ZipFile(found, "w") as package:
        for path, root in files.items():
            indent(root)
            entry = ZipInfo(path)  # of 1980, so that the same exercises are the same bytes
            package.writestr(entry, tostring(root, encoding="utf-8", xml_declaration=True), compress_type=ZIP_DEFLATED)
    return found.getvalue()


def _file_of(identifier: str) -> str:
    return f"items/{identifier}.xml"


def _of(tag: str, *inner: Element | str, **attributes: str) -> Element:
    """An element with elements in it, or with a text."""
    found = Element(tag, {name: visible(text) for name, text in attributes.items()})
    for x in inner:
        if isinstance(x, str):
            found.text = visible(x)
        else:
            found.append(x)
    return found


def _root(tag: str, namespace: str, *inner: Element, **attributes: str) -> Element:
    found = _of(tag, *inner, **attributes)
    found.set("xmlns", namespace)
    found.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    found.set("xsi:schemaLocation", f"{namespace} {_SCHEMAS[namespace]}")
    return found


def _manifest(identifiers: Iterable[str]) -> Element:
    """What is in the package."""
    resources = [
        _of("resource", _of("file", href=_file_of(x)),
            identifier=f"resource-{x}", type="imsqti_item_xmlv2p1", href=_file_of(x))
        for x in identifiers
    ]
    about = _of("metadata", _of("schema", "QTIv2.1 Package"), _of("schemaversion", "1.0.0"))
    return _root(
        "manifest", PACKAGES, about, _of("organizations"), _of("resources", *resources), identifier="question-bank"
    )


def _item(exercise: Exercise, identifier: str, title: str, partial: int) -> Element:
    known = [
        (number, blank, answers) for number, (blank, answers) in enumerate(alternatives(exercise, partial).items(), 1)
    ]
    most = str(len(known))
    return _root(
        "assessmentItem", ITEMS,
        *[_response(number, exercise.solution[blank.name]) for number, blank, _ in known],
        _of("outcomeDeclaration", _of("defaultValue", _of("value", "0")),
            identifier="SCORE", cardinality="single", baseType="float", normalMaximum=most),
        # Where platforms that do not read normalMaximum look for the most that there is to get.
        _of("outcomeDeclaration", _of("defaultValue", _of("value", most)),
            identifier="MAXSCORE", cardinality="single", baseType="float"),
        *[_of("outcomeDeclaration", identifier=_said(number), cardinality="single", baseType="identifier")
          for number, *_ in known],
        _body(exercise),
        _of("responseProcessing", *[_judged(number, answers) for number, _, answers in known]),
        *[feedback for number, blank, answers in known for feedback in _feedback(number, blank, answers)],
        identifier=identifier, title=title, adaptive="false", timeDependent="false",
    )  # fmt: skip


def _answer(number: int) -> str:
    return f"RESPONSE-{number}"


def _said(number: int) -> str:
    return f"FEEDBACK-{number}"


def _response(number: int, right: str) -> Element:
    correct = _of("correctResponse", _of("value", right))
    return _of("responseDeclaration", correct, identifier=_answer(number), cardinality="single", baseType="float")


def _body(exercise: Exercise) -> Element:
    formulas = [x for line in exercise.formulas for x in (_of("br"), _of("span", line))]
    rows = [
        _of("tr", _of("td", blank.name), _of("td", "="),
            _of("td", _of("textEntryInteraction", responseIdentifier=_answer(number), expectedLength="12")))
        for number, blank in enumerate(exercise.blanks, 1)
    ]  # fmt: skip
    return _of(
        "itemBody",
        _of("p", *formulas[1:]),
        _of("p", f"Given: {exercise.all_given}"),
        *([_of("p", exercise.trained)] if exercise.trained else []),
        _of("p", f"Find, {exercise.with_digits}:"),
        _of("table", _of("tbody", *rows)),
    )


def _judged(number: int, answers: Sequence[Alternative]) -> Element:
    """What an answer gives: the first that fits counts, and of no answer nothing is said."""
    parts: list[Element] = []
    for place, known in enumerate(answers, 1):
        right, within = _of("baseValue", f"{known.number:.12g}", baseType="float"), f"{known.tolerance:.3g}"
        fits = _of("equal", _variable(_answer(number)), right, toleranceMode="absolute", tolerance=f"{within} {within}")
        points = _of("baseValue", f"{known.share / 100:g}", baseType="float")
        score = _of("setOutcomeValue", _of("sum", _variable("SCORE"), points), identifier="SCORE")
        parts.append(_of("responseElseIf" if parts else "responseIf", fits, score, _says(number, place)))
    is_answered = _of("not", _of("isNull", _variable(_answer(number))))
    return _of("responseCondition", *parts, _of("responseElseIf", is_answered, _says(number, 0)))


def _variable(identifier: str) -> Element:
    return _of("variable", identifier=identifier)


def _says(number: int, place: int) -> Element:
    return _of("setOutcomeValue", _of("baseValue", _sentence(place), baseType="identifier"), identifier=_said(number))


def _sentence(place: int) -> str:
    return f"ANSWER-{place}" if place else "UNKNOWN"


def _feedback(number: int, blank: Blank, answers: Sequence[Alternative]) -> list[Element]:
    said = [UNKNOWN, *[known.feedback for known in answers]]
    return [
        _of("modalFeedback", _of("p", f"{blank.name}: {sentence}"),
            outcomeIdentifier=_said(number), identifier=_sentence(place), showHide="show")
        for place, sentence in enumerate(said)
    ]  # fmt: skip
