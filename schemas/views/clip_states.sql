-- Every clip of the chosen split and what became of it: `kept`, `near_duplicate`, or `dropped`
-- with the reason; with its scores, and its best long caption.
select
    c.*,
    src.uri,
    case
        when not v.keep then 'dropped'
        when k.clip_id is null then 'near_duplicate'
        else 'kept'
    end as state,
    v.reason,
    s.* exclude (clip_id, version, batch_id),
    cap.text as caption
from current_clips c
join verdicts v using (clip_id)
left join keepers k using (clip_id)
left join current_scores s using (clip_id)
left join (select video_id, min(uri) as uri from sources group by video_id) src using (video_id)
left join best_captions cap on cap.clip_id = c.clip_id and cap.kind = 'long'
