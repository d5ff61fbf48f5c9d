-- part: lead
-- A lead with its foreign ids and the number of its cookies, up to a bound; without its values and foreign ids where
-- those before it and its own are more bytes than what was asked for allows.
l.id, l."partition", l.email, l.email_key, l.change, l.created_at, l.updated_at,
CASE WHEN l.bytes <= coalesce(($1::jsonb ->> 'bytes')::bigint, 9007199254740992) THEN l.field_values END,
CASE WHEN l.bytes <= coalesce(($1::jsonb ->> 'bytes')::bigint, 9007199254740992) THEN l.foreign_ids END,
(
    SELECT count(*)
    FROM (
        SELECT 1
        FROM cookie AS own
        WHERE own.subscription_id = ($1::jsonb ->> 'subscription')::integer AND own.lead_id = l.id
        LIMIT ($1::jsonb ->> 'limit')::bigint + 1
    ) AS few
)

-- part: foreign_ids
-- The foreign ids of a lead, of each type the last ones set.
(
    SELECT coalesce(json_agg(json_build_array(f.type, f.id, f.set_change)), '[]')
    FROM (VALUES ('CUSTOM'), ('SFDC'), ('NETSUITE')) AS kind (type)
    CROSS JOIN LATERAL (
        SELECT own.type, own.id, own.set_change
        FROM foreign_id AS own
        WHERE own.subscription_id = l.subscription_id AND own.lead_id = l.id AND own.type = kind.type
        ORDER BY own.set_change DESC
        LIMIT ($1::jsonb ->> 'limit')::bigint
    ) AS f
) AS foreign_ids

-- part: weighed
-- With the bytes of the leads before it and its own. No order, so that nothing is sorted.
SELECT l.*, sum(256 + octet_length(l.field_values::text) + octet_length(l.foreign_ids::text))
            OVER (ROWS UNBOUNDED PRECEDING) AS bytes

-- part: few
-- Rows beyond these are beyond the bytes too: each counts 256 at least.
LIMIT coalesce(($1::jsonb ->> 'bytes')::bigint, 9007199254740992) / 256 + 1

-- part: of_held
-- The lead of a key. OFFSET 0 here and below: each key is looked up by itself, whatever the planner knows of the tables.
CROSS JOIN LATERAL (
    SELECT one.*
    FROM lead AS one
    WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer AND one.id = held.lead_id
    OFFSET 0
) AS l

-- name: find_ids
-- The leads of Ids; the Id of a merged lead stands for the survivor, a forgotten one for nobody.
SELECT l.given, {lead}
FROM (
    {weighed}
    FROM (
        SELECT given.id AS given, l.*, {foreign_ids}
        FROM jsonb_array_elements_text($1::jsonb -> 'keys') AS key (value)
        CROSS JOIN LATERAL (
            SELECT one.id, one.merged_into
            FROM lead AS one
            WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer AND one.id = key.value::integer
            OFFSET 0
        ) AS given
        CROSS JOIN LATERAL (
            SELECT one.*
            FROM lead AS one
            WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer
              AND one.id = coalesce(given.merged_into, given.id)
            OFFSET 0
        ) AS l
        WHERE l.forgotten_at IS NULL
        OFFSET 0
    ) AS l
) AS l
{few}

-- name: find_foreign_ids
-- The leads that have foreign ids; a key is a type and an id.
SELECT l.held_type, l.held_id, {lead}
FROM (
    {weighed}
    FROM (
        SELECT held.type AS held_type, held.id AS held_id, l.*, {foreign_ids}
        FROM jsonb_array_elements($1::jsonb -> 'keys') AS key (value)
        CROSS JOIN LATERAL (
            SELECT one.type, one.id, one.lead_id
            FROM foreign_id AS one
            WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer
              AND one.type = key.value ->> 0
              AND one.id = key.value ->> 1
            OFFSET 0
        ) AS held
        {of_held}
        OFFSET 0
    ) AS l
) AS l
{few}

