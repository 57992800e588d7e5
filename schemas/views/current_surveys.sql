-- Each video as the chosen survey saw it.
select *
from surveys
where survey_version = (select settings_hash from current_choices where stage = 'survey')
