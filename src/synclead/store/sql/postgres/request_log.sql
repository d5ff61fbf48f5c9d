-- name: lock_request_log
-- One writer of ids at a time, and none while a lead is forgotten. What is written here may be lost when the power
-- fails: no call waits for the disk.
SELECT pg_advisory_xact_lock(($1::json ->> 'key')::bigint), set_config('synchronous_commit', 'off', true)

-- name: insert_requests
-- Calls, under the next ids: none of a lead that is forgotten or of a subscription that is gone, and nothing of what
-- was asked where a lead was forgotten since the call that may be its own.
INSERT INTO request_log (subscription_id, id, failed, at, lead_id, document)
SELECT (new.value ->> 0)::integer, (SELECT coalesce(max(id), 0) FROM request_log) + new.place,
       (new.value ->> 1)::boolean, (new.value ->> 2)::bigint, (new.value ->> 3)::integer,
       CASE
           WHEN (new.value ->> 5)::bigint <> (SELECT coalesce(max(number), 0) FROM forgetting)
           THEN jsonb_set(
               jsonb_set(new.value -> 4, '{asked}', $1::jsonb -> 'hidden', false),
               '{message}', $1::jsonb -> 'hidden', false
           )
           ELSE new.value -> 4
       END
FROM jsonb_array_elements($1::jsonb -> 'rows') WITH ORDINALITY AS new (value, place)
WHERE ((new.value ->> 0)::integer = 0 OR (new.value ->> 0)::integer IN (SELECT id FROM subscription))
  AND NOT EXISTS (
      SELECT 1
      FROM lead
      WHERE lead.subscription_id = (new.value ->> 0)::integer
        AND lead.id = (new.value ->> 3)::integer
        AND lead.forgotten_at IS NOT NULL
  )

-- name: trim_requests
-- Of a subscription's faults, or of its other calls, all but the last ones.
DELETE FROM request_log
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND failed = ($1::json ->> 'failed')::boolean
  AND (at, id) <= (
      SELECT at, id FROM request_log
      WHERE subscription_id = ($1::json ->> 'subscription')::integer
        AND failed = ($1::json ->> 'failed')::boolean
      ORDER BY at DESC, id DESC LIMIT 1 OFFSET ($1::json ->> 'keep')::integer
  )

-- name: expire_requests
-- Calls that are too old.
DELETE FROM request_log WHERE at < ($1::json ->> 'before')::bigint

-- name: read_forgetting
-- How many leads were forgotten.
SELECT coalesce(max(number), 0) FROM forgetting WHERE id = ($1::json ->> 'row')::integer
