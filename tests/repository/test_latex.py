"""Everything in the gallery, the notebooks and the worked systems for LaTeX: pdflatex sets every formula with amsmath alone."""

from pathlib import Path

import pytest

from autograd_tiny import Value, derivation, draw, explain
from autograd_tiny.calculus.changes import first_change
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.losses import binary_cross_entropy
from autograd_tiny.views.derivation import Derivation
from autograd_tiny.views.drawing.draw import Drawing
from autograd_tiny.views.explain import Explainer, Explanation
from autograd_tiny.worked import dense, exercises, matrix_form, n_layer, three_three_three
from docs.gallery.exhibits import CHAPTERS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of gradients of several runs, which are a notebook's subject
ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "notebooks" / "sources").glob("*.py"))
LARGEST, TOO_LARGE = 150, 2000
"""Of a graph with more nodes no whole page is set, since nobody would read it; of a network that is trained, only what is shown."""


@pytest.fixture
def made(monkeypatch):
    """Everything that is made for people to look at while the test runs, and the results it is made for."""
    shown, roots = [], {}

    def remembering(kind, keep):
        make = kind.__init__

        def remembered(self, *given, **options):
            make(self, *given, **options)
            keep(self, *given)

        monkeypatch.setattr(kind, "__init__", remembered)

    for kind in (Explanation, Derivation, Drawing):
        remembering(kind, lambda thing, *_: shown.append(thing))
    remembering(Explainer, lambda _, root, *__: roots.setdefault(root))
    remembering(Drawing, lambda drawing, *_: roots.update(dict.fromkeys(results(drawing))))
    return shown, roots


def results(drawing):
    """The Values in a picture that nothing in it is computed from."""
    drawn = [x for x in drawing.nodes if isinstance(x, Value)]
    used = {operand for x in drawn for operand in x.operands}
    return [x for x in drawn if x not in used]


def show_all(root):
    """What people would write about a result: chain rules, and if it can be read, the whole derivation and pictures."""
    nodes = all_nodes(root)
    leaves = [x for x in nodes if x.op is None and x.label]
    if len(nodes) <= TOO_LARGE:
        for leaf in leaves[:: len(leaves) // 4 + 1]:
            explain(root, wrt=leaf)
            explain(root, wrt=leaf, through="all")
    if len(nodes) <= LARGEST:
        draw(root)
        draw(root, through=[])
        if root.op is not None and leaves:
            derivation(root, wrt=leaves, learning_rate=0.1)


PLACE = "\x7f"  # begins and ends what a live page fills in: a template for a browser, which nobody is given as LaTeX


def check(made, pdflatex):
    """Set the formulas in a document with amsmath alone, the pictures in one with TikZ."""
    shown, roots = made
    for root in list(roots):
        if first_change(root) is None:  # a notebook may have trained it since
            show_all(root)
    written = [x for x in shown if not isinstance(x, Drawing) and PLACE not in x.latex]
    formulas = [rf"\[{x.latex}\]" if isinstance(x, Explanation) else x.latex for x in written]
    pictures = [rf"\setbox0=\hbox{{{x.tikz()}}}" for x in shown if isinstance(x, Drawing)]
    assert formulas or pictures
    for packages, parts in (("amsmath", formulas), ("amsmath,tikz", pictures)):
        body = "\n\n".join(dict.fromkeys(parts))
        pages, said = pdflatex(rf"\documentclass{{article}}\usepackage{{{packages}}}\begin{{document}}.{body}\end{{document}}")
        assert pages >= 1
        assert "Missing character" not in said, said


def test_the_gallery(made, pdflatex, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for exhibits in CHAPTERS.values():
        for exhibit in exhibits:
            exhibit()
    check(made, pdflatex)


@pytest.mark.parametrize("system", ["three_three_three", "dense", "matrix_form", "n_layer", "exercises"])
def test_the_worked_systems(system, made, pdflatex):
    losses = {
        "three_three_three": lambda: three_three_three.record().loss,
        "dense": lambda: dense.record().loss,
        "matrix_form": lambda: matrix_form.record().loss,
        "n_layer": lambda: n_layer.record(n_layer.network(2), n_layer.spiral(2)).loss,
        "exercises": lambda: binary_cross_entropy(exercises.equal_weights()(exercises.XOR.inputs[0]), exercises.XOR.targets[0]),
    }
    draw(losses[system](), through="named")
    check(made, pdflatex)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_notebooks(source, made, pdflatex, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "notebook"}
    exec(compile(source.read_text(encoding="utf-8"), source.name, "exec"), names)
    assert names["exercise"].check(names["exercise"].solution).ok
    if made[0]:
        check(made, pdflatex)
