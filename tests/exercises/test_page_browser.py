"""The page of an exercise in a browser: by keyboard, on a phone, in the dark, told to those who hear it, kept when it is opened again."""

from pathlib import Path

import pytest

from autograd_tiny.exercises import Exercise

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    exercise = Exercise(
        "z = w*x + b; y = tanh(z); E = (y - t)**2", ["z", "y", "E", "E/y", "E/z", "E/w"], given={"w": -3, "x": 2, "b": 6.5, "t": 1}
    )
    return exercise.save(tmp_path_factory.mktemp("pages") / "exercise.html")


@pytest.fixture
def opened(browser, saved):
    """A function that opens the page, and records what it asks for and complains about."""
    contexts = []

    def open_page(**options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1000, "height": 900}, **options}))
        page = contexts[-1].new_page()
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(Path(saved).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_answers_are_entered_and_marked_by_keyboard_alone(opened):
    page = opened()
    page.get_by_label("z", exact=True).focus()
    for text in ("0.5", "0.462", "0.289", "1.08", "0.846", ",5"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    said = page.locator(".said").all_inner_texts()
    assert said == [
        "Right.", "Right.", "Right.", "The sign is wrong.", "Accepted: it follows from ∂E/∂y = 1.08, which is wrong.",
        "',5' has a decimal comma; write it with a point.",
    ]  # fmt: skip
    assert page.get_by_role("status").inner_text() == "4 of 6 answers accepted."
    assert page.locator("[data-blank='4']").text_content() == "0.846"
    assert page.locator("[data-blank='3']").text_content().startswith("___")
    page.keyboard.press("Tab")
    for hint in ("The chain rule: through z", "∂E/∂w = ∂E/∂z · x", "∂E/∂w = -1.69"):
        page.keyboard.press("Enter")
        assert hint in page.locator("#hints-5").inner_text()
    page.reload()
    assert page.get_by_label("∂E/∂y", exact=True).input_value() == "1.08"
    page.get_by_role("button", name="Start again").click()
    assert page.get_by_role("status").inner_text() == "0 of 6 answers accepted."
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("file:")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(opened, scheme):
    page = opened(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    light = page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")
    boxes = [page.locator("li input").nth(i).bounding_box() for i in range(6)]
    assert all(box["width"] > 80 and box["height"] >= 40 for box in boxes)


def test_every_field_and_button_has_a_name_and_what_is_said_is_announced(opened):
    page = opened()
    names = page.evaluate("[...document.querySelectorAll('input')].map((x) => x.labels[0].textContent)")
    assert names == ["z", "y", "E", "∂E/∂y", "∂E/∂z", "∂E/∂w"]
    page.get_by_label("y", exact=True).fill("0.3")
    page.get_by_label("y", exact=True).press("Enter")
    field = page.get_by_label("y", exact=True)
    assert field.get_attribute("aria-invalid") == "true"
    said = page.locator(f"#{field.get_attribute('aria-describedby').split()[0]}")
    assert said.get_attribute("aria-live") == "polite"
    assert page.get_by_role("button", name="Hint for ∂E/∂w: Which rule?").count() == 1


def test_a_field_and_its_place_in_the_graph_are_marked_together(opened):
    page = opened(viewport={"width": 390, "height": 800})
    here = "[...document.querySelectorAll('.here')].map((x) => x.dataset.blank ?? x.querySelector('label')?.textContent ?? x.textContent)"
    page.get_by_label("y", exact=True).focus()
    box, place, line = page.evaluate(here)
    assert (line, place) == ("y", "1")
    assert box.startswith("y = tanh(z)")
    page.get_by_label("∂E/∂y", exact=True).focus()
    assert page.evaluate(here)[1:] == ["3", "∂E/∂y"]
    scroller, shown = page.locator(".scroller").bounding_box(), page.locator(".node.here").bounding_box()
    assert scroller["x"] <= shown["x"]
    assert shown["x"] + shown["width"] <= scroller["x"] + scroller["width"]
    assert scroller["y"] <= shown["y"] < page.get_by_label("∂E/∂y", exact=True).bounding_box()["y"]  # and is in sight, above the field


def test_a_box_leads_to_its_fields(opened):
    page = opened()
    focused = "document.activeElement.labels[0].textContent"
    boxes = page.locator("g.asked")
    assert boxes.count() == 4
    box = boxes.filter(has_text="tanh")
    box.locator("text").first.click()
    assert page.evaluate(focused) == "y"
    page.keyboard.type("0.462")
    page.keyboard.press("Enter")
    assert page.locator("[data-blank='1']").get_attribute("data-state") == "accepted"
    box.locator("text").first.click()  # now its next blank
    assert page.evaluate(focused) == "∂E/∂y"
    page.locator("[data-blank='1']").click()
    assert page.evaluate(focused) == "y"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_is_accessible(opened, axe, width, scheme):
    page = opened(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for name, text in {"z": "0.5", "y": "0.4", "E": ",5", "∂E/∂y": "1.08", "∂E/∂z": "0.846"}.items():
        page.get_by_label(name, exact=True).fill(text)
        page.get_by_label(name, exact=True).press("Enter")
    page.get_by_role("button", name="Hint for z: Which rule?").click()
    assert axe(page) == {}
