"""JupyterLite as `dev.py docs --lite` builds it, in Chromium: notebooks run as they are, and no other host is asked."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # Jupyter and its Python start anew for each notebook, in a quarter of a minute

SITE = Path(__file__).parents[2] / "docs" / "site"
PATIENCE = 180_000  # milliseconds, on a machine that does a lot else
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
PROMPTS = ".jp-CodeCell .jp-InputArea-prompt"
ERROR = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
ENDED = f"""document.querySelector("{ERROR}") ||
  [...document.querySelectorAll("{PROMPTS}")].every((prompt) => /\\d/.test(prompt.textContent))"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, served):
    """Where it is served; built anew, from what npm and pip have fetched."""
    pytest.importorskip("jupyter_server", reason='JupyterLite is built with the extra "lab"')
    sys.path.insert(0, str(SITE))
    try:
        from live import lite
        from live.npm import PackageError

        folder = tmp_path_factory.mktemp("lite")
        try:
            lite.build(folder / "lite")
        except PackageError as error:
            pytest.skip(str(error))
        return served(folder), lite.page
    finally:
        sys.path.remove(str(SITE))


@pytest.mark.parametrize(
    ("notebook", "lacks"),
    [("02_step_through_backward", ""), ("05_train_a_network", "ModuleNotFoundError: No module named 'matplotlib'")],
)
def test_a_notebook_runs_and_says_what_a_browser_has_not(browser, address, notebook, lacks):
    base, page = address
    context = browser.new_context(viewport={"width": 1280, "height": 12_000})  # no cell out of sight
    try:
        asked = []
        context.on("request", lambda request: asked.append(request.url))
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(base + page(notebook))
        tab.locator(IDLE).wait_for(state="attached")
        for menu, command in (("Edit", "Clear Outputs of All Cells"), ("Run", "Run All Cells")):
            tab.get_by_role("menuitem", name=menu, exact=True).click()
            tab.get_by_text(command, exact=True).click()
            if menu == "Edit":
                tab.wait_for_function("""!document.querySelector(".jp-OutputArea-output")""")
        tab.wait_for_function(ENDED)
        assert tab.locator(PROMPTS).count() > 5
        assert lacks in " ".join(tab.locator(ERROR).all_text_contents())
        assert bool(lacks) == bool(tab.locator(ERROR).count())
        assert tab.locator(".jp-OutputArea-output :is(img, svg)").count() > 0
        assert {url for url in asked if not url.startswith((base, "data:", "blob:"))} == set()
    finally:
        context.close()
