-- The account per video, in ticks of its own time base: what was decoded is clips and offcuts,
-- to the tick. `unaccounted_ticks` is 0 everywhere, or something was lost.
with parts as (
    select video_id, sum(end_pts - start_pts) as ticks from current_clips group by video_id
    union all
    select video_id, sum(end_pts - start_pts) from current_offcuts group by video_id
),
totals as (
    select video_id, sum(ticks) as ticks from parts group by video_id
),
failed as (
    select video_id, sum(lost_s) as lost_s, count(*) as num_failures
    from current_failures where stage = 'survey' group by video_id
)
select
    v.video_id,
    case
        when s.video_id is not null then 'surveyed'
        when f.video_id is not null then 'failed'
        else 'missing'
    end as state,
    coalesce(s.duration_s, 0) as surveyed_s,
    coalesce(f.lost_s, 0) as failed_s,
    coalesce(s.end_pts - s.pts[1], 0) - coalesce(t.ticks, 0) as unaccounted_ticks
from videos v
left join current_surveys s using (video_id)
left join totals t using (video_id)
left join failed f using (video_id)