-- name: find_cookies
-- The known leads of cookies.
SELECT l.token, {lead}
FROM (
    {weighed}
    FROM (
        SELECT held.token, l.*, {foreign_ids}
        FROM jsonb_array_elements_text($1::jsonb -> 'keys') AS key (value)
        CROSS JOIN LATERAL (
            SELECT one.token, one.lead_id
            FROM cookie AS one
            WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer AND one.token = key.value
            OFFSET 0
        ) AS held
        {of_held}
        OFFSET 0
    ) AS l
) AS l
{few}

-- name: find_visitors
-- The anonymous visitors of cookies.
SELECT held.token, v.id, v.field_values
FROM jsonb_array_elements_text($1::jsonb -> 'keys') AS key (value)
CROSS JOIN LATERAL (
    SELECT one.token, one.visitor_id
    FROM cookie AS one
    WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer
      AND one.token = key.value
      AND one.lead_id IS NULL
    OFFSET 0
) AS held
CROSS JOIN LATERAL (
    SELECT one.id, one.field_values
    FROM visitor AS one
    WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer AND one.id = held.visitor_id
    OFFSET 0
) AS v

-- name: find_emails
-- Of each Email's leads the last changed.
SELECT {lead}
FROM (
    {weighed}
    FROM (
        SELECT l.*, {foreign_ids}
        FROM jsonb_array_elements_text($1::jsonb -> 'keys') AS key (value)
        CROSS JOIN LATERAL (
            SELECT candidate.*
            FROM lead AS candidate
            WHERE candidate.subscription_id = ($1::jsonb ->> 'subscription')::integer
              AND candidate.email_key = key.value
            ORDER BY candidate.change DESC
            LIMIT ($1::jsonb ->> 'limit')::bigint
        ) AS l
        OFFSET 0
    ) AS l
) AS l
{few}

-- name: find_emails_without_type
-- Of each Email's leads without a foreign id of a type the last changed; a key is an Email and a type.
SELECT {lead}
FROM (
    {weighed}
    FROM (
        SELECT l.*, {foreign_ids}
        FROM jsonb_array_elements($1::jsonb -> 'keys') AS key (value)
        CROSS JOIN LATERAL (
            SELECT candidate.*
            FROM lead AS candidate
            WHERE candidate.subscription_id = ($1::jsonb ->> 'subscription')::integer
              AND candidate.email_key = key.value ->> 0
              AND NOT EXISTS (
                  SELECT 1
                  FROM foreign_id AS own
                  WHERE own.subscription_id = candidate.subscription_id
                    AND own.lead_id = candidate.id
                    AND own.type = key.value ->> 1
              )
            ORDER BY candidate.change DESC
            LIMIT ($1::jsonb ->> 'limit')::bigint
        ) AS l
        OFFSET 0
    ) AS l
) AS l
{few}

-- name: find_emails_without_types
-- The same for those that have none of several types; a key is an Email and three types, the last one repeated.
SELECT {lead}
FROM (
    {weighed}
    FROM (
        SELECT l.*, {foreign_ids}
        FROM jsonb_array_elements($1::jsonb -> 'keys') AS key (value)
        CROSS JOIN LATERAL (
            SELECT candidate.*
            FROM lead AS candidate
            WHERE candidate.subscription_id = ($1::jsonb ->> 'subscription')::integer
              AND candidate.email_key = key.value ->> 0
              AND NOT EXISTS (
                  SELECT 1
                  FROM foreign_id AS own
                  WHERE own.subscription_id = candidate.subscription_id
                    AND own.lead_id = candidate.id
                    AND own.type IN (key.value ->> 1, key.value ->> 2, key.value ->> 3)
              )
            ORDER BY candidate.change DESC
            LIMIT ($1::jsonb ->> 'limit')::bigint
        ) AS l
        OFFSET 0
    ) AS l
) AS l
{few}

-- name: find_forgotten
-- Which of the Ids are forgotten leads'.
SELECT l.id
FROM jsonb_array_elements_text($1::jsonb -> 'keys') AS key (value)
CROSS JOIN LATERAL (
    SELECT one.id
    FROM lead AS one
    WHERE one.subscription_id = ($1::jsonb ->> 'subscription')::integer
      AND one.id = key.value::integer
      AND one.forgotten_at IS NOT NULL
    OFFSET 0
) AS l
