"""The playground and blocks that run, in Chromium, from a server that does nothing but hand out files."""

import json
import re
from urllib.parse import parse_qs, quote

import pytest

pytestmark = pytest.mark.slow

PATIENCE = 120_000  # milliseconds, on a machine that does a lot else
OPENED = "document.querySelector('.play-graph svg') && document.querySelector('.play').dataset.laid"
DESK = {"width": 1280, "height": 900}
CODE = ".language-python.highlight code"
MARKUP = "<img src=x onerror=globalThis.hurt=1>"


@pytest.fixture(scope="module")
def address(site, served):
    """Where the site is served; without npm it has no playground."""
    if not list(site.glob("assets/python-*")):
        pytest.skip("npm is not installed, or cannot fetch: the site was built without its playground")
    return served(site)


@pytest.fixture(scope="module")
def open_tab(browser, address):
    """A function that opens a page of the site, in a browser that has seen none; its requests and complaints are recorded."""
    contexts = []

    def open_tab(page="playground.html", *, before="", **options):
        contexts.append(browser.new_context(**{"viewport": DESK, "color_scheme": "light", **options}))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(PATIENCE)
        tab.complaints, tab.asked = [], []
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.on("console", lambda message: tab.complaints.append(message.text) if message.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        if before:
            tab.add_init_script(before)
        tab.goto(address + page)
        return tab

    yield open_tab
    for context in contexts:
        context.close()


@pytest.fixture
def tab(open_tab):
    """The same for one test, after which what it has opened is closed."""
    opened = []

    def tab(*arguments, **options):
        opened.append(open_tab(*arguments, **options))
        return opened[-1]

    yield tab
    for page in opened:
        page.context.close()


@pytest.fixture(scope="module")
def only_playground(open_tab):
    return started(open_tab())


@pytest.fixture
def playground(only_playground):
    """The first example, for tests that do not mind what was typed before: Python is loaded once for them."""
    only_playground.complaints.clear()
    only_playground.select_option(".play-example", "")
    only_playground.select_option(".play-example", "0")
    follows(only_playground, w=-3, x=2, b=6.5)
    yield only_playground
    only_playground.set_viewport_size(DESK)
    only_playground.emulate_media(color_scheme="light")


@pytest.fixture(scope="module")
def lesson(open_tab):
    """A page of the tutorial with its Python, for tests that run blocks of their own."""
    return open_tab("tutorial/01-one-product.html")


def started(tab):
    """A playground with its first picture."""
    tab.click(".play-load")
    tab.wait_for_function(OPENED)
    return tab


def follows(tab, **values):
    """Waits until picture and address follow these inputs."""
    tab.wait_for_function(
        "values => { const laid = JSON.parse(document.querySelector('.play').dataset.laid);"
        " return Object.entries(values).every(([name, value]) => Math.abs(laid[name] - value) < 1e-9) }",
        arg=values,
    )


def data(tab):
    return tab.locator(".play-graph .data").all_text_contents()


def test_the_playground_draws_marks_and_trains(tab, address):
    page = tab()
    assert 7.0 < float(re.search(r"([\d.]+) MB", page.text_content(".play-load"))[1]) <= 9.0
    assert not [url for url in page.asked if "/python-" in url]  # nothing before it is asked for
    started(page)
    assert sorted(data(page)) == sorted(["-3", "2", "6.5", "-6", "0.5", "0.4621"])
    assert page.locator(".play-load").is_hidden()
    assert page.evaluate("document.activeElement.matches('.play-formula')")
    assert "1 mistake" in page.text_content(".play-report")
    assert page.locator(".play-chain math").count() > 0
    assert "0.7864" in page.text_content(".play-chain")

    page.locator("[data-name=w]").fill("-2.5")
    page.keyboard.press("Tab")
    follows(page, w=-2.5)
    assert {"-2.5", "-5", "1.5", "0.9051"} <= set(data(page))
    page.locator("#play-in-w").press("ArrowRight")  # the slider, by a key
    page.wait_for_function("JSON.parse(document.querySelector('.play').dataset.laid).w > -2.5")
    page.select_option(".play-wrt", "x")
    page.wait_for_function("document.querySelector('.play-chain').textContent.includes('∂x')")

    for panel in ("steps", "latex", "train", "exercise"):
        page.press(f".play-{panel} > summary", "Enter")  # what opens above moves it away from under a mouse
    page.wait_for_function("document.querySelector('.play-latex pre').textContent.includes('frac')")
    assert page.frame_locator(".play-steps iframe").locator(".phase").text_content() == "Start"
    page.get_by_label("∂y/∂x", exact=True).fill("9")
    page.get_by_role("button", name="Check").press("Enter")
    page.locator(".play-blank[data-accepted=false] .play-said").wait_for()
    page.get_by_role("button", name="A hint for z", exact=True).press("Enter")
    page.wait_for_function("document.querySelector('.play-blank .play-said').textContent")
    before = float(page.locator("[data-name=w]").input_value())
    page.press("[data-steps='100']", "Enter")
    page.locator(".play-curve svg").wait_for()
    assert page.text_content(".play-curve").startswith("After 100 steps the output is -")
    page.press("[data-steps='0']", "Enter")
    follows(page, w=before)
    assert page.complaints == []
    assert {url for url in page.asked if not url.startswith((address, "data:", "blob:", "about:"))} == set()


def test_what_is_wrong_is_said_below_the_formula_and_mended_by_typing(playground):
    playground.fill(".play-formula", "y = tahn(w)")
    playground.wait_for_function("document.querySelector('.play-error').textContent.includes('did you mean `tanh`')")
    playground.fill(".play-formula", "y = tanh(w) * k")
    follows(playground, k=1, w=-3)
    assert playground.text_content(".play-error") == ""
    assert playground.complaints == []


def test_the_numbers_of_an_example_go_with_its_formula_and_those_that_were_typed_stay(playground):
    assert playground.input_value(".play-claims").startswith("z = 0.5")
    playground.fill(".play-formula", "p = sigmoid(a)")
    playground.wait_for_function("!document.querySelector('.play-claims').value")
    follows(playground, a=1)
    assert playground.text_content(".play-report") == ""
    playground.fill(".play-claims", "p = 0.7311\nq = 1")
    playground.locator(".play-report").get_by_text("no node is called 'q'").wait_for()
    assert playground.input_value(".play-claims") == "p = 0.7311\nq = 1"
    assert playground.complaints == []


def test_the_address_brings_everything_back_in_another_tab(tab):
    page = started(tab())
    page.fill(".play-formula", "u = a*b\nv = u + sin(a)")
    page.locator("#play-in-b").wait_for()
    page.locator("[data-name=b]").fill("4.25")
    page.fill(".play-claims", "u = 4.25")
    follows(page, a=1, b=4.25)
    page.wait_for_function("location.hash.includes('u+%3D+4.25')")
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE)
    other.goto(page.url)
    started(other)
    assert other.input_value(".play-formula") == "u = a*b\nv = u + sin(a)"
    assert "1 number: 1 right" in other.text_content(".play-report")
    assert data(other) == data(page)


