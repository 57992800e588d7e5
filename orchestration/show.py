"""Results for people and for programs: tables to stdout as text, CSV, JSON or Parquet."""

from __future__ import annotations

import io
import json
import math
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from schemas.errors import UserError

Format = Literal["table", "csv", "json", "parquet"]

_CELL_CHARS = 60
_TABLE_ROWS = 200


def emit(table: pa.Table, layout: Format, out: Path | None = None) -> None:
    """Write a result to `out` or to stdout."""
    try:
        data = _encode(_named_apart(table), layout)
    except pa.ArrowNotImplementedError as error:
        raise UserError(f"{layout} cannot hold this: {error}", "cast it: value::varchar") from error
    if out is not None:
        try:
            out.write_bytes(data)
        except OSError as error:
            raise UserError(f"cannot write {out}: {error.strerror}", "name another file") from error
        return
    if layout == "parquet" and sys.stdout.isatty():
        raise UserError("Parquet does not go to a terminal", "add -o FILE")
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def emit_json(value: Any) -> None:
    """Write plain data to stdout as JSON."""
    json.dump(_finite(value), sys.stdout, indent=1, default=_plain)
    sys.stdout.write("\n")


def _encode(table: pa.Table, layout: Format) -> bytes:
    if layout == "json":
        text = json.dumps(_finite(table.to_pylist()), indent=1, default=_plain)
        return (text + "\n").encode()
    if layout == "csv":
        sink = io.BytesIO()
        pa_csv.write_csv(_flat(table), sink)
        return sink.getvalue()
    if layout == "parquet":
        sink = io.BytesIO()
        pq.write_table(table, sink)
        return sink.getvalue()
    return _text(table).encode()


def _named_apart(table: pa.Table) -> pa.Table:
    """Return the table with columns of one name told apart: `a`, `a_1`."""
    names: list[str] = []
    for name in table.column_names:
        count, unique = 0, name
        while unique in names:
            count += 1
            unique = f"{name}_{count}"
        names.append(unique)
    return table.rename_columns(names)


def _finite(value: Any) -> Any:
    """Return plain data with null for NaN and infinity, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)  # DuckDB gives sums of integers as decimals
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _flat(table: pa.Table) -> pa.Table:
    """Return the table with lists and structs as JSON text, which CSV can hold."""
    columns: dict[str, pa.Array] = {}
    for index, name in enumerate(table.column_names):
        column = table.column(index)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            values = [
                None if v is None else json.dumps(v, default=_plain) for v in column.to_pylist()
            ]
            columns[name] = pa.array(values, pa.string())
        elif pa.types.is_decimal(column.type):
            columns[name] = column.cast(pa.string())
        else:
            columns[name] = column
    return pa.table(columns)


def _text(table: pa.Table) -> str:
    """Return rows in aligned columns, as plain text that any terminal and any pipe can take."""
    shown = table.slice(0, _TABLE_ROWS)
    rows = [[_cell(value) for value in row.values()] for row in shown.to_pylist()]
    names = [_clean(name) for name in table.column_names]
    numeric = [_is_number(f.type) for f in table.schema]
    widths = [max([len(n), *(len(r[i]) for r in rows)]) for i, n in enumerate(names)]

    def line(cells: list[str]) -> str:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        ]
        return "  ".join(padded).rstrip()

    lines = [line(names), "  ".join("-" * width for width in widths), *map(line, rows)]
    if table.num_rows > _TABLE_ROWS:
        lines.append(f"... {table.num_rows - _TABLE_ROWS} more rows (--format csv shows all)")
    lines.append(f"({table.num_rows} row{'' if table.num_rows == 1 else 's'})")
    return "\n".join(lines) + "\n"


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    text = _clean(str(value))
    return text if len(text) <= _CELL_CHARS else text[: _CELL_CHARS - 3] + "..."


def _clean(text: str) -> str:
    """Return text without control characters: a caption must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
