-- name: read_import
-- How far a file is imported.
SELECT position, refused_bytes, counts, started_at, finished_at
FROM import_progress
WHERE subscription_id = ($1::json ->> 'subscription')::integer
  AND file = $1::json ->> 'file'
  AND options = $1::json ->> 'options'

-- name: store_import
-- How far a file is imported once this transaction is committed.
INSERT INTO import_progress
    (subscription_id, file, options, position, refused_bytes, counts, started_at, finished_at)
VALUES (($1::jsonb ->> 'subscription')::integer, $1::jsonb ->> 'file', $1::jsonb ->> 'options',
        ($1::jsonb ->> 'position')::bigint, ($1::jsonb ->> 'refused_bytes')::bigint, $1::jsonb -> 'counts',
        ($1::jsonb ->> 'started_at')::bigint, ($1::jsonb ->> 'finished_at')::bigint)
ON CONFLICT (subscription_id, file, options) DO UPDATE
SET position = excluded.position,
    refused_bytes = excluded.refused_bytes,
    counts = excluded.counts,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at
