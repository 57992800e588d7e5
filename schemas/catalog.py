"""The catalogue: Delta tables are the truth, DuckDB is the lens.

Delta has no transaction over several tables, so one rule makes one. Every row carries the
`batch_id` of the batch that wrote it; the row in `commits` is appended last; every read keeps
only rows whose batch is committed. A process that dies between two tables leaves rows that
nobody ever sees. Two writers that did the same work leave two batches with one `work_id`, of
which the first counts.

A snapshot is a set of batches. A frozen dataset (`freeze`) is Parquet of its own beside the
tables, so compaction cannot touch it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

from schemas.errors import UserError
from schemas.ids import content_id, set_digest
from schemas.lens import open_lens
from schemas.records import Choice, Rule, Work
from schemas.tables import FORMAT_VERSION, TABLES, to_arrow

MARK_FILE = "catalog.json"
_TABLES_FOLDER = "tables"
_SNAPSHOTS_FOLDER = "snapshots"
DATASETS_FOLDER = "datasets"
_AWKWARD = frozenset("[]*?\\%")
"""Characters that DuckDB takes for patterns in file names, or Delta for an encoding."""


class Catalog:
    """A catalogue on disk. Cheap to make, and to make again in another process.

    An instance sees the tables as they stood at its first read; `refresh` looks again.
    """

    def __init__(self, root: Path, *, batch_ids: Sequence[str] | None = None) -> None:
        self.root = root.resolve()
        self._batch_ids = None if batch_ids is None else tuple(batch_ids)
        self._files: dict[str, list[str]] = {}

    # -- opening ---------------------------------------------------------------------------

    @classmethod
    def open(cls, root: Path, *, snapshot: str | None = None) -> Self:
        """Open an existing catalogue, as of a named snapshot if one is given.

        Raises UserError when there is none at `root`, when a newer Rushes wrote it, or when
        the snapshot is not known.
        """
        mark = root / MARK_FILE
        if not mark.is_file():
            raise UserError(
                f"no catalogue at {root}", "make one with `rushes curate PATH --catalog DIR`"
            )
        _check_version(mark)
        if snapshot is None:
            return cls(root)
        path = root / _SNAPSHOTS_FOLDER / f"{snapshot}.json"
        if not path.is_file():
            known = sorted(p.stem for p in path.parent.glob("*.json"))
            raise UserError(
                f"no snapshot `{snapshot}` in {root}", f"known: {', '.join(known) or 'none'}"
            )
        return cls(root, batch_ids=json.loads(path.read_text())["batch_ids"])

    @classmethod
    def create(cls, root: Path) -> Self:
        """Open the catalogue at `root`, or make an empty one.

        Raises UserError when the folder cannot be written or holds something else.
        """
        mark = root / MARK_FILE
        if mark.is_file():
            catalog = cls.open(root)
            if not os.access(root, os.W_OK):
                raise UserError(f"the catalogue {root} is read-only", "check its permissions")
            return catalog
        if root.exists() and not root.is_dir():
            raise UserError(f"{root} is not a folder", "name another folder with --catalog")
        if awkward := sorted(set(str(root.resolve())) & _AWKWARD):
            raise UserError(
                f"a catalogue's path cannot hold {' '.join(awkward)}: {root}",
                "name another folder with --catalog",
            )
        if root.exists() and any(root.iterdir()):
            raise UserError(
                f"{root} is not empty and is no catalogue", "name another folder with --catalog"
            )
        try:
            root.mkdir(parents=True, exist_ok=True)
            _write_atomically(mark, {"format_version": FORMAT_VERSION, "made_by": "rushes"})
        except OSError as error:
            raise UserError(
                f"cannot write the catalogue {root}: {error.strerror}",
                "name a folder that you may write with --catalog",
            ) from error
        return cls(root)

    def refresh(self) -> None:
        """Forget what was seen: the next read looks at the tables as they stand then."""
        self._files.clear()
        self.__dict__.pop("_lens", None)

    # -- writing ---------------------------------------------------------------------------

    def commit(self, works: Sequence[Work], run_id: str) -> None:
        """Append the rows of finished works to all their tables, then their `commits` rows.

        Each work is one batch: whole or absent, whenever this process may die. Many works
        in one call share their files, which is faster and changes nothing else.
        """
        if not works:
            return
        tables: dict[str, list[pa.Table]] = {}
        commits: list[dict[str, Any]] = []
        now = datetime.now(UTC)
        attempt = secrets.token_hex(8)  # a commit that broke off must not be completed by the next
        for work in works:
            batch_id = content_id("batch", work.work_id, run_id, attempt)
            for name, records in work.rows.items():
                if records:
                    tables.setdefault(name, []).append(to_arrow(name, records, batch_id))
            commits.append(
                {
                    "work_id": work.work_id,
                    "stage": work.stage,
                    "settings_hash": work.settings_hash,
                    "run_id": run_id,
                    "committed_at": now,
                    **asdict(work.counts),
                    "batch_id": batch_id,
                }
            )
        for name in TABLES:
            if name in tables:
                self._append(name, pa.concat_tables(tables[name]))
        self._append("commits", pa.Table.from_pylist(commits, schema=TABLES["commits"]))
        self.refresh()

    def choose(self, choices: Mapping[str, tuple[str, Any]], run_id: str) -> None:
        """Make the `current_*` views show these settings: stage -> (hash, settings as JSON).

        All stages change at once. Choosing what is chosen already writes nothing.
        """
        work = self.choice_work(choices, run_id)
        if work is not None:
            self.commit([work], run_id)

    def choice_work(self, choices: Mapping[str, tuple[str, Any]], run_id: str) -> Work | None:
        """Return the work of choosing these settings, or None where they are chosen already."""
        chosen = self.choices()
        now = datetime.now(UTC)
        rows: list[object] = [
            Choice(
                stage=stage,
                settings_hash=digest,
                settings_json=json.dumps(values, sort_keys=True),
                run_id=run_id,
                chosen_at=now,
            )
            for stage, (digest, values) in choices.items()
            if chosen.get(stage) != digest
        ]
        if not rows:
            return None
        work_id = content_id("work", "choose", run_id, now.isoformat())
        return Work(work_id=work_id, stage="choose", settings_hash="", rows={"choices": rows})

    def _append(self, table: str, rows: pa.Table) -> None:
        write_deltalake(
            self._table_folder(table).as_uri(),
            rows,
            mode="append",
            schema_mode="merge",  # a column that is new in this version is added to the table
            description=f"Rushes table `{table}`",
        )

    def _table_folder(self, table: str) -> Path:
        return self.root / _TABLES_FOLDER / table

    # -- reading ---------------------------------------------------------------------------

    def files(self, table: str) -> list[str]:
        """Return the Parquet files that hold a table now; none where it has no row yet."""
        if not self._files:
            # `commits` first: a batch found there is whole in tables that are opened later.
            self._files["commits"] = self._current_files("commits")
        if table not in self._files:
            self._files[table] = self._current_files(table)
        return self._files[table]

    def _current_files(self, table: str) -> list[str]:
        folder = self._table_folder(table)
        try:
            uris = DeltaTable(folder.as_uri()).file_uris()
        except TableNotFoundError:
            return []
        # Delta percent-encodes what DuckDB reads literally; the files lie flat in the folder.
        return sorted(str(folder / uri.rsplit("/", 1)[1]) for uri in uris)

    def all_files(self) -> dict[str, list[str]]:
        """Return the Parquet files of every table, as one moment shows them."""
        return {table: self.files(table) for table in ("commits", *TABLES)}

    @cached_property
    def _lens(self) -> duckdb.DuckDBPyConnection:
        return open_lens(self.all_files(), self._batch_ids)

    def lens(
        self,
        choices: Mapping[str, str] | None = None,
        rules: Sequence[Rule] | None = None,
    ) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB connection with every table and view.

        `choices` (stage -> settings hash) replaces what the catalogue has chosen, so that a
        run can look through its own settings before they are chosen; `rules` replaces the
        rules of the judge. Trusted code only: for text from users see `schemas.query`.
        """
        if choices is None and rules is None:
            return self._lens
        return open_lens(self.all_files(), self._batch_ids, choices, rules)

    def own_lens(self) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
        """Return a new connection over the newest rows, and the files that it reads."""
        self.refresh()
        files = self.all_files()
        paths = [path for group in files.values() for path in group]
        return open_lens(files, self._batch_ids), paths

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """Return the result of SQL over tables and views as an Arrow table."""
        return self._lens.sql(sql, params=parameters).to_arrow_table()

    def rows(self, sql: str, parameters: Sequence[Any] | None = None) -> list[dict[str, Any]]:
        """Return the result of SQL as a list of dictionaries."""
        return list(self.query(sql, parameters).to_pylist())

    def column(self, sql: str, parameters: Sequence[Any] | None = None) -> list[Any]:
        """Return the first column of a result as a list."""
        return list(self.query(sql, parameters).column(0).to_pylist())

    def choices(self) -> dict[str, str]:
        """Return the chosen settings hash of each stage."""
        rows = self.rows("select stage, settings_hash from current_choices")
        return {row["stage"]: row["settings_hash"] for row in rows}

    def done(self, stage: str) -> set[str]:
        """Return the ids of all committed work of a stage."""
        return set(self.column("select work_id from commits where stage = ?", [stage]))

    # -- snapshots -------------------------------------------------------------------------

    def snapshot(self) -> str:
        """Write down the set of committed batches and return its id.

        The same batches give the same id; `open(root, snapshot=id)` shows just them.
        """
        batch_ids = sorted(self.column("select batch_id from commits"))
        snapshot_id = set_digest(batch_ids).replace("all_", "snap_")
        path = self.root / _SNAPSHOTS_FOLDER / f"{snapshot_id}.json"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            _write_atomically(path, {"snapshot_id": snapshot_id, "batch_ids": batch_ids})
        return snapshot_id


def _check_version(mark: Path) -> None:
    try:
        version = int(json.loads(mark.read_text())["format_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{mark} is damaged", "restore it from a copy of the catalogue") from error
    if version > FORMAT_VERSION:
        raise UserError(
            f"the catalogue {mark.parent} has format {version}, this Rushes reads "
            f"up to {FORMAT_VERSION}",
            "update Rushes: pip install --upgrade rushes",
        )


def _write_atomically(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON under another name, flush it to disk and rename it into place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
