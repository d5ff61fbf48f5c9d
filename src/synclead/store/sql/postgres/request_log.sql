-- name: lock_request_log
-- One writer of ids at a time. What is written here may be lost when the power fails: no call waits for the disk.
SELECT pg_advisory_xact_lock(($1::json ->> 'key')::bigint), set_config('synchronous_commit', 'off', true)

-- name: insert_requests
-- Calls, under the next ids.
INSERT INTO request_log (subscription_id, id, failed, at, lead_id, document)
SELECT (new.value ->> 0)::integer, (SELECT coalesce(max(id), 0) FROM request_log) + new.place,
       (new.value ->> 1)::boolean, (new.value ->> 2)::bigint, (new.value ->> 3)::integer, new.value -> 4
FROM jsonb_array_elements($1::jsonb -> 'rows') WITH ORDINALITY AS new (value, place)

-- name: trim_requests
-- Of a subscription's faults, or of its other calls, all but the last ones.
DELETE FROM request_log
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND failed = ($1::json ->> 'failed')::boolean
  AND id <= (
      SELECT id FROM request_log
      WHERE subscription_id = ($1::json ->> 'subscription')::integer
        AND failed = ($1::json ->> 'failed')::boolean
      ORDER BY id DESC LIMIT 1 OFFSET ($1::json ->> 'keep')::integer
  )

-- name: expire_requests
-- Calls that are too old.
DELETE FROM request_log WHERE at < ($1::json ->> 'before')::bigint
