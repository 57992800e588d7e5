"""Captions for every clip that survives and has none by this captioner yet."""

from __future__ import annotations

from captioner.backend import CaptionSettings, caption_settings_hash, load_backend
from orchestration.run import Run


def caption(run: Run, settings: CaptionSettings) -> int:
    """Write captions for the survivors that lack them; return how many clips were captioned.

    Captions of other settings stay: recaptioning appends. The views then prefer these.
    """
    from captioner.stage import CaptionWorker

    captioner = load_backend(settings.backend, settings)
    settings_hash = caption_settings_hash(settings, captioner)
    todo = run.catalog.column(
        """
        select clip_id from survivors
        where clip_id not in
            (select clip_id from captions where settings_hash = ? and clip_id is not null)
        order by clip_id
        """,
        [settings_hash],
    )
    arguments = {
        "root": run.catalog.root,
        "settings": settings,
        "choices": run.catalog.choices(),
    }
    results = run.work(
        "caption",
        todo,
        CaptionWorker,
        arguments,
        batch_size=settings.batch_size,
        items_per_result=settings.batch_size,
        unit="clips",
    )
    run.commit_stream(results)
    run.choose({"caption": (settings_hash, settings.model_dump(mode="json"))})
    return len(todo)
