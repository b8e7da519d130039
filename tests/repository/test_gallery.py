"""The gallery: fresh, its code runs by itself, and no text in a picture is outside its box, over another, or empty."""

import ast
import re
import shutil
from xml.etree import ElementTree

import pytest

from docs.gallery import __main__ as command
from docs.gallery import page
from docs.gallery.browser import Browser, find_browser
from docs.gallery.files import Terminal, files_of, picture_by_browser, said_by_page

EXHIBITS = command.exhibits()


@pytest.mark.parametrize("renderer", ["dot", pytest.param("graphviz-pure", marks=pytest.mark.slow)], indirect=True)
def test_everything_is_fresh(renderer, capsys):
    assert command.main(["--check"]) == 0, capsys.readouterr().out


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of what is committed, to be damaged."""
    shutil.copytree(page.PICTURES, tmp_path / "pictures")
    shutil.copy(page.PAGE, tmp_path / "gallery.md")
    for module in (page, command):
        monkeypatch.setattr(module, "PICTURES", tmp_path / "pictures")
        monkeypatch.setattr(module, "PAGE", tmp_path / "gallery.md")
    return tmp_path


DAMAGES = {
    "pictures/neuron.svg": ("0.4621", "0.4622"),
    "pictures/fused.dot": ("LR", "TB"),
    "pictures/stepper.svg": ("is computed from", "comes from"),
    "pictures/stepper.html": ("is computed from", "comes from"),
    "pictures/stills-2.svg": ("0.7864", "0.7865"),
    "pictures/explanation.svg": ("0.3388", "0.3389"),
    "pictures/report.svg": ("0.2217", "0.2218"),
    "pictures/marks.svg": ("carried", "right"),
    "pictures/training.svg": ("Adam", "Eve"),
    "gallery.md": ("tanh()", "sigmoid()"),
}


@pytest.mark.slow
def test_what_is_not_fresh_is_found(copy, capsys):
    for name, (old, new) in DAMAGES.items():
        text = (copy / name).read_text(encoding="utf-8")
        assert old in text, name
        (copy / name).write_text(text.replace(old, new), encoding="utf-8")
    (copy / "pictures" / "old.svg").touch()
    (copy / "pictures" / "constants.svg").unlink()
    (copy / "pictures" / "labels.svg").write_text("<svg", encoding="utf-8")
    assert command.main(["--check"]) == 1
    found = {line.split(":")[0] for line in capsys.readouterr().out.splitlines()[:-1]}
    assert found == {*(name.rpartition("/")[2] for name in DAMAGES), "old.svg", "constants.svg", "labels.svg"}


@pytest.mark.slow
def test_some_are_made_again(copy, capsys):
    before = (copy / "pictures" / "neuron.svg").read_bytes()
    (copy / "pictures" / "neuron.svg").unlink()
    assert command.main(["neuron"]) == 0
    assert command.main(["neuron", "--check"]) == 0
    assert len((copy / "pictures" / "neuron.svg").read_bytes()) == pytest.approx(len(before), rel=0.2)
    with pytest.raises(SystemExit):
        command.main(["no-such-picture"])
    assert "no exhibit is called 'no-such-picture'" in capsys.readouterr().err


LONG = {"three-by-three-marked"}


@pytest.mark.parametrize("exhibit", [pytest.param(x, id=x.name, marks=[pytest.mark.slow] * (x.name in LONG)) for x in EXHIBITS])
def test_the_code_beside_a_picture_makes_it(exhibit, tmp_path, monkeypatch):
    thing, files = exhibit.made
    assert exhibit.title
    assert exhibit.sentence.endswith(".")
    if isinstance(thing, Terminal):
        return  # its command is run by tests/repository/test_readme.py
    monkeypatch.chdir(tmp_path)
    assert "gallery" not in exhibit.code
    *before, last = ast.parse(exhibit.code).body
    namespace = {}
    exec(compile(ast.Module(before, []), exhibit.name, "exec"), namespace)
    shown = eval(compile(ast.Expression(last.value), exhibit.name, "eval"), namespace)
    assert files_of(shown).contents == files.contents


def test_no_picture_loads_anything():
    for path in page.PICTURES.glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"""(?:href|src)\s*=\s*["'](?!#|data:image/jpeg;base64,)|url\((?!#)|@import|<script""", text), path.name


