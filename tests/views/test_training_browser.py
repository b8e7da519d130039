"""Training pages in a real browser, from their files: by mouse, key and touch, dark, on a phone, with motion reduced."""

import re
from random import Random

import pytest

from autograd_tiny import TrainingPage, losses, nn, optim, record_training, samples


def page_of(rate=0.02, last="tanh", widths=(5, 4), rows=None):
    model = nn.MLP([2, *widths, 1], ["tanh"] * len(widths) + [last], rng=Random(1))
    return TrainingPage(
        model, losses.half_squared_error, rows or samples.plane(30), optim.SGD(model.parameters(), rate)
    )


def step_of(tab):
    return int(re.match(r"Step (\d+):", tab.inner_text(".status"))[1])


def at_step(tab, step):
    tab.get_by_text(f"Step {step}:").first.wait_for()


def pixels(tab, selector):
    """The colours of a canvas, as text."""
    return tab.evaluate("(selector) => document.querySelector(selector).toDataURL()", selector)


def test_by_mouse(opened):
    tab = opened(page_of())
    before = [pixels(tab, selector) for selector in (".plane", ".lines", ".curve")]
    tab.get_by_role("button", name="One step").click()
    assert step_of(tab) == 1
    assert all(x != pixels(tab, selector) for x, selector in zip(before, (".plane", ".lines", ".curve")))
    tab.get_by_role("button", name="Play").click()
    tab.wait_for_timeout(400)
    tab.get_by_role("button", name="Pause").click()
    assert (reached := step_of(tab)) > 2
    tab.wait_for_timeout(200)
    assert step_of(tab) == reached
    tab.get_by_role("button", name="Reset").click()
    assert step_of(tab) == 0
    assert [pixels(tab, selector) for selector in (".plane", ".lines", ".curve")] == before
    tab.get_by_role("button", name="Another seed").click()
    assert tab.get_by_text("seed 1").is_visible()
    assert pixels(tab, ".plane") != before[0]
    tab.get_by_label("Samples", exact=True).select_option("spiral")
    assert step_of(tab) == 0
    tab.locator(".plane").click(position={"x": 20, "y": 20})
    said = tab.inner_text(".said")
    tab.locator(".plane").click(position={"x": 300, "y": 300})
    assert tab.inner_text(".said") != said


def test_by_keys_and_the_chosen_neuron(opened):
    tab = opened(page_of())
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    assert step_of(tab) == 2
    tab.keyboard.press("r")
    assert step_of(tab) == 0
    tab.keyboard.press(" ")
    tab.get_by_role("button", name="Pause").wait_for()
    tab.keyboard.press(" ")
    assert tab.get_by_role("button", name="Play").is_visible()
    neuron = tab.get_by_role("button", name=re.compile("^Neuron 2 of layer 1: gives "))
    neuron.focus()
    tab.keyboard.press("Enter")
    assert neuron.get_attribute("aria-pressed") == "true"
    rows = tab.locator("tbody tr")
    assert [row.split("\t")[0] for row in rows.all_inner_texts()] == ["x1", "x2", "bias"]
    before = rows.all_inner_texts()
    tab.get_by_role("button", name="One step").click()
    assert rows.all_inner_texts() != before
    tab.get_by_label("Lines show").select_option("gradients")
    sample = tab.get_by_label("Sample", exact=True)
    sample.fill("99")
    sample.press("Enter")
    assert tab.inner_text(".said").startswith("Sample 30:")


def test_the_learning_rate(opened):
    tab = opened(page_of(last="linear"))
    field = tab.get_by_label("Learning rate", exact=True)
    for typed, problem in (("abc", "abc is no number"), ("", "a number is needed"), ("0,1", "write 0.1, with a point"),
                           ("1e400", "larger than any number"), ("-1", "0 or more")):  # fmt: skip
        field.fill(typed)
        field.press("Enter")
        assert problem in tab.inner_text(".problem"), typed
        assert field.get_attribute("aria-invalid") == "true"
    field.fill("60")
    field.press("Enter")
    assert tab.inner_text(".problem") == ""
    tab.get_by_label("Speed").select_option("As fast as it can")
    tab.get_by_role("button", name="Play").click()
    remedy = tab.get_by_role("button", name="Begin again with 20")
    remedy.wait_for()
    said = tab.inner_text(".trouble")
    assert f"Step {step_of(tab) + 1} diverges with the learning rate 60" in said
    assert said[:30] in tab.inner_text(".live")
    assert tab.get_by_role("button", name="Play").is_visible()
    remedy.click()
    assert step_of(tab) == 0
    assert field.input_value() == "20"
    assert not tab.locator(".trouble").is_visible()
    slider = tab.get_by_label("Learning rate, slider")
    slider.fill("-2")
    assert field.input_value() == "0.01"


@pytest.mark.slow
def test_a_link_leads_to_the_same_state(opened):
    tab = opened(page_of())
    tab.get_by_label("Samples", exact=True).select_option("moons")
    for _ in range(3):
        tab.get_by_role("button", name="One step").click()
    tab.get_by_label("Learning rate, slider").fill("-1")
    tab.get_by_role("button", name="One step").click()
    status = tab.inner_text(".status")
    tab.get_by_role("button", name="Link to this state").click()
    link = tab.get_by_label("Link to this state").input_value()
    assert link == tab.url
    other = opened(page_of(), "#" + link.partition("#")[2])
    at_step(other, 4)
    assert other.inner_text(".status") == status
    assert other.get_by_label("Learning rate", exact=True).input_value() == "0.1"
    hostile = opened(page_of(), "#data=<img src=x onerror=alert(1)>&step=1e9&rates=__proto__:1")
    assert step_of(hostile) == 0


