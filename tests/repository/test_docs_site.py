"""The site of the documentation: built strictly, complete, its links right; in a browser it asks nobody else for anything."""

import inspect
import re
import shutil
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname
from xml.etree import ElementTree

import pytest

import autograd_tiny
from autograd_tiny import TABLE, Expression, Primitive, Stepper, Value, derivation, draw, explain, mark
from autograd_tiny.engine.row import REALS
from autograd_tiny.engine.table import NONZERO

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
LOCAL = ("file:", "data:", "about:", "blob:")


@pytest.fixture(scope="module", autouse=True)
def beside_the_pages():
    """What the pages import in their examples is found, as by the site's own hook."""
    sys.path.insert(0, str(ROOT / "docs" / "site"))
    yield
    sys.path.remove(str(ROOT / "docs" / "site"))


class Seen(HTMLParser):
    """What a page says of places: its ids, where it links to, what it loads."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if identifier := given.get("id"):
            self.ids.add(identifier)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag != "a" and (source := given.get("src") or given.get("href") or given.get("data")):
            self.loads.append(source)
        self.loads += re.findall(r"url\(([^)]*)\)", given.get("style") or "")


@pytest.fixture(scope="session")
def pages(site):
    """What every page says, by its file; a stepper that was saved as a page is none of the site's."""
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(site.rglob("*.html"))}
    return {file: Seen(text) for file, text in texts.items() if "md-content" in text}


def goal(page, link):
    """The file and the id that a link of a page leads to."""
    url, fragment = urldefrag(urljoin(page.as_uri(), link))
    return Path(url2pathname(unquote(urlsplit(url).path))), unquote(fragment)


