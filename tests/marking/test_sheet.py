"""A sheet of answers as it is read: its columns, its rows with their lines, what is no sheet."""

import csv
import io

import pytest

from autograd_tiny.marking.answers.sheet import DELIMITERS, Row, Sheet, SheetError


@pytest.fixture
def sheet(tmp_path):
    def made(text, encoding="utf-8", told=""):
        (tmp_path / "class.csv").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return Sheet(tmp_path / "class.csv", told)

    return made


def test_columns_without_a_name_are_columns_and_blank_lines_no_rows(sheet):
    made = sheet(" name ,,z\n\n  , ,\nAda,x,1\n,,2\n\nBob\nEve,,,,\n")
    assert made.header == ("name", "", "z")
    assert list(made.rows()) == [
        Row(4, ("Ada", "x", "1")), Row(5, ("", "", "2")), Row(7, ("Bob", "", "")), Row(8, ("Eve", "", "")),
    ]  # fmt: skip
    assert list(made.rows()) == list(made.rows())  # read anew


def test_a_cell_may_go_on_over_lines(sheet):
    assert list(sheet('name,z\n"Ada\nLovelace",1\nBob,2\n').rows()) == [Row(3, ("Ada\nLovelace", "1")), Row(4, ("Bob", "2"))]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_separator_is_what_the_header_has_most_of(sheet, delimiter):
    made = sheet(f"a{delimiter}b{delimiter}c\n0,5{delimiter}1{delimiter}−2,5e-3\n")
    assert (made.delimiter, made.header) == (delimiter, ("a", "b", "c"))
    if delimiter != ",":
        assert [made.number(cell) for cell in next(iter(made.rows())).cells] == ["0.5", "1", "−2.5e-3"]
    assert made.number(" 1,5 ") == ("1,5" if delimiter == "," else "1.5")
    assert [made.number(x) for x in ("1,5,0", "a,b", " 2 ", "")] == ["1,5,0", "a,b", "2", ""]


@pytest.mark.parametrize(("encoding", "told", "has_mark"), [
    ("utf-8", "", False), ("utf-8-sig", "", True), ("utf-8-sig", "utf-8", True),
    ("utf-16", "", True), ("utf-16-le", "utf-16-le", False), ("cp1252", "cp1252", False),
])  # fmt: skip
def test_encodings(sheet, encoding, told, has_mark):
    made = sheet("é,z\nZoë,1\n", encoding, told)
    assert (made.header, made.has_mark) == (("é", "z"), has_mark)
    assert [row.cells for row in made.rows()] == [("Zoë", "1")]


def test_a_byte_order_mark_in_a_later_line_is_text(sheet):
    assert [row.cells for row in sheet("é,z\n\ufeffZoë,1\n").rows()] == [("\ufeffZoë", "1")]


@pytest.mark.parametrize(("data", "message"), [
    (b"name,z\nAda,1\nZo\xeb,2\n", r"class.csv, after line \d: this is no text in utf-8: .*--encoding cp1252"),
    (b"name,z\nAda,\0\n", "class.csv: this is no table of text, as it has zero bytes"),
    (b"\n\n", "class.csv: the first line names the columns, and there is none"),
    (b" , \n", "class.csv: the first line names the columns, and there is none"),
    (b"z,name, z\n", "class.csv, line 1: two columns are called 'z'; give each a name of its own"),
])  # fmt: skip
def test_what_is_no_sheet(sheet, data, message):
    with pytest.raises(SheetError, match=message):
        list(sheet(data).rows())


def test_an_encoding_that_there_is_not(sheet):
    with pytest.raises(SheetError, match=r"^there is no encoding 'klingon'; usual ones are utf-8, cp1252 and latin-1"):
        sheet("z\n1\n", told="klingon")


def test_a_row_that_is_too_long_is_told_with_its_line(sheet):
    rows = sheet("name,z\nAda,1\n\nBob,1,5\n").rows()
    assert next(rows).line == 2
    with pytest.raises(SheetError, match=r"class.csv, line 4: 3 cells, but the header has 2; is one split in two\?"):
        next(rows)


def test_what_is_written_is_read_as_it_was(sheet):
    made = sheet("\ufeffname;z\n")
    rows = [["Ada;Bob", 'say "1"'], ["two\nlines", "1,5"], ["", "-2"]]
    pieces = list(made.written(rows))
    assert len(pieces) == 3
    text = "".join(pieces)
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";")) == rows
    assert not next(iter(sheet("name;z\n").written(rows))).startswith("\ufeff")
