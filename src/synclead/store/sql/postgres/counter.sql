-- name: lock_counter
-- The subscription's next numbers and config version, and the seconds that the lock took, which is locked when the
-- outer level looks at the clock. Keeps every other writer of the subscription out.
SELECT next_lead_id, next_activity_id, next_change, config_version,
       extract(epoch FROM clock_timestamp() - statement_timestamp())::float8
FROM (
    SELECT next_lead_id, next_activity_id, next_change, config_version
    FROM counter
    WHERE subscription_id = ($1::json ->> 'subscription')::integer
    FOR UPDATE
) AS locked

-- name: read_counter
-- The same without a lock, for a plan that will not be written.
SELECT next_lead_id, next_activity_id, next_change, config_version, 0::float8
FROM counter
WHERE subscription_id = ($1::json ->> 'subscription')::integer

-- name: store_counter
-- The next numbers as planning left them.
UPDATE counter
SET next_lead_id = ($1::json ->> 'next_lead_id')::bigint,
    next_activity_id = ($1::json ->> 'next_activity_id')::bigint,
    next_change = ($1::json ->> 'next_change')::bigint,
    config_version = ($1::json ->> 'config_version')::bigint
WHERE subscription_id = ($1::json ->> 'subscription')::integer

-- name: store_group
-- The number of the group that this process commits here and now.
INSERT INTO group_commit (subscription_id, process, number)
VALUES (($1::json ->> 'subscription')::integer, $1::json ->> 'process', ($1::json ->> 'number')::bigint)
ON CONFLICT (subscription_id, process) DO UPDATE SET number = excluded.number

-- name: read_group
-- The number of the last group that this process committed.
SELECT number
FROM group_commit
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND process = $1::json ->> 'process'

-- name: drop_group
-- Forgets a process that ends in peace.
DELETE FROM group_commit
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND process = $1::json ->> 'process'
