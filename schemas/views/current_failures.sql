-- What failed under the chosen settings: the newest row per file, stage and reason.
select f.*
from failures f
join commits c using (batch_id)
where f.stage <> 'survey'
   or c.settings_hash = (select settings_hash from current_choices where stage = 'survey')
qualify row_number() over (
    partition by f.uri, f.clip_id, f.stage, f.reason order by c.committed_at desc, f.batch_id
) = 1
