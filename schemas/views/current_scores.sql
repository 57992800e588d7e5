-- One wide row of scores per clip, of the chosen version.
select *
from clip_scores
where version = (select settings_hash from current_choices where stage = 'score')
