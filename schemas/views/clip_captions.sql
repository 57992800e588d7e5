-- Every caption of every clip, whatever its status. A source caption, which belongs to a span of a
-- video, is given to the clips of the chosen split of which it covers at least half; `overlap_s`
-- says how much.
select cap.* exclude (batch_id), null::double as overlap_s
from captions cap
where cap.clip_id is not null
union all by name
select
    cap.* exclude (clip_id, batch_id),
    c.clip_id,
    least(c.end_s, coalesce(cap.end_s, c.end_s))
        - greatest(c.start_s, coalesce(cap.start_s, c.start_s)) as overlap_s
from captions cap
join current_clips c using (video_id)
where cap.clip_id is null
  and cap.kind = 'source'
  and 2 * overlap_s >= c.duration_s - 1e-6
