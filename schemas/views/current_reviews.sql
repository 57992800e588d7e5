-- What people decided about clips: keep or drop, whatever the rules say. The latest word counts;
-- `rules` takes an earlier one back.
select * exclude (batch_id)
from (
    select *
    from reviews
    where decision in ('keep', 'drop', 'rules')
    qualify row_number() over (
        partition by clip_id order by created_at desc, review_id
    ) = 1
)
where decision <> 'rules'
