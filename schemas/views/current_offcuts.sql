-- What the chosen split left out of clips, with the reason.
select *
from offcuts
where settings_hash = (select settings_hash from current_choices where stage = 'split')