REFUSED, READ = "document.querySelector('.play-error').textContent", "document.querySelector('#play-in-w')"
HOSTILE = {
    f"formula={quote(MARKUP)}&wrt={quote(MARKUP)}&claims={quote(MARKUP)}&in.{quote(MARKUP)}=1&train={quote(MARKUP)}&rate=x": REFUSED,
    f"formula={quote('y = w*x')}&wrt={quote(MARKUP)}&claims={quote(MARKUP + ' = 1')}&in.w=1e999&in.__proto__=3&train={quote(MARKUP)}": READ,
    "formula=%E0%A4%A&in.w=--3&claims=%00": REFUSED,
}


def test_a_hostile_or_damaged_link_is_text(tab):
    """The first is opened, and the others are followed from there; all are read by the same function."""
    page = tab(f"playground.html#{next(iter(HOSTILE))}")
    page.click(".play-load")
    for i, (link, happens) in enumerate(HOSTILE.items()):
        page.evaluate("link => { location.hash = link }", link)
        page.wait_for_function(happens)
        assert page.input_value(".play-formula") == parse_qs(link)["formula"][0]
        page.wait_for_timeout(500)
        assert page.locator("#playground img").count() == 0
        assert page.evaluate("globalThis.hurt") is None
        page.fill(".play-formula", f"y = 2*k{i}")
        page.wait_for_function(f"{OPENED} && document.querySelector('#play-in-k{i}')")
    assert page.complaints == []


