-- From a sample back to the files it learned from, and forward again: one row per sample and
-- source clip. Filter by sample_id for one direction, by uri or video_id for the other.
-- `reviewers` are those who had reviewed the clip or its captions when it was frozen.
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
    src.uri,
    r.reviewers
from datasets d
join dataset_clips m using (dataset_id)
left join sources src on src.video_id = m.video_id
left join (
    select d.name, r.clip_id, list(distinct r.reviewer order by r.reviewer) as reviewers
    from reviews r
    join datasets d on r.created_at <= d.created_at
    group by d.name, r.clip_id
) r on r.name = d.name and r.clip_id = m.clip_id
left join checkpoints c on c.dataset_id = d.dataset_id
left join samples s on s.checkpoint_id = c.checkpoint_id
