"""DuckDB over the catalogue's current files: one view per table, one view per question.

Tables appear with the rows of committed batches only. The views of `schemas/views/` build on
them, and `verdicts` is made from the chosen rules. A sealed lens is for text from users: it
reads the catalogue's own files and can reach nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

import duckdb
import pyarrow as pa

from schemas.records import Rule
from schemas.rules import verdict_sql
from schemas.tables import TABLES

_VIEWS = (
    "current_choices",
    "current_surveys",
    "current_failures",
    "current_shots",
    "current_clips",
    "current_offcuts",
    "current_scores",
    "current_rules",
    "current_duplicates",
    "current_reviews",
    "clip_captions",
    "best_captions",
    "clip_difficulty",
)
_VIEWS_ON_VERDICTS = ("keepers", "survivors", "funnel", "ledger", "lineage", "clip_states")
VIEWS: tuple[str, ...] = (*_VIEWS, "verdicts", *_VIEWS_ON_VERDICTS)
"""Names of all views, in the order in which they build on each other."""

_ONE_PER_KEY = {"videos": "video_id", "clips": "clip_id", "datasets": "name"}
"""Tables whose rows come from content alone: two recipes may both have written the same row."""


def open_lens(
    files: Mapping[str, Sequence[str]],
    batch_ids: Sequence[str] | None = None,
    choices: Mapping[str, str] | None = None,
    rules: Sequence[Rule] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Return an in-memory connection with a view for every table and every question.

    `files` maps a table to its Parquet files; `batch_ids` limits it to a snapshot; `choices`
    (stage -> settings hash) replaces what the catalogue has chosen, and `rules` the rules of
    the chosen judge: what if?
    """
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    connection.execute("set TimeZone = 'UTC'")
    _create_commits(connection, files, batch_ids)
    for table in TABLES:
        if table != "commits":
            connection.execute(f'create view "{table}" as {_committed(table, files)}')
    if choices is not None:
        _override_choices(connection, choices)
    for view in _VIEWS:
        if view != "current_choices" or choices is None:
            connection.execute(_view_sql(view))
    chosen = _current_rules(connection) if rules is None else rules
    connection.execute(f"create view verdicts as {verdict_sql(chosen)}")
    for view in _VIEWS_ON_VERDICTS:
        connection.execute(_view_sql(view))
    return connection


def seal(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    *,
    memory_limit_mb: int,
    num_threads: int,
) -> None:
    """Shut a lens: from now on it reads `files` and reaches nothing else.

    No other file, no network, no extension, no setting; results that outgrow the memory
    limit fail instead of spilling to disk.
    """
    execute = connection.execute
    execute(f"set memory_limit = '{memory_limit_mb}MB'")
    execute(f"set threads = {num_threads}")
    execute("set temp_directory = ''")
    execute("set autoinstall_known_extensions = false")
    execute("set autoload_known_extensions = false")
    execute("set allow_community_extensions = false")
    execute(f"set allowed_paths = {_list(files)}")
    execute("set enable_external_access = false")
    execute("set lock_configuration = true")


def _create_commits(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[str, Sequence[str]],
    batch_ids: Sequence[str] | None,
) -> None:
    """Create `live_batches` (held in memory: every table joins it) and the view `commits`."""
    source = _scan("commits", files)
    snapshot = ""
    if batch_ids is not None:
        known = pa.table({"batch_id": pa.array(batch_ids, pa.string())})
        connection.register("snapshot_input", known)
        connection.execute("create table snapshot_batches as from snapshot_input")
        connection.unregister("snapshot_input")
        snapshot = "where batch_id in (select batch_id from snapshot_batches)"
    connection.execute(
        f"""
        create table live_batches as
        select batch_id from ({source}) {snapshot}
        qualify row_number() over (partition by work_id order by committed_at, batch_id) = 1
        """
    )
    connection.execute(f"create view commits as {_committed('commits', files)}")


def _committed(table: str, files: Mapping[str, Sequence[str]]) -> str:
    rows = f"{_scan(table, files)} where batch_id in (select batch_id from live_batches)"
    if table in _ONE_PER_KEY:
        key = _ONE_PER_KEY[table]
        return f"select distinct on ({key}) * from ({rows}) order by {key}, batch_id"
    return rows


def _scan(table: str, files: Mapping[str, Sequence[str]]) -> str:
    """Return a SELECT over a table's files, in the table's column types.

    Columns that older files lack come as null: the empty relation in front names them all.
    """
    names = ", ".join(f'"{name}"' for name in TABLES[table].names)
    columns = ", ".join(f'null::{_duck_type(f.type)} as "{f.name}"' for f in TABLES[table])
    empty = f"select {columns} where false"
    if not files.get(table):
        return f"select {names} from ({empty})"
    stored = f"select * from read_parquet({_list(files[table])}, union_by_name = true)"
    return f"select {names} from ({empty} union all by name {stored})"


def _duck_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_duck_type(kind.value_type)}[]"
    names = {
        "string": "varchar",
        "int64": "bigint",
        "int32": "integer",
        "double": "double",
        "float": "float",
        "bool": "boolean",
        "binary": "blob",
    }
    return names.get(str(kind), "timestamptz")


def _list(paths: Sequence[str]) -> str:
    quoted = ("'" + path.replace("'", "''") + "'" for path in paths)
    return f"[{', '.join(quoted)}]"


def _override_choices(connection: duckdb.DuckDBPyConnection, choices: Mapping[str, str]) -> None:
    connection.execute("create table current_choices (stage varchar, settings_hash varchar)")
    if choices:
        connection.executemany("insert into current_choices values (?, ?)", list(choices.items()))


def _current_rules(connection: duckdb.DuckDBPyConnection) -> list[Rule]:
    rows = connection.execute(
        'select settings_hash, position, name, "column", minimum, maximum, reason '
        "from current_rules order by position"
    ).fetchall()
    keys = ("settings_hash", "position", "name", "column", "minimum", "maximum", "reason")
    return [Rule(**dict(zip(keys, row, strict=True))) for row in rows]


def _view_sql(name: str) -> str:
    text = resources.files("schemas").joinpath("views", f"{name}.sql").read_text()
    return f"create view {name} as {text}"
