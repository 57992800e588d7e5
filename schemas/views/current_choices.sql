-- Which settings are shown: the latest choice of each stage.
select stage, settings_hash
from choices
qualify row_number() over (partition by stage order by chosen_at desc, settings_hash) = 1
