-- The clips that pass every rule and are their group's keeper, with all that is known.
select
    c.clip_id,
    c.video_id,
    src.uri,
    c.shot_index,
    c.start_frame,
    c.end_frame,
    c.start_pts,
    c.end_pts,
    c.time_base_num,
    c.time_base_den,
    c.start_s,
    c.end_s,
    c.duration_s,
    c.num_frames,
    c.fps,
    c.width_px,
    c.height_px,
    case
        when c.width_px > c.height_px then 'landscape'
        when c.width_px < c.height_px then 'portrait'
        else 'square'
    end as orientation,
    k.group_id,
    k.num_in_group,
    s.* exclude (clip_id, version, batch_id),
    cap.text as caption
from keepers k
join current_clips c using (clip_id)
join current_scores s using (clip_id)
left join (select video_id, min(uri) as uri from sources group by video_id) src using (video_id)
left join best_captions cap on cap.clip_id = c.clip_id and cap.kind = 'long'
