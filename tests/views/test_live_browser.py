"""Inputs that move, in a real browser: by field, slider, key and touch; what is shown is what Python shows at the same inputs."""

import re
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograd_tiny import Primitive, Value, array, total
from autograd_tiny.formulas import read_formula
from autograd_tiny.losses import cross_entropy
from autograd_tiny.views.widget import Stepper


@pytest.fixture
def opened(opened):
    return partial(opened, reduced_motion="reduce")


READ = """() => {
    const cells = (row) => [...row.children].map((cell) => cell.textContent);
    const shown = (group, kind) => [...group.querySelectorAll("." + kind)].map((x) => x.textContent).join(" ").trim();
    const numbers = (group) => ["data", "grad"].map((kind) => shown(group, kind));
    const next = document.querySelector(".next");
    document.querySelector(".first").click();
    const text = (selector) => document.querySelector(selector).textContent;
    const found = [];
    for (;;) {
        found.push({
            said: text(".live"), caption: text(".caption > span"),
            rows: [...document.querySelectorAll(".step math > mtable > mtr")].map(cells),
            latex: document.querySelector(".step .latex").textContent,
            numbers: Object.fromEntries([...document.querySelectorAll("[data-node]")].map((x) => [x.dataset.node, numbers(x)])),
        });
        if (next.getAttribute("aria-disabled") === "true") return found;
        next.click();
    }
}"""
READ_RULES = """() => [...document.querySelectorAll("[data-node][role=button]")].map((group) => {
    group.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    const [numbers, latex] = [".numbers", ".latex"].map((part) => document.querySelector(".rule " + part).textContent);
    const rows = [...document.querySelectorAll(".rule math > mtable > mtr")];
    return [group.dataset.node, numbers, rows.map((row) => [...row.children].map((cell) => cell.textContent)), latex];
})"""


def cells(lines, parts):
    """The texts of a formula's lines, as the browser would show them."""
    whole = []
    for part in parts:
        whole.append(re.sub(r"&(\d+);", lambda m: whole[int(m[1])], part))
    full = [[re.sub(r"&(\d+);", lambda m: whole[int(m[1])], side) for side in line] for line in lines]
    return [["".join(ElementTree.fromstring(f"<m>{side}</m>").itertext()) for side in line] for line in full]


def unbroken(rows):
    """A right side in several lines as one: whether it is broken depends on how long its numbers were first."""
    whole = []
    for left, right in rows:
        if whole and not left and right[0] != "=":
            whole[-1][1] += right
        else:
            whole.append([left, right])
    return whole


def assert_shows(page, stepper):
    """Every step and every chain rule, as words, numbers, formula and LaTeX."""
    data = stepper.data
    seen, known = page.evaluate(READ), {}
    assert len(seen) == len(data["steps"])
    for step, shown in zip(data["steps"], seen):
        assert shown["caption"] == step["caption"]
        had_nothing = re.sub(r" had 0 and gets (.*?): now", r" gets \1:", shown["said"])  # at a kink, but a contribution came
        assert had_nothing == " ".join(filter(None, [f"{step['place']}:", step["caption"], step["details"]]))
        if had_nothing == shown["said"]:
            assert unbroken(shown["rows"]) == unbroken(cells(step["lines"], data["parts"]))
            assert shown["latex"].replace(" \\\\\n &+", " +") == step["latex"].replace(" \\\\\n &+", " +")
        for kind, place in (("data", 0), ("gradients", 1)):
            known |= {(node, place): text for node, text in step[kind].items()}
        for node in data["nodes"]:
            if node["kind"] != "constant":
                assert shown["numbers"][node["id"]] == [known.get((node["id"], 0), ""), known.get((node["id"], 1), "")]
    rules = {node: rest for node, *rest in page.evaluate(READ_RULES)}
    for node in data["nodes"]:
        if node["kind"] != "constant":
            numbers = f"data {node['data']}, gradient {node['gradient']}"
            said, rows, latex = rules[node["id"]]
            assert said == numbers
            assert unbroken(rows) == unbroken(cells(node["lines"], data["parts"]))
            assert latex.replace(" \\\\\n &+", " +") == node["latex"].replace(" \\\\\n &+", " +")


