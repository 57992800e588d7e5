"""One run: its id, its catalogue, its workers, and the commit of what they finish.

A run writes nothing until there is something to write, and starts Ray only when there is
work: repeating a finished run costs a look at the catalogue.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from orchestration.cluster import ray_session
from orchestration.progress import say, stage_progress
from orchestration.recipe import Recipe
from schemas.catalog import Catalog
from schemas.ids import content_id, new_run_id
from schemas.records import Failure, RunRecord, Work

_FLUSH_EVERY_S = 2.0
_FLUSH_WORKS = 256
_PACKAGES = ("rushes", "av", "decord", "deltalake", "duckdb", "pyarrow", "ray", "torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What each worker of a stage reserves, and how many there are (None: the recipe's)."""

    num_workers: int | None = None
    num_cpus: float = 1
    num_gpus: float = 0


class Run:
    """The execution of one command over one catalogue."""

    def __init__(
        self,
        catalog: Catalog,
        verb: str,
        recipe: Recipe,
        *,
        address: str | None = None,
        stack: ExitStack,
    ) -> None:
        self.catalog, self.verb, self.recipe = catalog, verb, recipe
        self.run_id = new_run_id()
        self.seconds: dict[str, float] = {}
        """Wall-clock seconds per stage that had work to do."""
        self._address = address
        self._stack = stack
        self._num_cpus: int | None = None
        self._is_recorded = False

    def release_workers(self) -> None:
        """Shut Ray down, if it was started: what follows wants the machine to itself."""
        self._stack.close()
        self._num_cpus = None

    def commit(self, works: Sequence[Work]) -> None:
        """Commit finished works; the first commit of a run records the run itself."""
        if not works:
            return
        first = [] if self._is_recorded else [self._record()]
        self.catalog.commit([*first, *works], self.run_id)
        self._is_recorded = True

    def choose(self, choices: Mapping[str, tuple[str, Any]]) -> None:
        """Make the views show these settings; a run that changes them is recorded."""
        work = self.catalog.choice_work(choices, self.run_id)
        if work is not None:
            self.commit([work])

    def work(
        self,
        stage: str,
        items: Sequence[Any],
        make: Any,
        arguments: Mapping[str, Any],
        *,
        batch_size: int = 1,
        items_per_result: int = 1,
        unit: str = "videos",
        resources: Resources | None = None,
    ) -> Iterator[Any]:
        """Fan items out to workers and yield results, with progress; says what it took.

        A worker gets `batch_size` items at a time; each of its results stands for
        `items_per_result` of them in the progress shown. `resources`: of each worker, by
        default one CPU and as many workers as the recipe says.
        """
        if not items:
            return
        started = time.monotonic()
        from pipeline.stage import run_workers

        num_cpus = self.start_ray()
        wanted = resources or Resources()
        num_workers = wanted.num_workers or self.recipe.run.num_workers or num_cpus
        with stage_progress(stage, len(items)) as progress:
            results = run_workers(
                items,
                make,
                arguments,
                num_workers=num_workers,
                batch_size=batch_size,
                num_cpus=wanted.num_cpus,
                num_gpus=wanted.num_gpus,
            )
            for result in results:
                progress.advance(min(items_per_result, progress.total - progress.done))
                yield result
        self.seconds[stage] = time.monotonic() - started
        say(f"  {stage:<8} {len(items):>6} {unit:<7} {self.seconds[stage]:7.1f} s")

    def commit_stream(self, results: Iterator[Work]) -> None:
        """Commit works as they come, every few seconds."""
        waiting: list[Work] = []
        last = time.monotonic()
        for work in results:
            waiting.append(self._forget_if_transient(work))
            if len(waiting) >= _FLUSH_WORKS or time.monotonic() - last > _FLUSH_EVERY_S:
                self.commit(waiting)
                waiting, last = [], time.monotonic()
        self.commit(waiting)

    def _forget_if_transient(self, work: Work) -> Work:
        """Let work be tried again next time when only the file's absence stopped it."""
        failures = [f for f in work.rows.get("failures", ()) if isinstance(f, Failure)]
        if any(f.reason == "file_missing" for f in failures):
            return replace(work, work_id=content_id("work", work.work_id, self.run_id))
        return work

    def start_ray(self) -> int:
        """Start or join Ray, unless that was done; return how many CPUs there are."""
        if self._num_cpus is None:
            session = ray_session(self._address, self.recipe.run.num_workers)
            self._num_cpus = self._stack.enter_context(session)
        return self._num_cpus

    def _record(self) -> Work:
        versions = {"python": platform.python_version()}
        for package in _PACKAGES:
            try:
                versions[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                versions[package] = "absent"
        record = RunRecord(
            run_id=self.run_id,
            verb=self.verb,
            recipe_toml=self.recipe.to_toml(),
            versions_json=json.dumps(versions, sort_keys=True),
            started_at=datetime.now(UTC),
        )
        return Work(
            work_id=content_id("work", "run", self.run_id),
            stage="run",
            settings_hash="",
            rows={"runs": [record]},
        )


@contextmanager
def open_run(
    catalog: Catalog, verb: str, recipe: Recipe, address: str | None = None
) -> Iterator[Run]:
    """Open a run; Ray, if it was started, is shut down at the end."""
    with ExitStack() as stack:
        yield Run(catalog, verb, recipe, address=address, stack=stack)