def test_what_is_saved_is_what_is_shown(playground):
    begins = {"SVG": "<svg", "HTML with all steps": "<!doctype html>", "TOML to be marked": "formula =", "notebook": "{"}
    for title, begin in begins.items():
        with playground.expect_download() as saved:
            playground.get_by_role("button", name=title, exact=True).click()
        text = saved.value.path().read_text(encoding="utf-8")
        assert begin in text[:500]
    assert json.loads(text)["nbformat"] == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_playground_on_a_phone(playground, scheme):
    playground.set_viewport_size({"width": 390, "height": 844})
    playground.emulate_media(color_scheme=scheme)
    assert playground.evaluate("document.documentElement.scrollWidth") <= 390
    for button in playground.locator(".live-button:visible").all():
        ink, ground = button.evaluate("b => [getComputedStyle(b).color, getComputedStyle(b).backgroundColor]")
        assert ink != ground
    graph, inputs, saves = (playground.locator(f".play-{name}").bounding_box() for name in ("graph", "inputs", "saves"))
    assert graph["width"] <= 390
    assert inputs["y"] < graph["y"] < inputs["y"] + 844  # a slider and what it moves are seen together
    assert saves["y"] > graph["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_open_playground_is_accessible(playground, axe, scheme):
    playground.emulate_media(color_scheme=scheme)
    exercise = playground.locator(".play-exercise")
    if exercise.get_attribute("open") is None:
        exercise.locator("summary").click()
    playground.get_by_label("∂y/∂w", exact=True).fill("2.00")
    playground.get_by_label("z", exact=True).fill("0.5")
    playground.get_by_role("button", name="Check").click()
    playground.locator(".play-blank[data-accepted=true]").wait_for()
    assert axe(playground, without=["scrollable-region-focusable"]) == {}  # as on the other pages


# Blocks of code.


def run(tab, number, code=None):
    """What a block shows when it is run, as it stands or with other code."""
    block = tab.locator(CODE).nth(number)
    tab.locator(".run").nth(number).wait_for()  # a block can be edited once its button stands
    if code is not None:
        block.fill(code)
    tab.locator(".run").nth(number).click()
    tab.wait_for_function("n => document.querySelectorAll('.run')[n].textContent === 'Run'", arg=number)
    return tab.locator(".run-output").nth(number)


def test_blocks_of_a_page_run_and_can_be_changed(tab):
    page = tab("tutorial/04-neuron.html")
    assert not [url for url in page.asked if "/python-" in url]
    stepper = run(page, 2)  # which runs those above it, too
    assert stepper.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    assert stepper.frame_locator("iframe").locator(".phase").text_content() == "Start"
    assert page.locator(".run-output").nth(0).locator("img").count() == 1
    assert page.locator(".run-output").nth(1).locator("math").count() > 0
    assert run(page, 1, "print(y.data)\nw1").inner_text().split("\n")[0] == "0.6351489523872873"
    assert "NameError: name 'nobody'" in run(page, 1, "x = 1\nnobody").inner_text()
    assert page.complaints == []


def test_what_a_browser_does_not_have_is_said(lesson):
    assert "a browser has Python's own library here" in run(lesson, 0, "import numpy").inner_text()
    assert "nobody to ask on this page" in run(lesson, 0, "input()").inner_text()
    assert "MemoryError" in run(lesson, 0, "x = [0] * 10**6\nwhile True:\n    x = x + x").inner_text()
    assert "written into the memory of this page" in run(lesson, 0, "open('a.txt', 'w').write('a')").inner_text()
    assert "RecursionError" in run(lesson, 0, "def f(): f()\nf()").inner_text()
    assert run(lesson, 0, "6 * 7").inner_text().strip() == "42"


def test_an_endless_loop_is_stopped_and_the_page_lives(lesson):
    run(lesson, 0, "x = 1")
    lesson.locator(CODE).first.fill("while True: pass")
    lesson.locator(".run").first.click()
    lesson.wait_for_function("document.querySelector('.run').textContent === 'Stop'")
    lesson.locator(".run").first.click()
    lesson.wait_for_function("document.querySelector('.run-state').textContent.startsWith('stopped')")
    assert "NameError" in run(lesson, 0, "x").inner_text()
    assert run(lesson, 0, "6 * 7").inner_text().strip() == "42"


def test_the_second_visit_needs_no_network(tab):
    page = tab("tutorial/01-one-product.html")
    run(page, 0)
    page.wait_for_function("document.documentElement.dataset.offline === 'ready'")
    page.context.set_offline(True)
    page.reload()
    assert run(page, 0, "6 * 7").inner_text().strip() == "42"


@pytest.mark.parametrize("before", ["delete globalThis.WebAssembly", "delete globalThis.DecompressionStream"])
def test_a_browser_that_is_too_old_shows_the_pages_as_they_are(tab, before):
    page = tab(before=before)
    assert "It needs a browser with WebAssembly" in page.text_content("#playground")
    page = tab("tutorial/01-one-product.html", before=before)
    page.wait_for_load_state("networkidle")
    assert page.locator(".run").count() == 0
    assert page.complaints == []


def test_every_block_of_a_long_page_and_of_notebooks_runs(tab):
    """The other pages' blocks run with the tests of `tests/wasm`, on the same Python."""
    for page in ("tutorial/06-three-three-three", "notebooks/02_step_through_backward", "notebooks/04_mark_a_page"):
        opened = tab(f"{page}.html")
        opened.locator(".run").first.wait_for(state="attached")
        opened.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        for number in range(opened.locator(".run").count()):
            run_all = opened.locator(".run").nth(number)
            run_all.click()
            opened.wait_for_function("n => document.querySelectorAll('.run')[n].textContent === 'Run'", arg=number)
        assert opened.locator(".run-failed").all_text_contents() == [], page
        opened.context.close()
