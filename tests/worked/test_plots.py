"""Plots: that the picture says what it was given, reads the same everywhere and each time."""

import base64
import re
import struct
import sys
from xml.etree import ElementTree

import pytest

from autograd_tiny.views.plots import new_figure
from autograd_tiny.worked.plots import PALE, curves, regions


def words(plot):
    return {element.text for element in ElementTree.fromstring(plot.svg()).iter() if element.tag.endswith("}text")}


@pytest.fixture
def plot():
    lines = {"one": [1.0, 0.5, 0.25], "two <b>": [1.0, 0.1, 0.01]}
    return curves(lines, title="Two & more", x_label="epoch", y_label="loss", first=1, log=True)


def test_curves(plot):
    (axes,) = plot.figure.axes
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2, 3], [1, 2, 3]]
    assert list(axes.lines[1].get_ydata()) == [1.0, 0.1, 0.01]
    assert axes.get_yscale() == "log"
    assert [y for y in axes.get_yticks() if 0.01 <= y <= 1.0] == pytest.approx([0.01, 0.1, 1.0])
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 2
    assert {"one", "two <b>", "Two & more", "epoch", "loss"} <= words(plot)
    assert not axes.get_legend().get_frame_on()
    assert not axes.spines["top"].get_visible()
    assert not axes.spines["right"].get_visible()


def test_one_curve_needs_no_legend():
    plot = curves({"alone": [1.0, 2.0]}, title="t", x_label="x", y_label="y")
    assert "alone" not in words(plot)
    (axes,) = plot.figure.axes
    assert (axes.get_yscale(), list(axes.lines[0].get_xdata())) == ("linear", [0, 1])


@pytest.mark.parametrize(("last", "step"), [(7, 1), (8, 2), (14, 2), (20, 5), (35, 5), (60, 10), (70, 10)])
def test_ticks_are_few_and_at_round_numbers(last, step):
    (axes,) = curves({"line": range(last + 1)}, title="t", x_label="x", y_label="y").figure.axes
    axes.figure.set_size_inches(12, 12)  # where more would fit
    for ticks in (axes.get_xticks(), axes.get_yticks()):
        assert [x for x in ticks if 0 <= x <= last] == list(range(0, last + 1, step))


def test_regions():
    points, targets = [(-1.0, 0.5), (0.5, -1.0), (1.0, 1.0)], [0, 1, 2]
    from matplotlib.colors import to_hex

    places = []

    def third(place):
        places.append(place)
        return int(place[0] > 0) + int(place[0] > 0 and place[1] > 0)

    plot = regions(third, points, targets, title="Thirds")
    assert (len(places), places[0], places[-1]) == (150**2, (-1.08, -1.08), (1.08, 1.08))
    (axes,) = plot.figure.axes
    image = axes.images[0].get_array()
    assert (image[0, 0], image[-1, 0], image[0, -1], image[-1, -1]) == (0, 0, 1, 2)  # rows from below, columns from the left
    assert axes.images[0].origin == "lower"
    assert [collection.get_offsets().tolist() for collection in axes.collections] == [[[-1.0, 0.5]], [[0.5, -1.0]], [[1.0, 1.0]]]
    assert axes.images[0].get_extent() == [-1.08, 1.08, -1.08, 1.08]
    assert len(set(plot.figure.get_size_inches())) == 1
    assert [to_hex(axes.images[0].to_rgba(n)) for n in range(3)] == list(PALE)
    legend = axes.get_legend()
    assert not legend.get_frame_on()
    below, frame = legend.get_window_extent(), axes.get_window_extent()
    assert frame.y0 - 0.2 * frame.height < below.y1 < frame.y0
    assert {"Thirds", "class 0", "class 1", "class 2"} <= words(plot)


def test_notebooks_and_files_get_the_same_picture_each_time_also_if_nobody_trusts_it(plot, tmp_path):
    first, second = plot._repr_mimebundle_(), plot._repr_mimebundle_()
    assert first == second
    alternative, image = re.fullmatch(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', first["text/html"]).groups()
    assert alternative == "Two &amp; more: loss against epoch, for one, two &lt;b&gt;"
    assert base64.b64decode(image).decode() == first["image/svg+xml"]
    assert first["text/plain"] == "<Plot: Two & more: loss against epoch, for one, two <b>>"
    saved = plot.save(tmp_path / "plot.SVG")
    assert (saved, saved.read_text(encoding="utf-8")) == (tmp_path / "plot.SVG", first["image/svg+xml"])
    image = plot.save(str(tmp_path / "plot.png")).read_bytes()
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    points = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', first["image/svg+xml"]).groups()
    assert struct.unpack(">II", image[16:24]) == pytest.approx([float(x) * 150 / 72 for x in points], abs=3)
    with pytest.raises(ValueError, match=r"ends in \.svg or \.png, got '.*plot\.pdf'"):
        plot.save(tmp_path / "plot.pdf")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["plot.SVG", "plot.png"]


def test_without_matplotlib_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"a plot needs matplotlib: pip install 'autograd_tiny\[notebook\]'"):
        new_figure("t", 5.0, 3.0)
