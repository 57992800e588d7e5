"""Measure what `measured` says of the real footage against labels set by eye.

rushes curate ../shared/media/dev --catalog /tmp/real
python benchmarks/captioner_real.py /tmp/real --json benchmarks/results/captioner_real.json

Prints, per topic, the share of clips of which something is stated and the share of the
statements that are right. A statement about what the labels leave open is not judged.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from captioner.backend import load_backend, pick_evenly
from captioner.request import Attempt, CaptionRequest, StoredFrame
from captioner.settings import CaptionSettings
from schemas.catalog import Catalog
from schemas.tables import SCORE_COLUMNS
from tests.captioner.real_labels import TOPICS, find_label, judge

_CLIPS_SQL = """
select c.clip_id, c.video_id, c.start_frame, c.end_frame, c.start_s, c.end_s, c.duration_s,
    c.fps, coalesce(cr.width_px, c.width_px) as width_px,
    coalesce(cr.height_px, c.height_px) as height_px,
    (select min(uri) from sources where video_id = c.video_id) as uri,
    exists (select 1 from survivors k where k.clip_id = c.clip_id) as is_kept,
    s.* exclude (clip_id, version, batch_id)
from current_clips c
join current_scores s using (clip_id)
left join crops cr on cr.clip_id = c.clip_id and cr.settings_hash = s.version
order by uri, c.start_s
"""
_FRAMES_SQL = """
select time_s, jpeg from frames
where video_id = ? and frame_index >= ? and frame_index < ?
order by frame_index
"""


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--kept", action="store_true", help="only clips that the judge kept")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--verbose", action="store_true", help="print wrong statements")
    arguments = parser.parse_args()
    requests = read_requests(arguments.catalog, kept=arguments.kept)
    captioner = load_backend("measured", CaptionSettings())
    about: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    right: Counter[str] = Counter()
    num_labelled, seconds = 0, 0.0
    for file, request in requests:
        begun = time.process_time()
        (answer,) = captioner.answer([request], Attempt())
        seconds += time.process_time() - begun
        if answer.caption is None:
            continue
        label = find_label(file, request.start_s)
        num_labelled += label is not None
        said = judge(answer.caption.details or {}, label)
        about.update({topic for topic, _, _ in said})
        for topic, what, is_right in said:
            if is_right is None:
                continue
            judged[topic] += 1
            right[topic] += is_right
            if arguments.verbose and not is_right:
                print(f"  wrong: {file} {request.start_s:.1f} s: {topic} {what}")
    rows = [
        {
            "topic": topic,
            "num_clips": len(requests),
            "share_stated": round(about[topic] / len(requests), 3),
            "num_judged": judged[topic],
            "share_right": round(right[topic] / max(1, judged[topic]), 3),
        }
        for topic in TOPICS
    ]
    result: dict[str, Any] = {
        "num_clips": len(requests),
        "num_labelled": num_labelled,
        "cpu_ms_per_clip": round(1000 * seconds / max(1, len(requests)), 1),
        "topics": rows,
    }
    for row in rows:
        print(
            "{topic:8} stated {share_stated:.3f} right {share_right:.3f} of {num_judged}".format(
                **row
            )
        )
    cost = result["cpu_ms_per_clip"]
    print(f"{len(requests)} clips, {num_labelled} labelled, {cost} ms of CPU a clip")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def read_requests(catalog: Path, *, kept: bool = False) -> list[tuple[str, CaptionRequest]]:
    """Return (file as in the labels, request) for the clips of a catalogue."""
    lens = Catalog.open(catalog).lens()
    clips = lens.sql(_CLIPS_SQL).to_arrow_table().to_pylist()
    found = []
    for clip in clips:
        if kept and not clip["is_kept"]:
            continue
        span = [clip["video_id"], clip["start_frame"], clip["end_frame"]]
        frames = lens.execute(_FRAMES_SQL, span).fetchall()
        chosen = [frames[i] for i in pick_evenly(len(frames), CaptionSettings().num_frames)]
        request = CaptionRequest(
            request_id=clip["clip_id"],
            num_frames=clip["end_frame"] - clip["start_frame"],
            scores={name: clip[name] for name in SCORE_COLUMNS},
            frames=tuple(
                StoredFrame(time_s=time_s - clip["start_s"], jpeg=jpeg) for time_s, jpeg in chosen
            ),
            **{
                name: clip[name]
                for name in (
                    "clip_id",
                    "video_id",
                    "start_s",
                    "end_s",
                    "duration_s",
                    "width_px",
                    "height_px",
                    "fps",
                )
            },
        )
        found.append(("dev/" + clip["uri"].split("/dev/")[-1], request))
    return found


if __name__ == "__main__":
    main()