@pytest.mark.slow
def test_every_link_leads_to_a_page_and_a_place_that_exist(pages):
    broken, checked = [], 0
    for page, seen in pages.items():
        if page.name == "404.html":  # its links start at the root of wherever the site is served
            continue
        for link in [*seen.links, *seen.loads]:
            if urlsplit(link).scheme in ("http", "https", "mailto", "data"):
                continue
            file, identifier = goal(page, link)
            checked += 1
            there = pages[file].ids if file in pages else ()
            if not file.is_file() or (identifier and identifier not in there and not identifier.startswith("__")):
                broken.append((page.name, link))
    assert not broken
    assert checked > 1000


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(site, pages):
    assert {source for seen in pages.values() for source in seen.loads if re.match(r"(https?:)?//", source)} == set()
    for sheet in site.rglob("*.css"):
        assert not re.search(r"@import|url\([\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


@pytest.mark.slow
def test_every_public_name_has_its_place_in_the_reference(site, pages):
    shown = {identifier for page, seen in pages.items() if "reference" in page.parts for identifier in seen.ids}
    missing = {name for name in autograd_tiny.__all__ if f"autograd_tiny.{name}" not in shown}
    assert missing == set()
    listed = (site / "reference" / "index.html").read_text(encoding="utf-8")
    assert {name for name in autograd_tiny.__all__ if f'#autograd_tiny.{name}"' not in listed} == set()


@pytest.mark.slow
def test_every_module_and_what_submodules_offer_is_in_the_reference(site, pages):
    from reference import module_names

    text = (site / "reference" / "modules.html").read_text(encoding="utf-8")
    assert {name for name in module_names() if f"<code>autograd_tiny.{name}</code>" not in text} == set()
    shown = {identifier for page, seen in pages.items() if "reference" in page.parts for identifier in seen.ids}
    for name in ("nn", "losses", "optim", "arrays", "lowering", "storage.saving", "formulas"):
        members = inspect.getmembers(import_module(f"autograd_tiny.{name}"))
        defined = [(n, thing) for n, thing in members if inspect.isfunction(thing) or inspect.isclass(thing)]
        offered = [n for n, thing in defined if not n.startswith("_") and thing.__module__.startswith(f"autograd_tiny.{name}")]
        assert offered
        assert {n for n in offered if not {f"autograd_tiny.{name}.{n}", f"autograd_tiny.{n}"} & shown} == set(), name


@pytest.mark.slow
def test_an_example_that_raises_fails_the_build(tmp_path, build):
    from examples import completed

    (tmp_path / "docs").mkdir()
    settings = "site_name: small\ntheme: {name: material}\nplugins: [markdown-exec]\nmarkdown_extensions: [pymdownx.superfences]\n"
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")
    for code, failure in [("'x^2'", 0), ("3", 1)]:
        example = completed(f'```python exec="1" html="1" alt="A formula"\n{code}\n```')
        (tmp_path / "docs" / "index.md").write_text(f"# A page\n\n{example}\n", encoding="utf-8")
        done = build(tmp_path, tmp_path / "site")
        assert done.returncode == failure, done.stdout
    assert "a page shows a Drawing" in done.stdout


@pytest.mark.slow
def test_without_npm_the_site_is_built_without_its_playground_and_says_so(tmp_path, build):
    """With the site's own hooks and templates, and one page; nothing that npm fetched earlier is near it."""
    shutil.copytree(ROOT / "docs" / "site", tmp_path / "docs" / "site", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docs" / "index.md").write_text("# A page\n\n```python\nprint(1)\n```\n", encoding="utf-8")
    theme = "theme: {name: material, font: false, custom_dir: docs/site/theme}\n"
    settings = f"site_name: small\n{theme}nav: [index.md]\nexclude_docs: /site/\nhooks: [docs/site/hooks.py]\nplugins: []\n"
    (tmp_path / "mkdocs.yml").write_text(f"{settings}markdown_extensions: [pymdownx.superfences]\n", encoding="utf-8")
    done = build(tmp_path, tmp_path / "site", PATH=str(tmp_path))
    assert done.returncode == 0, done.stdout
    said = "The site is built without its playground, and no block of code can be run: npm is not on this machine; install Node.js"
    assert said in done.stdout
    assert not list(tmp_path.glob("site/assets/python-*"))
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "print" in page
    assert "live/start.js" not in page


# In a browser.


@pytest.fixture(scope="module")
def browser():
    playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("no chromium on PATH")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser):
    """A function that opens a tab, which records what its pages ask of others and complain about."""
    contexts = []

    def open_tab(width="desk", scheme="light"):
        contexts.append(browser.new_context(viewport=WIDTHS[width], color_scheme=scheme, reduced_motion="reduce"))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("request", lambda request: page.complaints.append(request.url) if not request.url.startswith(LOCAL) else None)
        page.on("console", lambda message: page.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield open_tab
    for context in contexts:
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_asks_others_complains_or_is_wider_than_the_screen(tab, site, pages, width):
    page = tab(width)
    wider = []
    for file in pages:
        if file.name == "404.html":  # only a server shows it
            continue
        page.goto(file.as_uri())
        page.locator(".md-content").wait_for()
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wider.append(file.relative_to(site).as_posix())
    assert wider == []
    assert page.complaints == []


@pytest.mark.slow
def test_a_stepper_in_a_page_steps(tab, site):
    page = tab()
    page.goto((site / "reference" / "stepping.html").as_uri())
    page.locator(".stepper iframe").scroll_into_view_if_needed()
    stepper = page.frame_locator(".stepper iframe")
    assert stepper.locator(".phase").text_content() == "Start"
    stepper.get_by_role("button", name="Next step").click()
    assert stepper.locator(".phase").text_content() == "Forward 1 of 1"
    stepper.get_by_role("button", name="Last step").click()
    assert stepper.locator('[data-node="n0"] .grad').text_content() == "6"
    assert page.complaints == []


@pytest.mark.slow
def test_a_stepper_follows_the_colours_of_its_page(tab, site):
    page = tab(scheme="null")  # a scheme that is emulated would hold inside the frame, whatever the page says
    page.goto((site / "reference" / "stepping.html").as_uri())
    page.locator(".stepper iframe").scroll_into_view_if_needed()
    body = page.frame_locator(".stepper iframe").locator("body")
    grounds = {}
    for _ in range(2):
        page.locator("[data-md-component=palette] label:visible").click()
        scheme = page.locator("body").get_attribute("data-md-color-scheme")
        grounds[scheme] = body.evaluate("body => getComputedStyle(body).backgroundColor")
    assert grounds == {"slate": "rgb(17, 22, 29)", "default": "rgb(255, 255, 255)"}


@pytest.mark.slow
def test_the_search_opens_with_a_key_and_finds(tab, site):
    page = tab()
    page.goto((site / "index.html").as_uri())
    page.locator("body").press("/")
    page.keyboard.type("expm1")
    page.locator(".md-search-result__link").first.wait_for()
    hits = page.locator(".md-search-result__link").evaluate_all("links => links.map(link => link.href)")
    assert any("reference/operations.html" in hit for hit in hits)
    assert page.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("word", ["doubled", "twice", "gradient zero", "accumulate"])
def test_the_search_finds_why_a_gradient_is_wrong(tab, site, word):
    page = tab()
    page.goto((site / "index.html").as_uri())
    page.locator("body").press("/")
    page.keyboard.type(word)
    links = "[...document.querySelectorAll('.md-search-result__link')]"
    page.wait_for_function(f"{links}.slice(0, 8).some(x => /why.is.my.gradient/.test(x.href))")  # the page, or the notebook


@pytest.mark.slow
def test_the_keyboard_gets_past_the_navigation_and_sees_where_it_is(tab, site):
    page = tab()
    page.goto((site / "reference" / "drawing.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.md-skip')")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('.md-content').contains(document.activeElement)")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), list(zip(WIDTHS, ("light", "dark"))))
def test_pages_are_accessible(tab, site, axe, width, scheme):
    """By axe: contrast, names, structure.  One page of each kind."""
    page = tab(width, scheme)
    kinds = ["index", "derivatives", "limits", "tutorial/04-neuron", "guides/lecturers", "notebooks/01_first_gradient"]
    kinds += ["reference/index", "reference/operations", "reference/marking", "reference/nn"]
    # The theme wraps wide tables in boxes that scroll; Chromium and Firefox let the keyboard into them.
    for kind in kinds:
        page.goto((site / f"{kind}.html").as_uri())
        assert axe(page, without=["scrollable-region-focusable"]) == {}, kind


# What the pages are made with, without building them.


def shown(what, **options):
    from figures import show

    printed = []
    exec("show(what, **options)", {"show": show, "what": what, "options": options, "print": printed.append})
    return "".join(printed)


def neuron():
    x, w = Value(0.5, "x"), Value(-1.0, "w")
    y = (w * x).tanh()
    y.label = "<y>"
    return y, w


def test_what_a_page_shows_of_each_result():
    y, w = neuron()
    assert 'alt="Graph of &lt;y&gt;: 4 nodes, 3 edges"' in shown(draw(y))
    assert 'alt="two &amp; two"' in shown(draw(y), alt="two & two")
    assert "<figcaption>a &lt; b</figcaption>" in shown(draw(y), caption="a < b")
    frame = shown(Stepper(y))
    assert 'sandbox="allow-scripts"' in frame
    assert 'loading="lazy"' in frame
    assert shown(explain(y, wrt=w)).count("<math") == len(explain(y, wrt=w).mathml.splitlines())
    assert derivation(y, wrt=w).html in shown(derivation(y, wrt=w))
    assert "<mfrac>" in shown(r"\frac{a}{b}")
    assert "<math" in shown(Expression("x").tanh())
    assert "right" in shown(mark(y, {"x": "0.5"}))
    with pytest.raises(TypeError, match=r"a page shows a Drawing, .* got 3"):
        shown(3)


@pytest.mark.parametrize("name", TABLE)
def test_an_operation_is_shown_with_a_derivative_for_each_operand(name):
    import operations

    row = operations.member(TABLE[name])
    shown = operations.described(TABLE[name])
    operands = operations.OPERANDS.get(name) or operations.operand_names(row)
    assert len(shown.derivatives) == len(operands) == (row.arity or len(operands))
    assert all(formula.startswith("<math") for formula in [shown.formula, *shown.derivatives])
    assert bool(shown.expansion) == (row.expansion is not None)
    assert {row.domain_of(i).condition.format(x) for i, x in enumerate(operands)} - {""} <= set(shown.conditions)


def test_what_is_shown_of_an_operation_is_made_from_its_row():
    import operations

    rule = lambda out, x, y: (3.0 * x**2 / y, -out / y)  # noqa: E731
    row = Primitive("cube_over", lambda x, y: x**3 / y, rule, domain=(REALS, NONZERO), kink="made up")
    shown = operations.described(row)
    assert ["".join(ElementTree.fromstring(formula).itertext()) for formula in shown.derivatives] == ["∂z∂x=3·x2y", "∂z∂y=−zy"]
    assert shown.conditions == ["y != 0", "derivative: made up"]
    assert shown.expansion == ""


def test_every_operation_is_in_the_table_once():
    import operations

    page = operations.tables()
    assert page.count("<tr>") == len(TABLE) + len(operations.GROUPS)
    assert page.count("<table>") == page.count("</table>") == len(operations.GROUPS)
