"""The demo: the whole story offline on a laptop, ending with a report to look at."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.ledger import Ledger
from orchestration.plan import Outcome, run_recipe
from orchestration.progress import say
from orchestration.recipe import load_recipe
from orchestration.report import write_report
from orchestration.run import open_run
from orchestration.truth_check import check_against_truth
from schemas.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOutcome:
    """Where the demo left its results, and what it measured."""

    report_path: Path
    catalog_path: Path
    seconds: float
    ledger: Ledger
    outcome: Outcome

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for `--json`."""
        checkpoint = self.outcome.checkpoint
        return {
            "report": str(self.report_path),
            "catalog": str(self.catalog_path),
            "seconds": self.seconds,
            "ledger": self.ledger.as_dict(),
            "num_clips": self.outcome.dataset.num_clips if self.outcome.dataset else 0,
            "checkpoint_id": checkpoint.checkpoint_id if checkpoint else None,
            "loss": checkpoint.loss if checkpoint else None,
            "samples": [str(generated.path) for generated in self.outcome.samples],
        }


def run_demo(
    folder: Path, recipe: Path, overrides: Sequence[str], address: str | None
) -> DemoOutcome:
    """Draw footage, run the demo's recipe on it in `folder`, and write the report."""
    started = time.monotonic()
    loaded = load_recipe(recipe, overrides)
    catalog = Catalog.create(folder / "catalog")
    say(f"Rushes demo in {folder}/ : raw video -> catalogue -> trained model -> video")
    with open_run(catalog, "demo", loaded, address) as run:
        outcome = run_recipe(run, folder)
        truth = check_against_truth(catalog, outcome.truth_folder) if outcome.truth_folder else None
        report_path = write_report(
            catalog,
            folder / "report.html",
            title="Rushes demo",
            truth=truth,
            timings=run.seconds,
        )
    seconds = time.monotonic() - started
    for line in outcome.ledger.lines():
        say(f"  {line}")
    say(f"\nDone in {seconds:.0f} s. Look at it:  {report_path}")
    say(f'Ask it:  rushes sql --catalog {catalog.root} "select * from funnel"')
    return DemoOutcome(
        report_path=report_path,
        catalog_path=catalog.root,
        seconds=seconds,
        ledger=outcome.ledger,
        outcome=outcome,
    )
