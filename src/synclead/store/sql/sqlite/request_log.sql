-- name: lock_request_log
-- Nothing to do: BEGIN IMMEDIATE keeps every other writer out.
SELECT json_extract(:document, '$.key')

-- name: insert_requests
-- Calls, under the next ids.
INSERT INTO request_log (subscription_id, id, failed, at, lead_id, document)
SELECT json_extract(value, '$[0]'), (SELECT coalesce(max(id), 0) FROM request_log) + key + 1,
       json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'),
       json_extract(value, '$[4]')
FROM json_each(:document, '$.rows')

-- name: trim_requests
-- Of a subscription's faults, or of its other calls, all but the last ones.
DELETE FROM request_log
WHERE subscription_id = json_extract(:document, '$.subscription')
  AND failed = json_extract(:document, '$.failed')
  AND id <= (
      SELECT id FROM request_log
      WHERE subscription_id = json_extract(:document, '$.subscription')
        AND failed = json_extract(:document, '$.failed')
      ORDER BY id DESC LIMIT 1 OFFSET json_extract(:document, '$.keep')
  )

-- name: expire_requests
-- Calls that are too old.
DELETE FROM request_log WHERE at < json_extract(:document, '$.before')
