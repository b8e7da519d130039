"""The speed tables of the README and the guide, and their plot, are what docs/speed.json gives."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import publish
from benchmarks.measure import Measurement
from benchmarks.report import plot, read_json, table, write_json


@pytest.fixture
def record():
    return read_json(publish.RESULTS)


def texts(path):
    return ["".join(e.itertext()) for e in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_the_tables_are_what_was_measured(record):
    for place in publish.places(record):
        assert place.path.read_text(encoding="utf-8") == place.text(), f"{place.path.name}: run python -m benchmarks.publish"
    assert publish.main(["--check"]) == 0


def test_the_plot_is_what_was_measured(record, tmp_path):
    plot(tmp_path / "speed.svg", publish.plotted(record))
    assert texts(tmp_path / "speed.svg") == texts(publish.PLOT), "run python -m benchmarks.publish"


def test_the_short_table_says_where_another_engine_wins(record):
    table = publish.short_table(record)
    ratios = [float(line.split("|")[-2].replace(",", "")) for line in table.splitlines() if re.search(r"\d \|$", line)]
    assert len(ratios) == len(publish.SHORT)
    assert min(ratios) < 1.0


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of what is published."""
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/native-speed.md", "docs/jax.md", "docs/limits.md", "docs/speed.json"):
        (tmp_path / name).write_bytes((publish.ROOT / name).read_bytes())
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    monkeypatch.setattr(publish, "RESULTS", tmp_path / "docs" / "speed.json")
    monkeypatch.setattr(publish, "PLOT", tmp_path / "docs" / "speed.svg")
    return tmp_path


def test_other_numbers_are_noticed_and_written(copy, capsys):
    results = json.loads(publish.RESULTS.read_text(encoding="utf-8"))
    row = next(row for row in results["results"] if row["what"].startswith("100,000") and row["peer_name"] == "PyTorch batched")
    row["ours"], row["ratio"] = row["ours"] * 100, 0.25
    publish.RESULTS.write_text(json.dumps(results), encoding="utf-8")
    assert publish.main(["--check"]) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["README.md", "native-speed.md"]
    assert publish.main([]) == 0
    assert publish.main(["--check"]) == 0
    assert re.search(r"\| 100,000 gradients .* 0\.25 \|\n", (copy / "README.md").read_text(encoding="utf-8"))
    assert "0.25" in " ".join(texts(copy / "docs" / "speed.svg"))


def test_the_problems_of_gradbench_stand_in_the_page_about_limits(record, copy):
    row = Measurement("lse, 2,500 numbers, eager", "s", 2e-3, "PyTorch", 1e-3, 0.5)
    compiled = replace(row, what="lse, 2,500 numbers, compiled", ours=1e-4, ratio=10.0)
    publish.publish(record._replace(results={**record.results, "gradbench": [row, replace(row, peer_name="JAX jit"), compiled]}))
    lines = (copy / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    table = [re.sub(r"\s", " ", line) for line in lines if line.startswith(("| lse, 2,500", "|  | 2"))]
    assert table == [
        "| lse, 2,500 numbers, eager | 2 ms | PyTorch | 1 ms | 0.5 |",
        "|  | 2 ms | JAX jit | 1 ms | 0.5 |",
        "| lse, 2,500 numbers, compiled | 100 µs | PyTorch | 1 ms | 10 |",
    ]


def test_some_are_measured_again_and_the_others_stay_as_long_as_the_machine_is_the_same(record, copy, monkeypatch, capsys):
    measured = []

    def run_all(names, repeats):
        measured.append((names, repeats))
        return {name: [replace(row, ratio=0.25) for row in record.results[name]] for name in names}

    for name, value in {"run_all": run_all, "RESULTS": publish.RESULTS, "machine": lambda: record.machine}.items():
        monkeypatch.setattr(command, name, value)
    arguments = ["--publish", "jax_program", "--repeats", str(record.repeats)]
    command.main(arguments)
    assert measured == [(["jax_program"], record.repeats)]
    now = read_json(publish.RESULTS)
    assert list(now.results) == list(record.results)
    assert {row.ratio for row in now.results["jax_program"]} == {0.25}
    assert {name: rows for name, rows in now.results.items() if name != "jax_program"} == {
        name: rows for name, rows in record.results.items() if name != "jax_program"
    }
    assert "| 0.25 |" in (copy / "docs" / "jax.md").read_text(encoding="utf-8")

    monkeypatch.setattr(command, "machine", lambda: {"cpu": "another", "python": "CPython 3.11.7"})
    for wrong, said in ((arguments, "publish all of them, without names"), (["--publish", "memory"], "published are mlp")):
        with pytest.raises(SystemExit):
            command.main(wrong)
        assert said in capsys.readouterr().err
    assert len(measured) == 1


def test_the_table_for_the_terminal(record):
    lines = table(record.results).splitlines()
    assert len(lines) == 1 + sum(map(len, record.results.values()))
    assert any(re.search(r"compiling .* at most 120 µs +(yes|NO)$", line) for line in lines)


def test_what_is_read_is_what_was_written(record, tmp_path):
    write_json(tmp_path / "speed.json", record.repeats, record.results)
    assert read_json(tmp_path / "speed.json").results == record.results


def test_results_that_are_none(copy):
    publish.RESULTS.write_text('{"results": [{"benchmark": "native"}]}', encoding="utf-8")
    with pytest.raises(ValueError, match="holds no results of benchmarks"):
        publish.main([])


def test_a_file_without_marks(record, copy):
    (copy / "README.md").write_text("no table", encoding="utf-8")
    with pytest.raises(ValueError, match=r"README\.md needs the lines"):
        publish.publish(record)
    assert not (copy / "docs" / "speed.svg").exists()


def test_a_missing_row_is_named(record):
    fewer = record._replace(results=record.results | {"mlp": []})
    with pytest.raises(ValueError, match=r"no row \['mlp', 'MLP 2-16-16-1"):
        publish.short_table(fewer)
