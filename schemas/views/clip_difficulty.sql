-- How hard each clip was for the newest training that used it: `relative_loss` is 1 for a clip as
-- hard as others at the same noise levels. High ones are worth a look: wrong captions, odd footage.
select distinct on (clip_id)
    clip_id, checkpoint_id, num_seen, loss, relative_loss, num_skipped
from clip_losses
order by clip_id, created_at desc
