"""SQL from users: read-only, and it reaches nothing outside the catalogue.

One SELECT statement on a sealed connection (see `schemas.lens.seal`), under a time and a
memory limit. A query that asks for more fails with a clear error; it cannot write, read
another file, open the network, load an extension or change a setting.
"""

from __future__ import annotations

import threading

import duckdb
import pyarrow as pa

from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.lens import VIEWS, seal
from schemas.tables import TABLES

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MEMORY_MB = 4096
_BATCH_ROWS = 65_536


def select(
    catalog: Catalog,
    sql: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    memory_limit_mb: int = DEFAULT_MEMORY_MB,
    num_threads: int = 2,
) -> pa.Table:
    """Return the result of one SELECT statement.

    Raises UserError for anything but one SELECT, for wrong SQL (with DuckDB's explanation),
    for a reach outside the catalogue, and when a limit is passed.
    """
    connection, files = catalog.own_lens()
    seal(connection, files, memory_limit_mb=memory_limit_mb, num_threads=num_threads)
    timer = threading.Timer(timeout_s, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        check_is_select(connection, sql)  # DuckDB folds constants here, which can take long too
        return _read(connection.sql(sql), memory_limit_mb)
    except duckdb.InterruptException as error:
        raise UserError(
            f"the query took longer than {timeout_s:g} s", "narrow it, or raise --timeout"
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise UserError(
            f"the query needs more than {memory_limit_mb} MB", "narrow it, or raise --memory"
        ) from error
    except duckdb.Error as error:
        raise _explained(error) from error
    finally:
        timer.cancel()
        connection.close()


def check_is_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise UserError unless `sql` is exactly one SELECT statement that only reads.

    DuckDB calls `with x as (copy ... to ...) select` a SELECT too. Its table function `query`
    takes what reads and nothing else, so the text has to pass there as well, unexecuted.
    """
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise _explained(error) from error
    if len(statements) != 1:
        raise UserError(
            f"one statement at a time, got {len(statements)}", 'rushes sql "select ..."'
        )
    try:
        kind = statements[0].type.name
    except ValueError:  # a kind of statement that the Python side has no name for
        kind = "something else"
    hint = "the catalogue is changed by the other commands, never by SQL"
    if kind != "SELECT":
        raise UserError(f"only SELECT is allowed, this is {kind}", hint)
    try:
        connection.execute("explain from query(?)", [sql])
    except duckdb.BinderException as error:
        if "WITH clause containing" in str(error):
            raise UserError("only SELECT is allowed, this writes in a WITH clause", hint) from error
        raise _explained(error) from error
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        raise _explained(error) from error


def _read(result: duckdb.DuckDBPyRelation, limit_mb: int) -> pa.Table:
    """Fetch a result in parts; raise UserError when it outgrows the memory limit."""
    reader = result.to_arrow_reader(_BATCH_ROWS)
    batches: list[pa.RecordBatch] = []
    num_bytes = 0
    for batch in reader:
        num_bytes += batch.nbytes
        if num_bytes > limit_mb << 20:
            raise UserError(
                f"the result is larger than {limit_mb} MB", "narrow it, or raise --memory"
            )
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=reader.schema)


def _explained(error: duckdb.Error) -> UserError:
    """Return what DuckDB said as an error that a user can mend."""
    what = _first_line(error)
    if isinstance(error, duckdb.PermissionException):
        return UserError(
            f"the query reaches outside the catalogue: {what}",
            "queries read the catalogue's own tables and views only",
        )
    hint = 'a view\'s columns: rushes sql "describe survivors"'
    if isinstance(error, duckdb.CatalogException):
        hint = f"views: {', '.join(VIEWS)}; tables: {', '.join(TABLES)}"
    return UserError(f"the SQL is not right: {what}", hint)


def _first_line(error: Exception) -> str:
    """Return what went wrong without DuckDB's picture of where, which shows our own wrapping."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    shown = [line for line in lines if not line.startswith(("LINE ", "^"))]
    return " ".join(shown[:2])
