"""Question banks in QTI 2.1, read, checked and answered as a platform does; what is said against our own marks.

The schemas are not here: no package that is installed brings them, and their licence wants those who hand them on to register.  What
they say about the elements that we use stands below, attributes, and children in their order: the manifest's read off
qtiv2p1_imscpv1p2_v1p0.xsd, the items' in part off imsqti_v2p1p1.xsd and in part from what pyslet, which reads QTI, quotes of it.
Elements and attributes that we do not use are left out, so that this is narrower than the schemas.
"""

import io
import re
import zipfile
from xml.etree import ElementTree

import pytest

from autograd_tiny import Value
from autograd_tiny.exercises import Exercise, moodle_bank, qti_bank, random_exercise

ITEM = "{http://www.imsglobal.org/xsd/imsqti_v2p1}"
PACKAGE = "{http://www.imsglobal.org/xsd/imscp_v1p1}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"

IDENTIFIER, NUMBER, TRUTH, WHOLE, ANY = r"[^\W\d][\w.-]{0,31}", r"-?\d+(\.\d+)?(e[+-]\d+)?", "true|false", r"\d+", r"(?s).*"
BASE = "identifier|boolean|integer|float|string|point|pair|directedPair|duration|file|uri"
EXPRESSION = "(variable|baseValue|sum|equal|not|isNull)"
INLINE = "(br|span|textEntryInteraction)"
RULE = "(setOutcomeValue|responseCondition)"
VARIABLE = {"identifier!": IDENTIFIER, "cardinality!": "single|multiple|ordered|record", "baseType": BASE}

# For each element: its attributes, with ! where they must be there; its children, as a regular expression of their names; its text.
QTI = {
    "assessmentItem": (
        {"identifier!": ANY, "title!": ANY, "adaptive!": TRUTH, "timeDependent!": TRUTH, XSI: ANY},
        "(responseDeclaration )*(outcomeDeclaration )*(itemBody )?(responseProcessing )?(modalFeedback )*", None,
    ),
    "responseDeclaration": (VARIABLE, "(defaultValue )?(correctResponse )?", None),
    "outcomeDeclaration": (VARIABLE | {"normalMaximum": NUMBER, "normalMinimum": NUMBER}, "(defaultValue )?", None),
    "defaultValue": ({}, "(value )+", None),
    "correctResponse": ({}, "(value )+", None),
    "value": ({}, "", NUMBER),
    "itemBody": ({}, "((p|table) )*", None),
    "p": ({}, f"({INLINE} )*", ANY),
    "br": ({}, "", None),
    "span": ({}, f"({INLINE} )*", ANY),
    "table": ({}, "(tbody )+", None),
    "tbody": ({}, "(tr )+", None),
    "tr": ({}, "(td )+", None),
    "td": ({}, f"((p|table|{INLINE}) )*", ANY),
    "textEntryInteraction": ({"responseIdentifier!": IDENTIFIER, "expectedLength": WHOLE}, "", None),
    "responseProcessing": ({}, f"({RULE} )*", None),
    "responseCondition": ({}, "responseIf (responseElseIf )*(responseElse )?", None),
    "responseIf": ({}, f"{EXPRESSION} ({RULE} )*", None),
    "responseElseIf": ({}, f"{EXPRESSION} ({RULE} )*", None),
    "setOutcomeValue": ({"identifier!": IDENTIFIER}, f"{EXPRESSION} ", None),
    "equal": ({"toleranceMode": "absolute|exact|relative", "tolerance": f"{NUMBER}( {NUMBER})?"}, f"({EXPRESSION} ){{2}}", None),
    "sum": ({}, f"({EXPRESSION} )+", None),
    "not": ({}, f"{EXPRESSION} ", None),
    "isNull": ({}, f"{EXPRESSION} ", None),
    "variable": ({"identifier!": IDENTIFIER}, "", None),
    "baseValue": ({"baseType!": BASE}, "", f"{NUMBER}|{IDENTIFIER}"),
    "modalFeedback": ({"outcomeIdentifier!": IDENTIFIER, "showHide!": "show|hide", "identifier!": IDENTIFIER, "title": ANY}, "(p )*", None),
}  # fmt: skip
IMSCP = {
    "manifest": ({"identifier!": IDENTIFIER, XSI: ANY}, "metadata organizations resources ", None),
    "metadata": ({}, "schema schemaversion ", None),
    "schema": ({}, "", "QTIv2.1 Package|QTIv2.1 Item Bank Package"),
    "schemaversion": ({}, "", "1.0.0"),
    "organizations": ({}, "", None),
    "resources": ({}, "(resource )*", None),
    "resource": ({"identifier!": IDENTIFIER, "type!": "imsqti_(test|item)_xmlv2p1|webcontent", "href": ANY}, "(file )*", None),
    "file": ({"href!": ANY}, "", None),
}


