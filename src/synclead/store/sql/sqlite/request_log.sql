-- name: lock_request_log
-- Nothing to do: BEGIN IMMEDIATE keeps every other writer out.
SELECT json_extract(:document, '$.key')

-- name: insert_requests
-- Calls, under the next ids: none of a lead that is forgotten or of a subscription that is gone, and nothing of what
-- was asked where a lead was forgotten since the call that may be its own.
INSERT INTO request_log (subscription_id, id, failed, at, lead_id, document)
SELECT json_extract(value, '$[0]'), (SELECT coalesce(max(id), 0) FROM request_log) + key + 1,
       json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'),
       CASE
           WHEN json_extract(value, '$[5]') <> (SELECT coalesce(max(number), 0) FROM forgetting)
           THEN json_replace(
               json_extract(value, '$[4]'),
               '$.asked', json_extract(:document, '$.hidden'), '$.message', json_extract(:document, '$.hidden')
           )
           ELSE json_extract(value, '$[4]')
       END
FROM json_each(:document, '$.rows')
WHERE (json_extract(value, '$[0]') = 0 OR json_extract(value, '$[0]') IN (SELECT id FROM subscription))
  AND NOT EXISTS (
      SELECT 1
      FROM lead
      WHERE subscription_id = json_extract(value, '$[0]')
        AND lead.id = json_extract(value, '$[3]')
        AND forgotten_at IS NOT NULL
  )

-- name: trim_requests
-- Of a subscription's faults, or of its other calls, all but the last ones.
DELETE FROM request_log
WHERE subscription_id = json_extract(:document, '$.subscription')
  AND failed = json_extract(:document, '$.failed')
  AND (at, id) <= (
      SELECT at, id FROM request_log
      WHERE subscription_id = json_extract(:document, '$.subscription')
        AND failed = json_extract(:document, '$.failed')
      ORDER BY at DESC, id DESC LIMIT 1 OFFSET json_extract(:document, '$.keep')
  )

-- name: expire_requests
-- Calls that are too old.
DELETE FROM request_log WHERE at < json_extract(:document, '$.before')

-- name: read_forgetting
-- How many leads were forgotten.
SELECT coalesce(max(number), 0) FROM forgetting WHERE id = json_extract(:document, '$.row')
