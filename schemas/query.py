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
    check_is_select(connection, sql)
    seal(connection, files, memory_limit_mb=memory_limit_mb, num_threads=num_threads)
    timer = threading.Timer(timeout_s, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return connection.sql(sql).to_arrow_table()
    except duckdb.InterruptException as error:
        raise UserError(
            f"the query took longer than {timeout_s:g} s", "narrow it, or raise --timeout"
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise UserError(
            f"the query needs more than {memory_limit_mb} MB", "narrow it, or raise --memory"
        ) from error
    except duckdb.PermissionException as error:
        raise UserError(
            f"the query reaches outside the catalogue: {_first_line(error)}",
            "queries read the catalogue's own tables and views only",
        ) from error
    except duckdb.Error as error:
        raise _wrong_sql(error) from error
    finally:
        timer.cancel()
        connection.close()


def check_is_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise UserError unless `sql` is exactly one SELECT statement."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise _wrong_sql(error) from error
    if len(statements) != 1:
        raise UserError(
            f"one statement at a time, got {len(statements)}", 'rushes sql "select ..."'
        )
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name
        raise UserError(
            f"only SELECT is allowed, this is {kind}",
            "the catalogue is changed by the other commands, never by SQL",
        )


def _wrong_sql(error: duckdb.Error) -> UserError:
    hint = (
        'list what there is: rushes sql "select table_name from duckdb_views() where not internal"'
    )
    if isinstance(error, duckdb.CatalogException):
        hint = f"views: {', '.join(VIEWS)}; tables: {', '.join(TABLES)}"
    return UserError(f"the SQL is not right: {_first_line(error)}", hint)


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return " ".join(line.strip() for line in lines[:2])