def complaints(root, namespace, schema):
    """What a validating reader would find wrong below an element."""
    found = []
    for element in root.iter():
        name = element.tag.removeprefix(namespace)
        if name not in schema:
            found.append(f"{name}: unknown")
            continue
        attributes, children, text = schema[name]
        known = {key.rstrip("!"): pattern for key, pattern in attributes.items()}
        found += [f"{name}: without {key[:-1]}" for key in attributes if key.endswith("!") and key[:-1] not in element.attrib]
        found += [f"{name}: {key}={x}" for key, x in element.attrib.items() if not re.fullmatch(known.get(key, r"(?!)"), x)]
        inner = "".join(f"{child.tag.removeprefix(namespace)} " for child in element)
        found += [] if re.fullmatch(children, inner) else [f"{name}: holds {inner}"]
        said = "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
        found += [] if re.fullmatch(text or "", said) else [f"{name}: says {said}"]
    return found


def package_of(exercises, **options):
    """The items of a bank, as the manifest lists them."""
    with zipfile.ZipFile(io.BytesIO(qti_bank(exercises, **options))) as package:
        assert package.testzip() is None
        manifest = ElementTree.fromstring(package.read("imsmanifest.xml"))
        assert complaints(manifest, PACKAGE, IMSCP) == []
        resources = list(manifest.iter(f"{PACKAGE}resource"))
        assert {resource.get("type") for resource in resources} == {"imsqti_item_xmlv2p1"}
        assert len({resource.get("identifier") for resource in resources}) == len(resources)
        files = [resource.get("href") for resource in resources]
        assert [resource.find(f"{PACKAGE}file").get("href") for resource in resources] == files
        assert sorted(package.namelist()) == sorted(["imsmanifest.xml", *files])
        return [ElementTree.fromstring(package.read(file)) for file in files]


class Delivery:
    """An item answered: response processing as section 8 of the information model of QTI 2.1 has it."""

    def __init__(self, item, answers):
        self.item, self.known = item, {}
        for declared in item.iter(f"{ITEM}outcomeDeclaration"):
            default = declared.findtext(f"{ITEM}defaultValue/{ITEM}value")
            self.known[declared.get("identifier")] = float(default) if default else None
        declared = [x.get("identifier") for x in item.iter(f"{ITEM}responseDeclaration")]
        self.known |= dict(zip(declared, answers, strict=True))
        self.run(item.find(f"{ITEM}responseProcessing"))

    def run(self, rules):
        for rule in rules:
            if rule.tag == f"{ITEM}setOutcomeValue":
                assert rule.get("identifier") in self.known
                self.known[rule.get("identifier")] = self.value(rule[0])
            elif rule.tag == f"{ITEM}responseCondition":
                for part in rule:
                    if self.value(part[0]) is True:
                        self.run(part[1:])
                        break

    def value(self, expression):
        name = expression.tag.removeprefix(ITEM)
        if name == "variable":
            return self.known[expression.get("identifier")]
        if name == "baseValue":
            return float(expression.text) if expression.get("baseType") == "float" else expression.text
        inner = [self.value(x) for x in expression]
        if name == "isNull":
            return inner[0] is None
        if None in inner:
            return None
        if name == "equal":
            below, above = map(float, expression.get("tolerance").split())
            return inner[1] - below <= inner[0] <= inner[1] + above
        return {"sum": sum, "not": lambda x: not x[0]}[name](inner)

    @property
    def said(self):
        """The feedback that is shown, in its order."""
        return [
            feedback.findtext(f"{ITEM}p")
            for feedback in self.item.iter(f"{ITEM}modalFeedback")
            if self.known[feedback.get("outcomeIdentifier")] == feedback.get("identifier")
        ]


def network():
    return random_exercise("2-2-2 network", 2, seed=1)