@pytest.mark.slow
def test_on_a_phone_by_touch_in_the_dark(opened):
    tab = opened(
        page_of(widths=(16, 16)),
        viewport={"width": 390, "height": 800},
        has_touch=True,
        is_mobile=True,
        color_scheme="dark",
    )
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.get_by_role("button", name="One step").tap()
    assert step_of(tab) == 1
    said = tab.inner_text(".said")
    tab.locator(".plane").tap(position={"x": 250, "y": 250})
    assert tab.inner_text(".said") != said
    tab.locator(".neuron").nth(3).tap()
    assert tab.locator("caption").inner_text() == "Neuron 4 of layer 1, tanh"
    heights = tab.evaluate(
        "[...document.querySelectorAll('.controls :is(button, select)')].map((x) => x.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    light = opened(page_of(widths=(16, 16)))
    for selector in (".plane", ".lines"):
        assert pixels(light, selector) != pixels(tab, selector)
    before = pixels(light, ".lines")
    light.emulate_media(color_scheme="dark")
    light.wait_for_timeout(300)
    assert pixels(light, ".lines") != before


@pytest.mark.slow
def test_motion_is_reduced_for_those_who_ask(opened):
    counted = """() => new Promise((done) => {
        let [count, last] = [0, ""];
        const timer = setInterval(() => {
            const text = document.querySelector(".status").textContent;
            if (text !== last) count += 1;
            last = text;
        }, 5);
        setTimeout(() => { clearInterval(timer); done(count); }, 1200);
    })"""
    tab = opened(page_of(), reduced_motion="reduce")
    tab.get_by_role("button", name="Play").click()
    assert 1 <= tab.evaluate(counted) <= 4
    tab.get_by_role("button", name="Pause").click()
    assert step_of(tab) > 4  # it trained as quickly all the same


def test_what_screen_readers_are_told(opened):
    tab = opened(page_of())
    tab.get_by_role("button", name="One step").click()
    assert tab.inner_text(".live") == tab.inner_text(".status")
    assert tab.locator(".live").get_attribute("aria-live") == "polite"
    assert re.match(r"The loss from step 0, [\d.]+, to step 1, ", tab.locator(".curve").get_attribute("aria-label"))
    assert "lie where the network gives their own class" in tab.locator(".plane").get_attribute("aria-label")
    unnamed = """[...document.querySelectorAll("button, input, select")].filter(
        (x) => x.offsetParent && !x.ariaLabel && !x.textContent.trim() && !x.labels?.length).length"""
    assert tab.evaluate(unnamed) == 0
    said = tab.inner_text(".live")
    tab.get_by_role("button", name="Play").click()
    tab.wait_for_timeout(200)
    assert tab.inner_text(".live") == said  # nobody can listen as fast as it plays


def test_a_loop_played_back(opened):
    model = nn.MLP([2, 3, 1], ["tanh", "tanh"], rng=Random(1))
    run = record_training(model, losses.half_squared_error, samples.xor(20))
    for _ in range(5):
        for parameter in model.parameters():
            parameter.data *= 1.1
        run.keep()
    tab = opened(run)
    assert tab.get_by_label("Learning rate", exact=True).count() == 0
    tab.get_by_label("Step", exact=True).fill("3")
    assert step_of(tab) == 3
    tab.get_by_label("Speed").select_option("10 steps a frame")
    tab.get_by_role("button", name="Play").click()
    at_step(tab, 5)
    tab.get_by_role("button", name="Play").wait_for()
    assert tab.inner_text(".curveBox").endswith("5 steps")


@pytest.mark.parametrize("inputs", [1, 3])
def test_other_numbers_of_inputs_have_no_plane(opened, inputs):
    model = nn.MLP([inputs, 3, 2], ["relu", "linear"], rng=Random(1))
    rows = [[0.1 * i + k for k in range(inputs)] + [math_of(i), 1.0] for i in range(9)]
    tab = opened(TrainingPage(model, losses.mean_squared_error, rows, optim.Adam(model.parameters(), 0.05)))
    assert tab.locator(".plane").count() == 0
    tab.get_by_role("button", name="One step").click()
    assert step_of(tab) == 1
    assert "right class" not in tab.inner_text(".status")


def math_of(i):
    return (i * i % 7) / 7.0


def test_in_a_sandboxed_frame(opened, browser, tmp_path):
    """As a notebook shows it: it has no address, so no link is offered."""
    (tmp_path / "frame.html").write_text(
        f"<!doctype html><meta charset=utf-8>{page_of()._repr_html_()}", encoding="utf-8"
    )
    tab = browser.new_page(viewport={"width": 1200, "height": 900})
    tab.goto((tmp_path / "frame.html").as_uri())
    frame = tab.frame_locator("iframe")
    frame.get_by_role("button", name="One step").click()
    assert frame.locator(".status").inner_text().startswith("Step 1:")
    assert not frame.get_by_role("button", name="Link to this state").is_visible()
    tab.close()


@pytest.mark.slow
def test_a_page_that_was_cut_off_says_so(browser, tmp_path):
    whole = page_of().html()
    cuts = [whole.index("<style>") + 50, whole.index('id="data"') + 300, whole.index('type="module"') + 3000]
    end = whole.index("</script>")
    for i, text in enumerate(
        [*[whole[:cut] for cut in cuts], whole[: end - 200] + whole[end:], whole.replace('"layers"', '"players"')]
    ):
        (tmp_path / f"{i}.html").write_text(text, encoding="utf-8")
        tab = browser.new_page()
        tab.goto((tmp_path / f"{i}.html").as_uri())
        assert "incomplete" in tab.inner_text("#incomplete"), i
        tab.close()
