-- Near-duplicate groups of the chosen dedupe, among the clips of the chosen split.
-- A clip whose group grew has a newer row; the newest counts.
select d.*
from duplicates d
join commits using (batch_id)
where d.settings_hash = (select settings_hash from current_choices where stage = 'dedupe')
  and d.clip_id in (select clip_id from current_clips)
qualify row_number() over (partition by d.clip_id order by committed_at desc, d.batch_id) = 1