def test_every_item_is_as_the_schema_has_it():
    for item in package_of(network().variants(2, seed=1)):
        assert complaints(item, ITEM, QTI) == []
        declared = [x.get("identifier") for x in item if x.tag.endswith("Declaration")]
        assert len(set(declared)) == len(declared)
        assert {x.get("responseIdentifier") for x in item.iter(f"{ITEM}textEntryInteraction")} < set(declared)
        shown = [(x.get("outcomeIdentifier"), x.get("identifier")) for x in item.iter(f"{ITEM}modalFeedback")]
        assert len(set(shown)) == len(shown)
        assert {outcome for outcome, _ in shown} < set(declared)


def test_the_check_against_the_schema_finds_what_is_wrong():
    (item,) = package_of(Exercise("y = w*x", ["y"], given={"w": 2, "x": 3}))
    item[0].set("cardinality", "one")
    item.append(item.find(f"{ITEM}itemBody"))
    item.find(f".//{ITEM}tr").tag = f"{ITEM}row"
    del item.find(f".//{ITEM}equal").attrib["tolerance"]
    item.find(f".//{ITEM}textEntryInteraction").attrib.clear()
    found = "; ".join(complaints(item, ITEM, QTI))
    for wrong in ("cardinality=one", "assessmentItem: holds", "row: unknown", "textEntryInteraction: without responseIdentifier"):
        assert wrong in found


def test_right_answers_have_all_points_and_empty_ones_none():
    exercise = network()
    (item,) = package_of(exercise)
    right = Delivery(item, map(float, exercise.solution.values()))
    assert right.known["SCORE"] == right.known["MAXSCORE"] == len(exercise.blanks)
    assert right.said == [f"{blank.name}: Right." for blank in exercise.blanks]
    nothing = Delivery(item, [None] * len(exercise.blanks))
    assert nothing.known["SCORE"] == 0.0
    assert nothing.said == []


def test_a_known_mistake_has_its_sentence_and_part_of_the_points_as_in_moodle():
    exercise = Exercise("z = w*x + b; y = tanh(z)", ["z", "y", "y/z", "y/w"], given={"w": -3, "x": 2, "b": 6.5})
    (item,) = package_of(exercise, partial=25)
    wrong = Delivery(item, [0.5, 0.462, 0.786, 2.0])
    assert wrong.known["SCORE"] == 3.25
    assert wrong.said[-1] == "∂y/∂w: The derivative of the activation, ∂y/∂z, is missing."
    assert wrong.said[-1].removeprefix("∂y/∂w: ") == exercise.check({"y/w": "2.00"}).feedback["∂y/∂w"]
    unknown = Delivery(item, [0.5, 0.462, 0.786, 77.7])
    assert unknown.known["SCORE"] == 3.0
    assert unknown.said[-1] == "∂y/∂w: This is not right, and no mistake that is known gives this number."
    rows = ["".join(row.itertext()) for row in item.iter(f"{ITEM}tr")]
    assert [row.split() for row in rows] == [[blank.name, "="] for blank in exercise.blanks]
    asked = [x.findtext(f"{ITEM}correctResponse/{ITEM}value") for x in item.iter(f"{ITEM}responseDeclaration")]
    assert asked == list(exercise.solution.values())
    bank = moodle_bank(exercise, partial=25)
    assert all(said.partition(": ")[2] in bank for said in wrong.said)


def test_the_same_exercises_are_the_same_bytes_and_each_variant_has_its_title():
    made = network().variants(3, seed=1)
    assert qti_bank(made) == qti_bank(made)
    items = package_of(made, title="Backpropagation")
    assert [item.get("title") for item in items] == ["Backpropagation 1", "Backpropagation 2", "Backpropagation 3"]
    assert len({item.get("identifier") for item in items}) == 3


def test_labels_are_text():
    w, x = Value(2.0, '</p><script>&"\x00'), Value(3.0, "x2")
    y = w * x
    y.label = "<y>"
    (item,) = package_of(Exercise(y, ["<y>"]))
    assert complaints(item, ITEM, QTI) == []
    assert '</p><script>&"␀' in "".join(item.find(f"{ITEM}itemBody").itertext())


@pytest.mark.parametrize(("exercises", "options", "message"), [
    ([], {}, "a question bank needs an exercise"),
    ([1], {"partial": 100}, "partial is a share of the marks"),
])  # fmt: skip
def test_bad_banks_are_refused(exercises, options, message):
    with pytest.raises(ValueError, match=message):
        qti_bank(exercises, **options)
