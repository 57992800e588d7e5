"""What a search looks through: clips numbered 0..N-1, their texts, facts and vectors in DuckDB.

Nothing is held in Python but numbers, one row per clip; texts come out for the few best only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.catalog import Catalog
from schemas.facts import Facts, from_json
from schemas.query import select
from schemas.search.stated import held_sql
from schemas.search.words import Wanted, count_sql

_BEST_SQL = """
create temp table best as
select
    k.n,
    b.kind,
    case when b.kind <> 'structured' then b.text
        when json_valid(b.text) then (b.text::json -> '$.details.facts')::varchar
    end as text
from corpus k join best_captions b using (clip_id)
"""

_TEXTS_SQL = """
create temp table texts as
select
    k.n,
    coalesce(long.text, medium.text, short.text, '') || coalesce(' ' || source.text, '') as text,
    coalesce(short.text, medium.text, long.text, source.text) as caption,
    structured.text as facts
from corpus k
left join (from best where kind = 'long') long using (n)
left join (from best where kind = 'medium') medium using (n)
left join (from best where kind = 'short') short using (n)
left join (from best where kind = 'source') source using (n)
left join (from best where kind = 'structured') structured using (n)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """The cosine of each clip with the query, NaN where it has no vector; `model` made them."""

    cosines_N: NDArray[np.float64]
    model: str


@dataclass(slots=True, kw_only=True)
class Corpus:
    """The clips that are searched. Arrays have one place per clip, NaN where nothing is known."""

    connection: duckdb.DuckDBPyConnection
    num_clips: int
    num_captioned: int

    @classmethod
    def open(cls, catalog: Catalog, where: str | None = None) -> Self:
        """Return the survivors that meet a condition. Raises UserError for a wrong one."""
        chosen = None
        if where is not None:
            # Alone first: text that closes the bracket and goes on is no condition.
            select(catalog, f"select (\n{where}\n) as meets from survivors limit 1")
            chosen = select(catalog, f"select clip_id from survivors where (\n{where}\n)")
        connection, _ = catalog.own_lens()
        numbered = "select row_number() over (order by clip_id) - 1 as n, clip_id from {}"
        if chosen is None:
            source = "(select k.clip_id from keepers k join current_clips using (clip_id))"
            connection.execute(f"create temp table corpus as {numbered.format(source)}")
        else:
            connection.register("chosen", chosen)
            connection.execute(f"create temp table corpus as {numbered.format('chosen')}")
            connection.unregister("chosen")
        connection.execute(_BEST_SQL)
        connection.execute(_TEXTS_SQL)
        num_clips = _one(connection, "select count(*) from corpus")
        num_captioned = _one(connection, "select count(*) from texts where text <> ''")
        return cls(connection=connection, num_clips=num_clips, num_captioned=num_captioned)

    def counts(self, wanted: Wanted) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return how often each text holds each term, N x T, and the texts' lengths.

        The length is NaN of a clip without a text, or without one of the phrases.
        """
        counts_NT = np.zeros((self.num_clips, len(wanted.terms)), np.int64)
        lengths_N = np.full(self.num_clips, np.nan)
        sql, parameters = count_sql(wanted, "(select n, text from texts where text <> '')")
        table = self._table(sql, parameters)
        places = table.column("n").to_numpy()
        lengths_N[places] = table.column("num_characters").to_numpy()
        for place in range(len(wanted.terms)):
            counts_NT[places, place] = table.column(f"t{place}").to_numpy()
        return counts_NT, lengths_N

    def num_held(self, asked: Facts) -> NDArray[np.float64]:
        """Return how many statements may hold of each clip whose caption states facts."""
        table = self._table(held_sql(asked, "(select n, facts from texts where facts is not null)"))
        found_N = np.full(self.num_clips, np.nan)
        found_N[table.column("n").to_numpy()] = table.column("num_held").to_numpy()
        return found_N

    def facts(self, places: Sequence[int]) -> dict[int, Facts]:
        """Return the stated facts of a few clips, of those that have any."""
        sql = "select n, facts::varchar as facts from texts where facts is not null and n in {}"
        found = {}
        for row in self._some(sql, places):
            try:
                found[row["n"]] = from_json(row["facts"])
            except ValueError:  # a caption of another version, or by another hand
                continue
        return found

    def texts(self, places: Sequence[int]) -> dict[int, str]:
        """Return the texts of a few clips."""
        return {r["n"]: r["text"] for r in self._some("from texts where n in {}", places)}

    def models(self, name: str) -> list[str]:
        """Return the models of that name which have embedded clips, most clips first."""
        sql = """
            select model from embeddings where split_part(model, ' ', 1) = ?
            group by model order by count(*) desc, model
            """
        return list(self._table(sql, [name]).column(0).to_pylist())

    def looks(self, model: str, vector_D: NDArray[np.float32]) -> Looks:
        """Return the cosine of each clip's vector of a model with a unit vector."""
        table = self._table(
            """
            select k.n, list_dot_product(e.vector, ?::float[]) as cosine
            from embeddings e join corpus k using (clip_id)
            where e.model = ? and len(e.vector) = ?
            """,
            [vector_D.tolist(), model, len(vector_D)],
        )
        cosines_N = np.full(self.num_clips, np.nan)
        cosines_N[table.column("n").to_numpy()] = table.column("cosine").to_numpy()
        return Looks(cosines_N=cosines_N, model=model if table.num_rows else "")

    def described(self, places: Sequence[int]) -> list[dict[str, Any]]:
        """Return id, file, span and caption of a few clips, in the order asked for."""
        sql = """
            select k.n, c.clip_id, coalesce(s.uri, '') as uri, c.start_s, c.end_s,
                coalesce(t.caption, '') as caption
            from corpus k
            join current_clips c using (clip_id)
            left join (select video_id, min(uri) as uri from sources group by video_id) s
                using (video_id)
            left join texts t on t.n = k.n
            where k.n in {}
            """
        rows = {row.pop("n"): row for row in self._some(sql, places)}
        return [rows[place] for place in places]

    def _some(self, sql: str, places: Sequence[int]) -> list[dict[str, Any]]:
        if not places:
            return []
        table = self._table(sql.format("(select unnest(?))"), [list(places)])
        return list(table.to_pylist())

    def _table(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        return self.connection.sql(sql, params=parameters).to_arrow_table()


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((value,),) = connection.execute(sql).fetchall()
    return int(value)
