"""Review files: every text comes back as it was, no cell is a formula, nothing spoilt is read."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.review_files import (
    COLUMNS,
    ReviewRow,
    guard,
    read_rows,
    unguard,
    write_csv,
    write_jsonl,
)
from schemas.errors import UserError
from tests.orchestration.hostile import HOSTILE

MORE = [
    *("\t=1", " =1", "\uff1d1+1", "a\n@SUM(1)", "''=1", "'", "''", "a;'-1", "a; ''@b", "", "="),
    *('";=1', "+", "\r\n=1", "\n", "a;;=b", "=;=;=", "'''"),
]
TEXTS = [*HOSTILE.values(), *MORE]
ROW = ReviewRow(
    clip_id="clip_1",
    kind="long",
    text="Ein Hund läuft; schön.",
    status="ok",
    language="de",
    captioner="tiny",
    caption_id="cap_1",
    uri="/a.mp4",
    start_s="0.000",
    end_s="2.500",
)
ROWS = [ROW, replace(ROW, kind="short", text="红狗", caption_id="cap_2")]


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_every_text_comes_back_as_it_was(tmp_path: Path, write: Any) -> None:
    rows = [replace(ROW, clip_id=f"clip_{n}", text=text) for n, text in enumerate(TEXTS)]
    write(out := tmp_path / "out", rows)
    assert [row for _, row in read_rows(out.read_bytes(), "out")] == rows


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_guarding_twice_is_undone_twice(text: str) -> None:
    assert unguard(unguard(guard(guard(text)))) == text


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_no_cell_is_a_formula_whatever_separates_the_cells(tmp_path: Path, text: str) -> None:
    write_csv(out := tmp_path / "out.csv", [replace(ROW, text=text, note=text, uri=text)])
    data = out.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    for separator in ",;\t":
        source = io.StringIO(data.decode("utf-8-sig"), newline="")
        for line in csv.reader(source, delimiter=separator):
            bad = [c for c in line if re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", c)]
            assert not bad, separator


def test_words_with_apostrophes_and_dashes_are_left_alone() -> None:
    text = "'Tis a well-known dog's bark: 3 = 2 + 1 @ noon"
    assert guard(text) == unguard(text) == text


def test_what_a_reviewer_types_without_a_guard_is_taken_as_typed(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text('clip_id,kind,text,caption_id\nclip_1,long,"=1+1, twice",cap_1\n')
    assert read_rows(out.read_bytes(), "out")[0][1].text == "=1+1, twice"


def resaved(text: str, separator: str = ",", quoting: int = csv.QUOTE_MINIMAL) -> str:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    csv.writer(out := io.StringIO(), delimiter=separator, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.fixture
def text(tmp_path: Path) -> str:
    write_csv(out := tmp_path / "fixture.csv", ROWS)
    return out.read_bytes().decode("utf-8-sig")


@pytest.mark.parametrize(
    "save",
    [
        pytest.param(lambda text: text.encode(), id="no mark"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="mark"),
        pytest.param(lambda text: text.encode("utf-16"), id="utf-16"),
        pytest.param(lambda text: text.replace("\r\n", "\n").encode(), id="unix lines"),
        pytest.param(lambda text: resaved(text).encode(), id="few quotes"),
        pytest.param(lambda text: resaved(text, ";").encode("utf-8-sig"), id="semicolons"),
        pytest.param(lambda text: resaved(text, "\t").encode("utf-16"), id="tabs"),
        pytest.param(lambda text: text.replace("\r\n", ",,\r\n").encode(), id="empty cells more"),
        pytest.param(lambda text: text.encode() + b",,,,\r\n\r\n", id="empty rows more"),
        pytest.param(lambda text: text.replace("clip_id", "Clip_ID ", 1).encode(), id="capitals"),
    ],
)
def test_what_a_spreadsheet_saved_is_read(text: str, save: Any) -> None:
    assert [row for _, row in read_rows(save(text), "x")] == ROWS


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda t: t.encode("utf-8").replace(b"\xc3", b""), "not UTF-8", id="bytes"),
        pytest.param(lambda t: t[:-11].encode(), "broken CSV|cells", id="cut off"),
        pytest.param(
            lambda t: t.replace('"long","', '"long,"', 1).encode(),
            "broken CSV|cells",
            id="a quote is lost",
        ),
        pytest.param(lambda t: t.replace('"long",', "", 1).encode(), "cells", id="a cell is lost"),
        pytest.param(
            lambda t: t.replace("caption_id", "id").encode(),
            "no column `caption_id`",
            id="a column is lost",
        ),
        pytest.param(lambda t: t.replace('"note"', '"text"').encode(), "twice", id="two columns"),
        pytest.param(lambda t: b"", "no review file", id="empty"),
        pytest.param(lambda t: b"\xef\xbb\xbf \r\n", "no review file", id="blank"),
        pytest.param(lambda t: b"PK\x03\x04\0\0", "not a text file", id="a workbook"),
        pytest.param(lambda t: t.split("\r\n")[0].encode(), "holds no rows", id="header only"),
        pytest.param(lambda t: b"<!doctype html><html></html>", "the page itself", id="the page"),
        pytest.param(lambda t: b'{"clip_id": "x"', "line 1 is not JSON", id="broken JSON"),
        pytest.param(lambda t: b"{" * 100_000, "line 1 is not JSON", id="deep JSON"),
        pytest.param(lambda t: b'{"clip_id": "x"}', "no column `kind`", id="few keys"),
        pytest.param(
            lambda t: b'{"clip_id": "x", "kind": "long", "text": [], "caption_id": ""}',
            "`text` is not text",
            id="a list",
        ),
        pytest.param(
            lambda t: b'{"clip_id":"x","kind":"long","text":"","caption_id":""}\n[1]',
            "line 2 is no object",
            id="no object",
        ),
    ],
)
def test_a_spoilt_file_is_refused_with_the_place_and_a_cure(
    text: str, spoil: Any, message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_rows(spoil(text), "x")
    assert caught.value.hint


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    write_csv(out := tmp_path / "out.csv", [ROW])
    data = out.read_bytes().decode("utf-8-sig").encode("cp1252")
    with pytest.raises(UserError, match="not UTF-8") as caught:
        read_rows(data, "x")
    assert "CSV UTF-8" in caught.value.hint


def test_rows_are_numbered_as_a_spreadsheet_and_an_editor_show_them(text: str) -> None:
    assert [number for number, _ in read_rows(text.encode(), "x")] == [2, 3]
    value = json.dumps(dict.fromkeys(COLUMNS, ""))
    assert [n for n, _ in read_rows(f"{value}\n\n{value}".encode(), "x")] == [1, 3]


def test_a_cell_that_a_spreadsheet_would_cut_is_refused(tmp_path: Path) -> None:
    long = [replace(ROW, text="x" * 32_768)]
    with pytest.raises(UserError, match="too long for a spreadsheet"):
        write_csv(tmp_path / "out.csv", long)
    assert list(tmp_path.iterdir()) == []
    write_jsonl(tmp_path / "out.jsonl", long)


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (out := tmp_path / "out.csv").write_text("work")
    with pytest.raises(UserError, match="there already"):
        write_csv(out, ROWS)
    assert out.read_text() == "work"
