"""The embeddings that a dedupe compares: which clips have one, and which of them are alike."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.dedupe.alignment import DedupeSettings
from pipeline.dedupe.semantic import SemanticMatches, semantic_matches
from schemas.catalog import Catalog
from schemas.ids import content_id


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedClips:
    """The clips of a split that have a vector of one model, in the order of their ids."""

    model: str = ""
    clip_ids: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return what a dedupe that compares these vectors depends on; empty where none is."""
        return content_id("embedded", self.model, *self.clip_ids) if self.clip_ids else ""


def embedded_clips(catalog: Catalog, split_hash: str, settings: DedupeSettings) -> EmbeddedClips:
    """Return which clips of a split can be compared by embedding; none where none shall be.

    `semantic_model` names a model, or begins its name: of several revisions the one that was
    written last counts.
    """
    if settings.semantic_similarity is None:
        return EmbeddedClips()
    named = [split_hash, settings.semantic_model, settings.semantic_model]
    models = catalog.column(
        """
        select e.model
        from embeddings e
        join splits s on s.clip_id = e.clip_id and s.settings_hash = ?
        join commits c on c.batch_id = e.batch_id
        where len(e.vector) > 0 and (e.model = ? or starts_with(e.model, ? || ' '))
        group by e.model
        order by max(c.committed_at) desc, e.model
        limit 1
        """,
        named,
    )
    if not models:
        return EmbeddedClips()
    clip_ids = catalog.column(
        """
        select distinct clip_id from embeddings
        where model = ? and len(vector) > 0
          and clip_id in (select clip_id from splits where settings_hash = ?)
        order by clip_id
        """,
        [models[0], split_hash],
    )
    return EmbeddedClips(model=models[0], clip_ids=tuple(clip_ids))


def match_embedded(
    catalog: Catalog, split_hash: str, settings: DedupeSettings, embedded: EmbeddedClips
) -> SemanticMatches:
    """Return the matches by embedding of these clips, of those that are of different takes."""
    if settings.semantic_similarity is None or not embedded.clip_ids:
        return SemanticMatches(matches=(), num_clips=0, num_pairs=0, num_alike=0)
    table = catalog.query(
        """
        select e.clip_id, s.video_id || ':' || s.shot_index as take, e.vector
        from embeddings e
        join splits s on s.clip_id = e.clip_id and s.settings_hash = ?
        where e.model = ? and len(e.vector) > 0
        qualify row_number() over (partition by e.clip_id order by e.batch_id) = 1
        order by e.clip_id
        """,
        [split_hash, embedded.model],
    )
    vectors = table.column("vector").combine_chunks()
    return semantic_matches(
        table.column("clip_id").to_pylist(),
        table.column("take").to_pylist(),
        vectors.flatten().to_numpy().reshape(len(vectors), -1),
        settings.semantic_similarity,
    )
