-- Of the clips that the rules keep: the best of each near-duplicate group, and every clip
-- that is in no group. Computed among present survivors, so that a clip which a rule drops
-- never takes its group with it. Best: kept by a person, most pixels, then longest, then
-- sharpest. What a person keeps is kept, however many of a group.
select
    c.clip_id,
    d.group_id,
    count(*) over (partition by coalesce(d.group_id, c.clip_id)) as num_in_group
from verdicts v
join current_clips c using (clip_id)
join current_scores s using (clip_id)
left join current_duplicates d using (clip_id)
left join current_reviews r using (clip_id)
where v.keep
qualify r.decision is not distinct from 'keep' or row_number() over (
    partition by coalesce(d.group_id, c.clip_id)
    order by
        r.decision is not distinct from 'keep' desc,
        c.width_px * c.height_px desc,
        c.duration_s desc,
        s.sharpness desc,
        c.clip_id
) = 1