# In a browser.


@pytest.fixture(scope="module")
def browser():
    try:
        find_browser()
    except FileNotFoundError:
        pytest.skip("no chromium on PATH")
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("name", ["stepper", "explanation", "report"])
def test_a_picture_of_a_page_is_what_the_browser_shows_today(browser, name):
    exhibit = next(exhibit for exhibit in EXHIBITS if exhibit.name == name)
    thing, _ = exhibit.made
    committed = ElementTree.fromstring(exhibit.path(".svg").read_text(encoding="utf-8"))
    fresh = ElementTree.fromstring(picture_by_browser(thing, browser))
    assert said_by_page(committed) == said_by_page(fresh)
    assert [(e.tag, e.get("class")) for e in committed.iter()] == [(e.tag, e.get("class")) for e in fresh.iter()]


TEXTS = """
svg => {
  const box = element => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const owner = text => text.closest(".node, .edge, .cluster");
  const filled = shape => ["path", "polygon"].includes(shape.tagName) && shape.getAttribute("fill") !== "none";
  const ground = group => [...group.children].find(filled);
  return [...svg.querySelectorAll("text")].map(text => {
    const group = owner(text), shape = group && ground(group);
    return { words: text.textContent, box: box(text), in: shape && group.matches(".node, .cluster") ? box(shape) : null };
  }).concat([{ words: "", box: box(svg), in: null }]);
}
"""


def wrong_texts(texts, whole):
    """What is to be said against the texts of a picture: outside of their boxes or of the picture, over each other, or without extent."""
    slack = 1.0
    for text in texts:
        left, top, right, bottom = text["box"]
        outer = text["in"] or whole
        if right - left < 1.0 or bottom - top < 1.0:
            yield f"{text['words']!r} is empty"
        if left < outer[0] - slack or top < outer[1] - 2.0 or right > outer[2] + slack or bottom > outer[3] + 2.0:
            yield f"{text['words']!r} is not within its box"
    in_order = sorted((text["box"], text["words"]) for text in texts)
    for i, ((_, top, right, bottom), words) in enumerate(in_order):
        for (left, other_top, _, other_bottom), other in in_order[i + 1 :]:
            if left > right - slack:
                break
            if min(bottom, other_bottom) - max(top, other_top) > 0.5 * min(bottom - top, other_bottom - other_top):
                yield f"{words!r} and {other!r} overlap"


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(page.PICTURES.glob("*.svg")), ids=lambda path: path.name)
def test_every_text_of_a_picture_is_in_its_place(browser, path):
    svg = path.read_text(encoding="utf-8")
    opened = browser.page(f"<!doctype html><meta charset='utf-8'>{svg[svg.index('<svg') :]}", 1600)
    try:
        if "<foreignObject" in svg:
            boxes = "e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]"
            outer = opened.locator("foreignObject > div")
            assert outer.evaluate(boxes) == [0, 0]
            assert outer.inner_text().strip()
            return
        if "<image" in svg:  # a photograph, light and dark
            shown = opened.locator("image").evaluate_all("images => images.map(image => getComputedStyle(image).display)")
            assert shown == ["inline", "none"]
            return
        *texts, whole = opened.locator("svg").evaluate(TEXTS)
        shown = [text for text in texts if text["words"].strip()]
        assert len(shown) > 4
        assert list(wrong_texts(shown, whole["box"])) == []
    finally:
        opened.close()


def test_texts_out_of_place_are_found():
    box = [0.0, 0.0, 50.0, 20.0]
    inside = {"words": "a", "box": [5.0, 5.0, 20.0, 15.0], "in": box}
    assert list(wrong_texts([inside], box)) == []
    assert list(wrong_texts([inside | {"box": [5.0, 5.0, 60.0, 15.0]}], [0.0, 0.0, 99.0, 99.0])) == ["'a' is not within its box"]
    assert list(wrong_texts([inside | {"box": [5.0, 5.0, 5.0, 15.0]}], box)) == ["'a' is empty"]
    assert list(wrong_texts([inside, inside | {"words": "b", "box": [15.0, 6.0, 30.0, 16.0]}], box)) == ["'a' and 'b' overlap"]
