-- What came in, what was lost where and why, what is left. Counts are videos for `ingest` and
-- `survey`, spans for `split`, clips from there on. Seconds add up: see `ledger`.
with failed as (
    select stage, reason, count(*) as num_clips, sum(lost_s) as duration_s
    from current_failures
    where stage in ('ingest', 'survey')
    group by stage, reason
),
clip_verdicts as (
    select v.clip_id, v.keep, v.reason, c.duration_s, k.clip_id is not null as is_keeper
    from verdicts v
    join current_clips c using (clip_id)
    left join keepers k using (clip_id)
)
select stage, reason, num_clips, duration_s
from (
    select 1 as place, 'ingest' as stage, 'found' as reason,
        count(*) as num_clips, null::double as duration_s
    from sources
    union all
    select 2, stage, reason, num_clips, duration_s from failed where stage = 'ingest'
    union all
    select 3, 'survey', 'surveyed', count(*), sum(duration_s) from current_surveys
    union all
    select 4, stage, reason, num_clips, duration_s from failed where stage = 'survey'
    union all
    select 5, 'split', reason, count(*), sum(duration_s) from current_offcuts group by reason
    union all
    select 6, 'split', 'clips', count(*), sum(duration_s) from current_clips
    union all
    select 7, 'judge', reason, count(*), sum(duration_s)
    from clip_verdicts where not keep group by reason
    union all
    select 8, 'dedupe', 'near_duplicate', count(*), sum(duration_s)
    from clip_verdicts where keep and not is_keeper having count(*) > 0
    union all
    select 9, 'kept', 'kept', count(*), coalesce(sum(duration_s), 0)
    from clip_verdicts where is_keeper
)
order by place, duration_s desc, reason
