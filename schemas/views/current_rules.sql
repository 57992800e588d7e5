-- The rules of the chosen judge.
select *
from rules
where settings_hash = (select settings_hash from current_choices where stage = 'judge')
