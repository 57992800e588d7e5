"""The files that go to a reviewer and come back: CSV for spreadsheets, JSON lines for programs.

Captions are other people's text, and a spreadsheet runs a cell that begins with `=`. Such
cells get an apostrophe in front on the way out and lose it on the way in, so that every text
comes back as it was.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from schemas.errors import UserError

_CELL_CHARS = 32_767
"""Spreadsheets cut longer cells off."""

_SEPARATORS = ",;\t"
_RISKY = "=+\\-@\uff1d\uff0b\uff0d\uff20"
# Also behind what another country's spreadsheet takes for the end of a cell.
_FORMULA = re.compile(rf"(^|[;\t\r\n])(\s*)('*)(?=[{_RISKY}])")
_GUARDED = re.compile(rf"(^|[;\t\r\n])(\s*)'('*)(?=[{_RISKY}])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """One thing to look at: a caption of a clip, or (kind `clip`) the clip itself.

    The reviewer changes `text` or fills in `verdict`, `note` and `reviewer`; the rest says
    what it is about. `caption_id` is empty where there is no caption yet. All text.
    """

    clip_id: str
    kind: str
    text: str = ""
    verdict: str = ""
    note: str = ""
    reviewer: str = ""
    status: str = ""
    language: str = ""
    captioner: str = ""
    caption_id: str = ""
    uri: str = ""
    start_s: str = ""
    end_s: str = ""


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(ReviewRow))
_NEEDED = ("clip_id", "kind", "text", "caption_id")


def guard(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1\2'\3", text)


def unguard(cell: str) -> str:
    """Undo `guard`; a text that was never guarded and looks like none stays as it is."""
    return _GUARDED.sub(r"\1\2\3", cell)


def write_csv(path: Path, rows: Sequence[ReviewRow]) -> None:
    """Write rows as CSV that spreadsheets open as UTF-8. Raises UserError for a text too long."""
    sink = io.StringIO()
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = [guard(value) for value in asdict(row).values()]
        if max(map(len, cells)) > _CELL_CHARS:
            raise UserError(
                f"the {row.kind} caption of {row.clip_id} is too long for a spreadsheet's cell",
                "export it as jsonl or html",
            )
        writer.writerow(cells)
    write_new(path, sink.getvalue().encode("utf-8-sig"))


def write_jsonl(path: Path, rows: Sequence[ReviewRow]) -> None:
    """Write rows as JSON, an object per line."""
    lines = [json.dumps(asdict(row), ensure_ascii=False) for row in rows]
    write_new(path, "".join(f"{line}\n" for line in lines).encode())


def write_new(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all. Raises UserError rather than replace one."""
    if path.exists():
        raise UserError(f"{path} is there already", "name another file, or remove that one first")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(f"cannot write {path}: {error.strerror}", "name another file") from error


def read_rows(data: bytes, name: str) -> list[tuple[int, ReviewRow]]:
    """Return (row number, row) of a review file, CSV or JSON lines, told apart by its content.

    CSV may be separated by commas, semicolons or tabs, with or without a byte order mark;
    its header is row 1. Columns that are not ours are ignored. Raises UserError for what is
    neither, is not UTF-8, or lacks a column.
    """
    text = _decoded(data, name)
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html")):
        raise UserError(
            f"{name} is the page itself", "import the .jsonl file that its button saved"
        )
    found = _json_rows(text, name) if start.startswith("{") else _csv_rows(text, name)
    if not found:
        raise UserError(f"{name} holds no rows", "import the file that the reviewer saved")
    return found


def _decoded(data: bytes, name: str) -> str:
    is_utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # Excel's "Unicode text"
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name} is not UTF-8: {error.reason} at byte {error.start}",
            "save it again as `CSV UTF-8`",
        ) from error
    if "\0" in text:
        raise UserError(f"{name} is not a text file", "import a .csv or .jsonl file")
    return text


def _json_rows(text: str, name: str) -> list[tuple[int, ReviewRow]]:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{name}, line {number} is not JSON: {error}", "every line is one object"
            ) from error
        if not isinstance(value, dict):
            raise UserError(f"{name}, line {number} is no object", "every line is one object")
        rows.append((number, _row(value, f"{name}, line {number}")))
    return rows


def _csv_rows(text: str, name: str) -> list[tuple[int, ReviewRow]]:
    header_end = text.find("\n")
    first = text[: header_end if header_end >= 0 else len(text)]
    separator = max(_SEPARATORS, key=first.count)
    rows = []
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise UserError(f"{name} is broken CSV: {error}", "export it again") from error
    header = [cell.strip().lower() for cell in lines[0]] if lines else []
    while header and not header[-1]:
        header.pop()
    if len(set(header)) != len(header):
        raise UserError(f"{name} names a column twice", "keep the header as it was exported")
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
            raise UserError(
                f"{name}, row {number} has {len(cells)} cells, the header has {len(header)}",
                "a quote or a separator was lost; export it again",
            )
        value = dict(zip(header, map(unguard, cells), strict=False))
        rows.append((number, _row(value, f"{name}, row {number}")))
    if not rows and not set(_NEEDED) <= set(header):
        raise UserError(
            f"{name} is no review file: no column `{_NEEDED[0]}`", f"columns: {', '.join(COLUMNS)}"
        )
    return rows


def _row(value: dict[str, Any], where: str) -> ReviewRow:
    missing = [name for name in _NEEDED if name not in value]
    if missing:
        raise UserError(
            f"{where}: no column `{missing[0]}`", f"a review file has {', '.join(COLUMNS)}"
        )
    known: dict[str, str] = {}
    for name in COLUMNS:
        item = value.get(name)
        if not isinstance(item, str | int | float | None):
            raise UserError(f"{where}: `{name}` is not text", "write it as a string")
        known[name] = "" if item is None else str(item)
    for name in set(COLUMNS) - {"text", "note"}:
        known[name] = known[name].strip()
    return ReviewRow(**known)
