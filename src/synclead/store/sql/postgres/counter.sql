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
INSERT INTO group_commit (subscription_id, process, number, at)
VALUES (
    ($1::json ->> 'subscription')::integer, $1::json ->> 'process', ($1::json ->> 'number')::bigint,
    (extract(epoch FROM now()) * 1000000)::bigint
)
ON CONFLICT (subscription_id, process) DO UPDATE SET number = excluded.number, at = excluded.at

-- name: confirm_group
-- Whether that was the last group that this process committed. Writes it once more: a commit of this is also one of all
-- that was committed before, on a standby too.
UPDATE group_commit
SET number = number
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND process = $1::json ->> 'process'
  AND number = ($1::json ->> 'number')::bigint
RETURNING number

-- name: date_groups
-- Begins to count the age of what a process of an older release has committed.
UPDATE group_commit
SET at = (extract(epoch FROM now()) * 1000000)::bigint
WHERE subscription_id = ($1::json ->> 'subscription')::integer AND at IS NULL

-- name: expire_groups
-- Forgets processes that committed nothing for so many seconds, since nobody asks for so old a number: most are gone.
DELETE FROM group_commit
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND at < ((extract(epoch FROM now()) - ($1::json ->> 'seconds')::bigint) * 1000000)::bigint

-- name: drop_group
-- Forgets a process that ends in peace.
DELETE FROM group_commit
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND process = $1::json ->> 'process'
