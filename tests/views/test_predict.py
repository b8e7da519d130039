"""The stepper that asks before it shows: what it asks for, what it says, and that it shows then."""

from pathlib import Path

import pytest
from small_graphs import neuron

from autograd_tiny import Stepper, array


def test_only_numbers_of_values_are_predicted():
    assert '"predict":true' in Stepper(neuron(), predict=True).html()
    assert '"predict"' not in Stepper(neuron()).html().split('id="data"')[1].split("</script>")[0]
    loss = (array([[1.0, 2.0]], "X") * 2.0).sum()
    with pytest.raises(ValueError, match="predict asks for the numbers of Values"):
        Stepper(loss, through="arrays", predict=True)


@pytest.mark.slow
def test_the_next_step_is_asked_for_and_then_shown(browser, tmp_path):
    path = Stepper(neuron(), through="named", predict=True).save(tmp_path / "steps.html")
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(Path(path).as_uri())
    assert page.locator(".count").inner_text() == "0 / 5"
    page.get_by_role("button", name="Next step").click()
    assert page.locator(".count").inner_text() == "0 / 5"
    field = page.locator(".prediction").get_by_label("z", exact=True)
    slips = ("-0.500", "z: the sign is wrong."), ("0.40", "z: not yet."), (",5", "z: write it as a decimal number"), ("1", "z: too few")
    for text, said in slips:
        field.fill(text)
        field.press("Enter")
        assert said in page.locator(".prediction .said").inner_text()
    field.fill("0.50")
    field.press("Enter")
    assert page.locator(".count").inner_text() == "1 / 5"
    assert page.locator(".prediction").is_hidden()
    page.get_by_role("button", name="Next step").click()
    page.get_by_role("button", name="Show the step").click()
    assert page.locator(".count").inner_text() == "2 / 5"
    page.get_by_role("button", name="Next step").click()  # the seed is 1 by itself
    assert page.locator(".count").inner_text() == "3 / 5"
    page.get_by_role("button", name="Next step").click()
    gradient = page.locator(".prediction").get_by_label("gradient of z", exact=True)
    gradient.fill("0.786")
    gradient.press("Enter")
    assert page.locator(".count").inner_text() == "4 / 5"
    page.get_by_role("button", name="Previous step").click()
    assert page.locator(".count").inner_text() == "3 / 5"
    assert complaints == []
    page.get_by_role("button", name="Next step").click()
    page.close()
