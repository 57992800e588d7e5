"""Results in four forms: what comes back is what the query gave."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.show import emit, emit_json
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.query import select

ODD_SQL = """
select * from (values
    (1, 'plain', [1, 2], 1.50::decimal(5, 2), '\\x00\\xFF'::blob, true, {'a': 1, 'b': 'x'}),
    (2, 'a, "b"' || chr(10) || 'c', []::integer[], 0.05::decimal(5, 2), ''::blob, false, null),
    (null, null, null, null, null, null, null)
) as t(number, words, list, price, bytes, flag, pair)
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Rows with a list, a decimal, a blob, a struct and nulls, as a query gives them."""
    return select(Catalog.create(tmp_path_factory.mktemp("odd") / "catalog"), ODD_SQL)


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    """Ask an empty catalogue."""
    return lambda sql: select(Catalog.create(tmp_path / "catalog"), sql)


def written(table: pa.Table, layout: Any, folder: Path) -> bytes:
    emit(table, layout, folder / "out")
    return (folder / "out").read_bytes()


def test_parquet_holds_exactly_the_rows(odd: pa.Table, tmp_path: Path) -> None:
    written(odd, "parquet", tmp_path)
    assert pq.read_table(tmp_path / "out").to_pylist() == odd.to_pylist()


def test_json_holds_lists_decimals_blobs_and_nulls(odd: pa.Table, tmp_path: Path) -> None:
    rows = json.loads(written(odd, "json", tmp_path))
    assert rows[0] == {
        "number": 1,
        "words": "plain",
        "list": [1, 2],
        "price": "1.50",
        "bytes": "00ff",
        "flag": True,
        "pair": {"a": 1, "b": "x"},
    }
    assert rows[1]["words"] == 'a, "b"\nc'
    assert set(rows[2].values()) == {None}


def test_csv_holds_one_cell_per_column(odd: pa.Table, tmp_path: Path) -> None:
    text = written(odd, "csv", tmp_path).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["number"] for row in rows] == ["1", "2", ""]
    assert rows[1]["words"] == 'a, "b"\nc'
    assert [json.loads(row["list"]) for row in rows[:2]] == [[1, 2], []]
    assert [Decimal(row["price"]) for row in rows[:2]] == [Decimal("1.50"), Decimal("0.05")]
    assert json.loads(rows[0]["bytes"]) == "00ff"
    assert json.loads(rows[0]["pair"]) == {"a": 1, "b": "x"}
    assert set(rows[2].values()) == {""}


def test_the_table_is_one_line_a_row_with_a_count(odd: pa.Table, tmp_path: Path) -> None:
    lines = written(odd, "table", tmp_path).decode().splitlines()
    assert lines[0].split() == ["number", "words", "list", "price", "bytes", "flag", "pair"]
    assert len(lines) == 2 + 3 + 1
    assert "<2 bytes>" in lines[2]
    assert lines[-1] == "(3 rows)"


@pytest.mark.parametrize(
    "text",
    ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\rb", "a\nb", "\x9b2J", "\u202eleft", "\x00"],
    ids=["colour", "title", "return", "newline", "C1", "right-to-left", "zero"],
)
def test_text_cannot_steer_the_terminal(text: str, tmp_path: Path) -> None:
    shown = written(pa.table({"caption": [text], text: [1]}), "table", tmp_path).decode()
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert len(shown.splitlines()) == 4, "names, rule, row, count"
    plain = written(pa.table({"caption": [text]}), "json", tmp_path).decode()
    assert "\x1b" not in plain and json.loads(plain) == [{"caption": text}]


def test_long_cells_and_long_tables_are_cut_and_say_so(tmp_path: Path) -> None:
    table = pa.table({"text": ["x" * 500] * 201})
    lines = written(table, "table", tmp_path).decode().splitlines()
    assert lines[2] == "x" * 57 + "..."
    assert lines[-2:] == ["... 1 more rows (--format csv shows all)", "(201 rows)"]
    whole = written(table, "csv", tmp_path).decode().splitlines()
    assert len(whole) == 202 and len(whole[1]) == 502


def test_no_rows_are_a_table_without_rows(ask: Any, tmp_path: Path) -> None:
    nothing = ask("select clip_id, duration_s from clips")
    assert written(nothing, "json", tmp_path) == b"[]\n"
    assert written(nothing, "csv", tmp_path) == b'"clip_id","duration_s"\n'
    assert written(nothing, "table", tmp_path).decode().splitlines()[-1] == "(0 rows)"


@pytest.mark.parametrize("layout", ["table", "csv", "json", "parquet"])
def test_two_columns_of_one_name_are_both_shown(ask: Any, tmp_path: Path, layout: str) -> None:
    data = written(ask("select 7 as a, 8 as a"), layout, tmp_path)
    if layout == "parquet":
        assert list(pq.read_table(tmp_path / "out").to_pylist()[0].values()) == [7, 8]
    else:
        assert b"7" in data and b"8" in data


def test_json_is_json_where_a_number_is_none(ask: Any, tmp_path: Path) -> None:
    data = written(ask("select 'nan'::double as n, 'inf'::double as i, [1, 'nan'::double] as l"),
                   "json", tmp_path)  # fmt: skip
    rows = json.loads(data, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert rows == [{"n": None, "i": None, "l": [1.0, None]}]


def test_a_sum_of_integers_is_a_number_in_json(ask: Any, tmp_path: Path) -> None:
    rows = json.loads(written(ask("select sum(range) as total from range(5)"), "json", tmp_path))
    assert rows == [{"total": 10}]


@pytest.mark.parametrize("layout", ["csv", "parquet"])
def test_a_type_that_a_form_cannot_hold_is_explained(ask: Any, tmp_path: Path, layout: str) -> None:
    with pytest.raises(UserError, match="interval"):
        written(ask("select interval 1 day as i"), layout, tmp_path)


def test_a_place_that_cannot_be_written_is_explained(odd: pa.Table, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write") as caught:
        emit(odd, "csv", tmp_path / "missing" / "out.csv")
    assert caught.value.hint


def test_emit_json_writes_bytes_as_hex_and_ends_the_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit_json({"a": b"\x01", "path": Path("x")})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": "01", "path": "x"}
    assert out.endswith("}\n")
