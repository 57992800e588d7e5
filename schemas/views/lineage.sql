-- From a sample back to the files it learned from, and forward again: one row per sample and
-- source clip. Filter by sample_id for one direction, by uri or video_id for the other.
select
    s.sample_id,
    s.path as sample_path,
    s.prompt,
    c.checkpoint_id,
    c.path as checkpoint_path,
    d.dataset_id,
    d.name as dataset,
    m.clip_id,
    m.video_id,
    src.uri
from datasets d
join dataset_clips m using (dataset_id)
left join sources src on src.video_id = m.video_id
left join checkpoints c on c.dataset_id = d.dataset_id
left join samples s on s.checkpoint_id = c.checkpoint_id
