-- The clips that the chosen split holds.
select c.* exclude (batch_id), s.shot_index
from splits s
join clips c using (clip_id)
where s.settings_hash = (select settings_hash from current_choices where stage = 'split')
