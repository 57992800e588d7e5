-- The shots of the chosen split.
select *
from shots
where settings_hash = (select settings_hash from current_choices where stage = 'split')
