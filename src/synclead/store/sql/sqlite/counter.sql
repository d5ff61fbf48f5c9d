-- name: lock_counter
-- The subscription's next numbers and config version, and the seconds that BEGIN IMMEDIATE waited for the database.
SELECT next_lead_id, next_activity_id, next_change, config_version, lock_wait()
FROM counter
WHERE subscription_id = json_extract(:document, '$.subscription')

-- name: read_counter
-- The same without a lock, for a plan that will not be written.
SELECT next_lead_id, next_activity_id, next_change, config_version, 0.0
FROM counter
WHERE subscription_id = json_extract(:document, '$.subscription')

-- name: store_counter
-- The next numbers as planning left them.
UPDATE counter
SET next_lead_id = json_extract(:document, '$.next_lead_id'),
    next_activity_id = json_extract(:document, '$.next_activity_id'),
    next_change = json_extract(:document, '$.next_change'),
    config_version = json_extract(:document, '$.config_version')
WHERE subscription_id = json_extract(:document, '$.subscription')

-- name: store_group
-- The number of the group that this process commits here and now.
INSERT INTO group_commit (subscription_id, process, number, at)
SELECT json_extract(:document, '$.subscription'),
       json_extract(:document, '$.process'),
       json_extract(:document, '$.number'),
       strftime('%s', 'now') * 1000000
WHERE true
ON CONFLICT (subscription_id, process) DO UPDATE SET number = excluded.number, at = excluded.at

-- name: confirm_group
-- Whether that was the last group that this process committed. Writes it once more: a commit of this is also one of all
-- that was committed before.
UPDATE group_commit
SET number = number
WHERE subscription_id = json_extract(:document, '$.subscription')
  AND process = json_extract(:document, '$.process')
  AND number = json_extract(:document, '$.number')
RETURNING number

-- name: date_groups
-- Begins to count the age of what a process of an older release has committed.
UPDATE group_commit
SET at = strftime('%s', 'now') * 1000000
WHERE subscription_id = json_extract(:document, '$.subscription') AND at IS NULL

-- name: expire_groups
-- Forgets processes that committed nothing for so many seconds, since nobody asks for so old a number: most are gone.
DELETE FROM group_commit
WHERE subscription_id = json_extract(:document, '$.subscription')
  AND at < (strftime('%s', 'now') - json_extract(:document, '$.seconds')) * 1000000

-- name: drop_group
-- Forgets a process that ends in peace.
DELETE FROM group_commit
WHERE subscription_id = json_extract(:document, '$.subscription')
  AND process = json_extract(:document, '$.process')
