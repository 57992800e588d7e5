-- One caption per clip and kind. What a person reviewed last wins over every captioner; a caption
-- that a person rejected is withdrawn with all that were there, until another is written. Else of
-- the chosen captioner where it has one, else the newest. Of source captions: the one that covers
-- most of the clip, the shortest of equals. Windows of a clip are not captions of it, and neither
-- is what was found to stand on many clips: a later `duplicate` withdraws what those settings wrote.
with withdrawn as (
    select clip_id, settings_hash, max(created_at) as withdrawn_at
    from captions
    where status = 'duplicate' and captioner <> 'review' and clip_id is not null
    group by clip_id, settings_hash
),
reviewed as (
    select clip_id, kind, caption_id, status, created_at
    from captions
    where captioner = 'review' and clip_id is not null
    qualify row_number() over (
        partition by clip_id, kind order by created_at desc, caption_id
    ) = 1
)
select cap.* exclude (overlap_s)
from clip_captions cap
left join reviewed r using (clip_id, kind)
left join withdrawn w using (clip_id, settings_hash)
where cap.kind <> 'window'
  and cap.status = 'ok'
  and (w.withdrawn_at is null or cap.created_at > w.withdrawn_at)
  and case
      when r.status is null then true
      when r.status = 'ok' then cap.caption_id = r.caption_id
      else cap.captioner <> 'review' and cap.created_at > r.created_at
  end
qualify row_number() over (
    partition by clip_id, kind
    order by
        cap.settings_hash = (select settings_hash from current_choices where stage = 'caption')
            desc nulls last,
        cap.overlap_s desc nulls first,
        cap.end_s - cap.start_s,
        cap.created_at desc,
        cap.caption_id
) = 1