def type_in(page, values):
    for name, value in values.items():
        field = page.get_by_label(name, exact=True)
        field.fill(repr(value))
        field.blur()


GRAPHS = {
    "z = w*x + b; y = tanh(z)": ({"w": -3, "x": 2, "b": 6.5}, [{"w": 0.25, "b": -1.5}, {"x": 1e-7}, {"w": 123456.0, "x": -0.00001}]),
    "p, q = softmax([a, b]); loss = -log(p) * c - a * a / 3": (
        {"a": 1.5, "b": -0.5, "c": 2}, [{"a": -2.0}, {"b": 3.25, "c": -1.0}, {"c": 1.0, "a": 1e-12}],
    ),
    "s = w*x; t = w**2 + s; u = max(s, t, 0.5) * exp(-x) + where(w > 0, x, s); y = u / (x - 7)": (
        {"w": 1, "x": 2}, [{"w": -1.0}, {"x": 0.5}, {"w": 1.0, "x": -3.0}, {"w": 2.0, "x": 2.0}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("formula", [next(iter(GRAPHS)), *(pytest.param(x, marks=pytest.mark.slow) for x in list(GRAPHS)[1:])])
def test_a_page_shows_what_python_shows_at_the_same_inputs(opened, formula):
    start, moves = GRAPHS[formula]
    page = opened(Stepper(read_formula(formula).record(start).output))
    values = dict(start)
    assert_shows(page, Stepper(read_formula(formula).record(values).output))
    for move in moves:
        values |= move
        type_in(page, move)
        assert_shows(page, Stepper(read_formula(formula).record(values).output))
    page.get_by_role("button", name="Reset").click()
    assert_shows(page, Stepper(read_formula(formula).record(start).output))


def test_the_named_view_moves(opened):
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")

    def neuron():
        y = (w * x + b).tanh() * 2.0
        y.label = "y"
        return Stepper(y, through="named")

    page = opened(neuron())
    type_in(page, {"w": -2.5})
    w.data = -2.5
    assert_shows(page, neuron())


def test_arrays_move_entry_by_entry(opened):
    def layer(numbers):
        w, x = array([numbers[:2], numbers[2:]], "W"), array([[0.5, -1.0], [2.0, 0.25], [1.0, 1.5]], "X")
        z = x @ w
        p = z.softmax()
        z.label, p.label = "Z", "P"
        loss = cross_entropy(p, [0, 1, 1])
        loss.label = "L"
        return Stepper(loss, through="arrays")

    page = opened(layer([0.3, -0.2, 1.5, 0.75]))
    assert_shows(page, layer([0.3, -0.2, 1.5, 0.75]))
    page.locator(".inputs > summary").click()
    type_in(page, {"W[0][1]": 4.0, "W[1][0]": -0.001})
    assert_shows(page, layer([0.3, 4.0, -0.001, 0.75]))


def neuron():
    return Stepper(read_formula("z = w*x + b; y = tanh(z)").record({"w": -3, "x": 2, "b": 6.5}).output)


def data_of(page, node):
    return page.locator(f'[data-node="{node}"] .data').text_content()


def outline(page):
    """Where everything of the drawing is."""
    return page.evaluate(
        "() => [...document.querySelectorAll('svg [data-node] path, svg [data-edge] path')].map((x) => x.getAttribute('d'))"
    )


def test_the_slider_follows_pointer_and_keys_and_nothing_else_moves(opened):
    page = opened(neuron())
    page.keyboard.press("End")
    before = outline(page)
    slider = page.get_by_label("w, slider", exact=True)
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    moved = float(data_of(page, "n0"))
    assert 3.0 < moved < 7.0
    assert page.get_by_label("w", exact=True).input_value() == str(moved)
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert float(data_of(page, "n0")) > moved
    assert page.locator(".count").text_content() == "7 / 7", "the key was the slider's"
    page.get_by_label("b", exact=True).fill("-0.00012345678")
    assert outline(page) == before
    width = page.locator('[data-node="n3"] .data').evaluate("x => x.getBBox().width")
    assert width < 60


WATCH = """() => {
    const seen = records => records.forEach(({ target }) =>
        written.add((target.closest ? target : target.parentNode).closest("[data-node], [data-edge]").ariaLabel));
    window.written = new Set();
    const all = { subtree: true, childList: true, characterData: true, attributes: true };
    new MutationObserver(seen).observe(document.querySelector("svg .graph"), all);
}"""


def test_a_move_writes_what_changes_and_nothing_else(opened):
    page = opened(Stepper(read_formula("t = w*x; y = t + b").record({"w": -3, "x": 2, "b": 6.5}).output))
    page.keyboard.press("End")
    page.evaluate(WATCH)
    page.get_by_label("b", exact=True).fill("7.25")
    assert page.evaluate("[...written]") == ["b, data 7.25, gradient 1", "y, data 1.25, gradient 1"]


FRAME = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
STEP_BACK = "() => document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft' }))"
MOVE = """() => {
    const field = document.querySelector("[aria-label=w]");
    field.value = "7.25";
    field.dispatchEvent(new Event("input"));
}"""


@pytest.mark.parametrize("act", [STEP_BACK, MOVE], ids=["step", "move"])
def test_what_is_read_is_read_before_anything_is_written(opened, act):
    page = opened(neuron())
    counters = page.context.new_cdp_session(page)
    counters.send("Performance.enable")

    def layouts():
        page.evaluate(FRAME)
        return {metric["name"]: metric["value"] for metric in counters.send("Performance.getMetrics")["metrics"]}["LayoutCount"]

    page.keyboard.press("End")
    before = layouts()
    page.evaluate(act)
    assert layouts() - before == 1


def test_the_slider_follows_a_finger(opened):
    page = opened(neuron(), has_touch=True, viewport={"width": 390, "height": 844})
    page.locator("summary").tap()
    page.locator("summary").tap()
    slider = page.get_by_label("w, slider", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    assert float(data_of(page, "n0")) > 5.0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1e400", "larger than any number"),
        ("", "a number is needed"),
        ("abc", "abc is no number"),
        ("2,5", "write 2.5, with a point"),
        ("0x10", "no number"),
    ],
)
def test_what_is_no_number_is_said_and_changes_nothing(opened, typed, said):
    page = opened(neuron())
    field = page.get_by_label("w", exact=True)
    field.fill(typed)
    field.blur()
    assert said in page.locator(".problem").text_content()
    assert field.get_attribute("aria-invalid") == "true"
    assert data_of(page, "n0") == "-3"
    field.fill("2.5")
    field.blur()
    assert page.locator(".problem").text_content() == ""
    assert data_of(page, "n0") == "2.5"


def test_the_ends_of_a_slider_can_be_set(opened):
    page = opened(neuron())
    end = page.get_by_label("w, slider to", exact=True)
    end.fill("100")
    end.blur()
    assert page.get_by_label("w, slider", exact=True).get_attribute("max") == "100"
    page.get_by_label("w", exact=True).fill("250")
    assert page.get_by_label("w, slider", exact=True).get_attribute("max") == "250"


def test_what_an_operation_refuses_is_said_in_its_box_and_what_follows_is_blank(opened):
    page = opened(Stepper(read_formula("p = log(a) * w; y = sqrt(p + 2) / c").record({"a": 2, "w": 3, "c": 0.5}).output))
    page.keyboard.press("End")
    titles = "groups => groups.map(group => [group.querySelector('title').textContent, group.dataset.node])"
    boxes = dict(page.locator("[data-node]").evaluate_all(titles))
    log, root = boxes["t1 = log"], boxes["y = /"]
    type_in(page, {"a": -1.0})
    assert page.locator(f'[data-node="{log}"] .why').text_content().startswith("a > 0")
    assert "t1 cannot be computed: it needs a > 0, and a is -1." in page.locator(".caption").text_content()
    assert data_of(page, root) == ""
    assert page.locator(f'[data-node="{boxes["a"]}"] .grad').text_content() == ""
    type_in(page, {"a": 0.0})
    assert page.locator(".refused").count() == 1
    type_in(page, {"a": 2.0, "c": 0.0})
    assert page.locator(f'[data-node="{root}"] .why').text_content().startswith("c != 0")
    type_in(page, {"c": 0.5})
    assert page.locator(".refused").count() == 0
    assert data_of(page, root) == "4.04"


def test_a_nudge_beside_what_its_gradient_predicts(opened):
    page = opened(neuron())
    said = page.locator(".said")
    assert said.text_content() == "y should change by 1.573 · 0.1 = 0.1573, and changes by 0.1423."
    page.get_by_label("Size of the nudge").select_option("0.001")
    assert said.text_content() == "y should change by 1.573 · 0.001 = 0.001573, and changes by 0.001571."
    page.keyboard.press("End")
    button = page.get_by_role("button", name="Hold to see it")
    box = button.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    assert data_of(page, "n0") == "-2.999"
    page.mouse.up()
    assert data_of(page, "n0") == "-3"
    button.focus()
    page.keyboard.down("Enter")
    assert data_of(page, "n0") == "-2.999"
    page.keyboard.up("Enter")
    assert data_of(page, "n0") == "-3"


def test_an_input_that_leads_to_an_unknown_operation_cannot_move_and_the_others_can(opened):
    own = Primitive("own", lambda x: x * x, lambda out, x: (2.0 * x,))
    a, b = Value(2.0, "a"), Value(3.0, "b")
    square = own(a)
    square.label = "s"
    page = opened(Stepper(square * b))
    assert page.get_by_label("a", exact=True).is_disabled()
    assert "cannot move: s has no expansion" in page.locator(".inputs").text_content()
    page.keyboard.press("End")
    type_in(page, {"b": 10.0})
    assert page.locator('[data-node="n3"] .data').text_content() == "40"
    assert page.locator('[data-node="n0"] .grad').text_content() == "40"


@pytest.mark.slow
def test_two_hundred_inputs(opened):
    xs = [Value(0.1 * i, f"x{i}") for i in range(200)]
    page = opened(Stepper(total(xs) * xs[0]))
    assert not page.get_by_label("x0", exact=True).is_visible(), "so many are folded away"
    page.locator("summary").click()
    seen = "rows => rows.filter(row => row.firstChild.checkVisibility({ contentVisibilityAuto: true })).length"
    assert 0 < page.locator(".leaf:not(svg *)").evaluate_all(seen) < 200, "those far out of sight are not laid out"
    type_in(page, {"x0": 5.0})
    page.keyboard.press("End")
    assert data_of(page, "n0") == "5"


@pytest.mark.slow
def test_a_page_whose_graph_was_cut_off_says_so(browser, tmp_path):
    page_text = Path(neuron().save(tmp_path / "a.html")).read_text(encoding="utf-8")
    for broken in (
        page_text.replace('"graph":[', '"graph":[[7,[0]],'),
        page_text.replace('"digits":4,', ""),
        page_text[: page_text.index('"graph"') + 20],
    ):
        (tmp_path / "b.html").write_text(broken, encoding="utf-8")
        page = browser.new_page()
        page.goto((tmp_path / "b.html").as_uri())
        page.wait_for_timeout(50)
        assert "incomplete" in page.locator("#incomplete").text_content()
        page.close()
