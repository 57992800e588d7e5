-- Of the clips that the rules keep: the best of each near-duplicate group, and every clip
-- that is in no group. Computed among present survivors, so that a clip which a rule drops
-- never takes its group with it. Best: most pixels, then longest, then sharpest.
select
    c.clip_id,
    d.group_id,
    count(*) over (partition by coalesce(d.group_id, c.clip_id)) as num_in_group
from verdicts v
join current_clips c using (clip_id)
join current_scores s using (clip_id)
left join current_duplicates d using (clip_id)
where v.keep
qualify row_number() over (
    partition by coalesce(d.group_id, c.clip_id)
    order by
        c.width_px * c.height_px desc,
        c.duration_s desc,
        s.sharpness desc,
        c.clip_id
) = 1
