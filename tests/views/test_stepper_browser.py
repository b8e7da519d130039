"""The stepper in a real browser: the saved page from its file, the page in a sandboxed frame, the widget in JupyterLab."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from autograd_tiny import Value
from autograd_tiny.engine.graph import adjoints, all_nodes
from autograd_tiny.engine.value import Constant
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.widget import Stepper
from autograd_tiny.worked import three_three_three

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The page of the 3-3-3 example and of a product of two inputs."""
    folder = tmp_path_factory.mktemp("pages")
    Stepper(three_three_three.record().loss).save(folder / "worked.html")
    Stepper(product()).save(folder / "product.html")
    return folder


def product():
    w, x = Value(-3.0, "w"), Value(2.0, "x")
    y = w * x
    y.label = "y"
    return y


@pytest.fixture
def tab(browser):
    """A function that opens a file in a tab of its own, and records what the page asks for and complains about."""
    contexts = []

    def open_file(path, **options):
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce", **options})
        contexts.append(context)
        page = context.new_page()
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(Path(path).as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()


def shown(page, kind, root="body"):
    """The numbers of a kind, by node."""
    script = "groups => groups.map(group => [group.dataset.node, group.querySelector(KIND)?.textContent])".replace("KIND", repr(f".{kind}"))
    return {node: text for node, text in page.locator(f"{root} [data-node]").evaluate_all(script) if text is not None}


def place(page):
    return page.locator(".phase").text_content()


def test_a_saved_page_asks_for_nothing_and_complains_of_nothing(tab, saved):
    page = tab(saved / "worked.html")
    page.keyboard.press("End")
    page.locator('[data-node="n0"]').click()
    assert page.requests == [(saved / "worked.html").as_uri()]
    assert page.complaints == []
    assert page.locator("#incomplete").count() == 0


def test_the_final_numbers_are_the_engines(tab, saved):
    loss = three_three_three.record().loss
    loss.backward()
    page = tab(saved / "worked.html")
    assert set(shown(page, "grad").values()) == {""}
    page.keyboard.press("End")
    nodes = {f"n{i}": node for i, node in enumerate(all_nodes(loss)) if not isinstance(node, Constant)}
    assert shown(page, "grad") == {i: short_number(node.grad) for i, node in nodes.items()}
    assert shown(page, "data") == {i: short_number(node.data) for i, node in nodes.items()}
    assert len(nodes) == 66


def test_keys_slider_and_buttons(tab, saved):
    page = tab(saved / "product.html")
    steps = [(["ArrowRight"], "Forward 1 of 1"), (["ArrowRight"], "Backward"), (["ArrowLeft"], "Forward 1 of 1")]
    for keys, expected in [*steps, (["End"], "Backward 1 of 1"), (["Home"], "Start")]:
        for key in keys:
            page.keyboard.press(key)
        assert place(page) == expected
    page.get_by_label("Step", exact=True).fill("2")
    assert place(page) == "Backward"
    page.get_by_role("button", name="Next step").click()
    assert place(page) == "Backward 1 of 1"
    page.get_by_role("button", name="First step").click()
    assert place(page) == "Start"
    box = page.get_by_label("Step", exact=True).bounding_box()
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    assert place(page) == "Backward 1 of 1"


@pytest.mark.slow
def test_playing(tab, saved):
    page = tab(saved / "product.html")
    page.get_by_label("Pace").select_option("Fast")
    page.locator(".caption").click()
    page.keyboard.press("Space")
    playwright_api.expect(page.locator(".phase")).to_have_text("Backward 1 of 1")
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_a_click_shows_the_whole_chain_rule(tab, saved):
    page = tab(saved / "product.html")
    page.locator('[data-node="n0"]').click()
    rule = page.locator(".rule")
    assert rule.get_by_role("heading").text_content() == "The whole chain rule for w"
    assert "gradient 2.0" in rule.text_content()
    assert rule.locator("math").count() == 1
    assert rule.locator("mfrac").first.bounding_box()["height"] > 20  # it is drawn as a fraction
    page.keyboard.press("Escape")
    assert not rule.is_visible()


def test_it_can_be_used_without_a_pointer(tab, saved):
    page = tab(saved / "product.html")
    page.keyboard.press("Tab")
    for _ in range(3):
        if page.evaluate("document.activeElement.dataset.node"):
            break
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "w, data -3"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(".rule h3").text_content() == "The whole chain rule for x"
    outline = page.evaluate("getComputedStyle(document.querySelector('[data-node=n1] .ag-outline')).strokeDasharray")
    assert outline != "none"


@pytest.mark.slow
def test_the_current_node_is_in_sight_on_a_phone(tab, saved):
    page = tab(saved / "worked.html", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for _ in range(40):
        page.keyboard.press("ArrowRight")
        inside = page.evaluate(
            """() => {
                const [node, frame] = [".node.current", ".scroller"].map((name) => document.querySelector(name).getBoundingClientRect());
                const [x, y] = [(node.left + node.right) / 2, (node.top + node.bottom) / 2];
                return x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom;
            }"""
        )
        assert inside, place(page)


def luminance(page, expression):
    red, green, blue = (int(number) / 255 for number in re.findall(r"\d+", page.evaluate(expression))[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_read_stands_out_in_light_and_dark(tab, saved, scheme):
    page = tab(saved / "product.html", color_scheme=scheme)
    page.keyboard.press("End")
    style = "getComputedStyle(document.querySelector({!r})).{}"
    grounds = {
        "body": luminance(page, style.format("body", "backgroundColor")),
        "box": luminance(page, style.format("[data-node=n2] .ag-outline", "fill")),
        "chip": luminance(page, style.format("[data-edge=e2_0] [fill='#dff1eb']", "fill")),
    }
    inks = {
        "body": luminance(page, style.format(".caption", "color")),
        "box": luminance(page, style.format("[data-node=n2] .grad", "fill")),
        "chip": luminance(page, style.format("[data-edge=e2_0] .derivative", "fill")),
    }
    assert (grounds["body"] > 0.5) == (scheme == "light")
    for name, ground in grounds.items():
        assert abs(ground - inks[name]) > 0.35, name


def test_motion_is_reduced_for_those_who_ask(tab, saved):
    animation = "getComputedStyle(document.querySelector('.edge.current path')).animationName"
    for wish, name in (("reduce", "none"), ("no-preference", "autograd-flow")):
        page = tab(saved / "product.html", reduced_motion=wish)
        page.keyboard.press("ArrowRight")
        assert page.evaluate(animation) == name


@pytest.mark.slow
def test_a_page_that_was_cut_off_says_so(tab, saved, tmp_path):
    whole = (saved / "product.html").read_text(encoding="utf-8")
    cuts = [whole.index("<style>") + 50, whole.index("<svg") + 300, whole.index('id="data"') + 200, whole.index('type="module"') + 500]
    for i, cut in enumerate(cuts):
        path = tmp_path / f"cut{i}.html"
        path.write_text(whole[:cut], encoding="utf-8")
        page = tab(path)
        assert "incomplete" in page.inner_text("body"), f"cut at {cut}"
        playwright_api.expect(page.locator("#incomplete")).to_have_css("opacity", "1")


def test_a_page_with_damaged_data_says_so(tab, saved, tmp_path):
    whole = (saved / "product.html").read_text(encoding="utf-8")
    end = whole.index("</script>")
    for i, damaged in enumerate([whole[: end - 100] + whole[end:], whole.replace('data-node="n1"', "")]):
        path = tmp_path / f"damaged{i}.html"
        path.write_text(damaged, encoding="utf-8")
        page = tab(path)
        assert page.locator("#incomplete.certain").is_visible()


def test_labels_do_nothing_but_show(tab, tmp_path):
    label = '</script><img src=x onerror="document.title=1">&lt;'
    y = Value(2.0, label) * Value(3.0, "<b>b</b>")
    page = tab(Stepper(y).save(tmp_path / "steps.html"))
    page.keyboard.press("End")
    page.locator('[data-node="n0"]').click()
    assert page.locator(".rule h3").text_content() == f"The whole chain rule for {label}"
    assert page.locator("b, img").count() == 0
    assert page.title() != "1"
    assert page.complaints == []


def test_several_steppers_in_sandboxed_frames(tab, tmp_path, monkeypatch):
    outputs = [Stepper(product())._repr_html_(), Stepper(product().exp())._repr_html_()]
    path = tmp_path / "notebook.html"
    path.write_text("<!doctype html><meta charset=utf-8>" + "".join(outputs), encoding="utf-8")
    page = tab(path)
    first, second = (page.frame_locator("iframe").nth(i) for i in range(2))
    second.get_by_role("button", name="Last step").click()
    assert first.locator(".phase").text_content() == "Start"
    assert second.locator(".phase").text_content() == "Backward 2 of 2"
    assert not page.locator("img").first.is_visible()
    path.write_text(re.sub("<style>.*?</style>|<iframe.*?</iframe>", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    page.reload()  # as a notebook shows it that is not trusted
    assert page.locator("img").first.is_visible()


def test_frames_are_drawn(tab, tmp_path):
    page = tab(Stepper(product()).save_frames(tmp_path)[-1])
    gradients = {i: short_number(adjoints(y)[node]) for y in [product()] for i, node in zip(("n0", "n1", "n2"), all_nodes(y))}
    assert shown(page, "grad", "svg") == gradients
    assert page.locator('[data-node="n0"]').bounding_box()["width"] > 30


# JupyterLab.

NOTEBOOK = [
    "from autograd_tiny import Value\nfrom autograd_tiny.views.widget import Stepper\n"
    "stepper = Stepper(Value(-3.0, 'w') * Value(2.0, 'x'))\nstepper.widget()",
    "stepper.step = 3",
    "print('the step is', stepper.step)",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab with a notebook in it."""
    pytest.importorskip("anywidget")
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**empty, "id": f"cell{i}", "source": text} for i, text in enumerate(NOTEBOOK)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (folder / "stepper.ipynb").write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    home = {name: str(folder / "home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    options = ["--no-browser", "--allow-root", f"--port={port}", "--port-retries=0", f"--IdentityProvider.token={token}"]
    environment = {**os.environ, **home, "PYTHONPATH": str(Path(__file__).parents[2])}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], cwd=folder, stdout=log, stderr=log, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api?token={token}", server, folder / "log")
        yield f"{address}/lab/tree/stepper.ipynb?token={token}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(address, server, log):
    end = time.monotonic() + 30
    while not _answers(address):
        if server.poll() is not None or time.monotonic() > end:
            pytest.fail(f"JupyterLab does not answer: {log.read_text()}")
        time.sleep(0.1)


def _answers(address):
    try:
        with urllib.request.urlopen(address, timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.slow
def test_the_widget_in_jupyterlab(browser, lab):
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.goto(lab)
    cell = page.locator(".jp-Notebook .jp-CodeCell")
    cell.nth(2).wait_for(timeout=40_000)
    playwright_api.expect(page.locator(".jp-StatusBar-Widget")).to_contain_text("| Idle", timeout=40_000)

    def run(i):
        cell.nth(i).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        playwright_api.expect(cell.nth(i).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=30_000)

    run(0)
    stepper = page.locator(".autograd-stepper")
    stepper.wait_for(timeout=30_000)
    run(1)  # from Python to the browser
    playwright_api.expect(stepper.locator(".count")).to_have_text("3 / 3", timeout=15_000)
    assert shown(page, "grad", ".autograd-stepper") == {"n0": "2", "n1": "-3", "n2": "1"}

    stepper.get_by_role("button", name="Previous step").click()  # and back
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("d")
    page.keyboard.press("d")  # in JupyterLab: delete the cell
    assert cell.count() == 3
    run(2)
    playwright_api.expect(cell.nth(2)).to_contain_text("the step is 1", timeout=15_000)
    assert stepper.get_attribute("data-theme") == "light"
    context.close()


DECK = """<!doctype html><title>Slides</title><div id="said">0</div>
<iframe sandbox="allow-scripts" allow="fullscreen" style="width: 480px; height: 320px"></iframe>
<script>document.addEventListener("keydown", ({ key }) => (said.textContent += " " + key));</script>"""


@pytest.mark.slow
def test_a_clicker_steps_on_a_slide_and_at_the_end_goes_on_with_the_slides(tab, tmp_path):
    """The page stands in a frame of 480 by 320 pixels: nothing sticks out of it, and it gives keys back that it has no use for."""
    Stepper(product()).save(tmp_path / "product.html")
    (tmp_path / "deck.html").write_text(DECK, encoding="utf-8")
    page = tab(tmp_path / "deck.html")
    page.locator("iframe").evaluate("(frame, page) => { frame.srcdoc = page; }", (tmp_path / "product.html").read_text(encoding="utf-8"))
    frame = page.frame_locator("iframe")
    frame.locator(".caption").click()
    for expected in ("Forward 1 of 1", "Backward", "Backward 1 of 1"):
        page.keyboard.press("PageDown")
        assert frame.locator(".phase").text_content() == expected
    page.keyboard.press("PageUp")
    assert frame.locator(".phase").text_content() == "Backward"
    assert page.locator("#said").text_content() == "0", "these keys were the stepper's"
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert page.locator("#said").text_content().count("ArrowRight") >= 17
    assert frame.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")


def test_keys_that_lead_nowhere_are_left_to_the_page_around(tab, saved):
    page = tab(saved / "product.html")
    page.evaluate("window.heard = []; window.addEventListener('keydown', ({ key }) => heard.push(key))")
    for key in ("Home", "ArrowLeft", "ArrowRight", "End", "PageDown", "ArrowRight", "PageUp"):
        page.keyboard.press(key)
    assert page.evaluate("heard") == ["Home", "ArrowLeft", "PageDown", "ArrowRight"]


def test_on_paper_stands_the_whole_graph_and_then_every_step(tab, saved):
    page = tab(saved / "product.html")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    rows = page.locator(".printed > table > tbody > tr")
    assert rows.locator("th").all_text_contents() == ["Start", "Forward 1 of 1", "Backward", "Backward 1 of 1"]
    assert rows.last.locator("math").count() == 2
    assert set(shown(page, "grad").values()) == {"2", "-3", "1"}
    assert not page.locator(".controls").is_visible()
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert rows.count() == 0
    assert set(shown(page, "grad").values()) == {""}


def test_the_whole_screen(tab, saved):
    page = tab(saved / "product.html")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.id === 'stepper'")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("!document.fullscreenElement")


def test_where_scripts_are_forbidden_the_page_says_so_and_shows_the_picture(tab, saved):
    page = tab(saved / "product.html", java_script_enabled=False)
    assert "its script did not run" in page.locator("#incomplete").text_content()
    assert page.locator("svg").is_visible()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("predict", [False, True])
def test_the_page_is_accessible(tab, axe, tmp_path, predict, width, scheme):
    file = Stepper(product(), predict=predict).save(tmp_path / "steps.html")
    page = tab(file, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for key in ("Home", "ArrowRight", "End"):
        page.keyboard.press(key)
        assert axe(page) == {}, key
