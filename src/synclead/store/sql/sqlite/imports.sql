-- name: read_import
-- How far a file is imported.
SELECT position, refused_bytes, counts, started_at, finished_at
FROM import_progress
WHERE subscription_id = json_extract(:document, '$.subscription')
  AND file = json_extract(:document, '$.file')
  AND options = json_extract(:document, '$.options')

-- name: store_import
-- How far a file is imported once this transaction is committed.
INSERT INTO import_progress
    (subscription_id, file, options, position, refused_bytes, counts, started_at, finished_at)
SELECT json_extract(:document, '$.subscription'),
       json_extract(:document, '$.file'),
       json_extract(:document, '$.options'),
       json_extract(:document, '$.position'),
       json_extract(:document, '$.refused_bytes'),
       json_extract(:document, '$.counts'),
       json_extract(:document, '$.started_at'),
       json_extract(:document, '$.finished_at')
WHERE true
ON CONFLICT (subscription_id, file, options) DO UPDATE
SET position = excluded.position,
    refused_bytes = excluded.refused_bytes,
    counts = excluded.counts,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at
