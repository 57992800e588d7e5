-- One caption per clip and kind: of the chosen captioner where it has one, else the newest.
select cap.* exclude (batch_id)
from captions cap
where clip_id is not null and status = 'ok'
qualify row_number() over (
    partition by clip_id, kind
    order by
        settings_hash = (select settings_hash from current_choices where stage = 'caption')
            desc nulls last,
        created_at desc,
        caption_id
) = 1
