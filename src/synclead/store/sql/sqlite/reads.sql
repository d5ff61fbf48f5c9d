-- part: lead
-- A lead with its foreign ids (of each type the last ones set) and the number of its cookies, up to a bound.
l.id, l."partition", l.email, l.email_key, l.change, l.created_at, l.updated_at, l.field_values,
(
    SELECT json_group_array(json_array(f.type, f.id, f.set_change))
    FROM (
        SELECT *
        FROM (
            SELECT type, id, set_change
            FROM foreign_id
            WHERE subscription_id = l.subscription_id AND lead_id = l.id AND type = 'CUSTOM'
            ORDER BY set_change DESC
            LIMIT json_extract(:document, '$.limit')
        )
        UNION ALL
        SELECT *
        FROM (
            SELECT type, id, set_change
            FROM foreign_id
            WHERE subscription_id = l.subscription_id AND lead_id = l.id AND type = 'SFDC'
            ORDER BY set_change DESC
            LIMIT json_extract(:document, '$.limit')
        )
        UNION ALL
        SELECT *
        FROM (
            SELECT type, id, set_change
            FROM foreign_id
            WHERE subscription_id = l.subscription_id AND lead_id = l.id AND type = 'NETSUITE'
            ORDER BY set_change DESC
            LIMIT json_extract(:document, '$.limit')
        )
    ) AS f
),
(
    SELECT count(*)
    FROM (
        SELECT 1
        FROM cookie
        WHERE subscription_id = l.subscription_id AND lead_id = l.id
        LIMIT json_extract(:document, '$.limit') + 1
    )
)

-- name: find_ids
-- The leads of Ids; the Id of a merged lead stands for the survivor, a forgotten one for nobody.
SELECT given.id, {lead}
FROM json_each(:document, '$.keys') AS key
CROSS JOIN lead AS given
    ON given.subscription_id = json_extract(:document, '$.subscription') AND given.id = key.value
CROSS JOIN lead AS l
    ON l.subscription_id = given.subscription_id AND l.id = coalesce(given.merged_into, given.id)
WHERE l.forgotten_at IS NULL

-- name: find_foreign_ids
-- The leads that have foreign ids; a key is a type and an id.
SELECT held.type, held.id, {lead}
FROM json_each(:document, '$.keys') AS key
CROSS JOIN foreign_id AS held
    ON held.subscription_id = json_extract(:document, '$.subscription')
    AND held.type = json_extract(key.value, '$[0]')
    AND held.id = json_extract(key.value, '$[1]')
CROSS JOIN lead AS l
    ON l.subscription_id = held.subscription_id AND l.id = held.lead_id

-- name: find_cookies
-- The known leads of cookies.
SELECT held.token, {lead}
FROM json_each(:document, '$.keys') AS key
CROSS JOIN cookie AS held
    ON held.subscription_id = json_extract(:document, '$.subscription') AND held.token = key.value
CROSS JOIN lead AS l
    ON l.subscription_id = held.subscription_id AND l.id = held.lead_id

-- name: find_visitors
-- The anonymous visitors of cookies.
SELECT held.token, v.id, v.field_values
FROM json_each(:document, '$.keys') AS key
CROSS JOIN cookie AS held
    ON held.subscription_id = json_extract(:document, '$.subscription') AND held.token = key.value
CROSS JOIN visitor AS v
    ON v.subscription_id = held.subscription_id AND v.id = held.visitor_id
WHERE held.lead_id IS NULL

-- name: find_emails
-- Of each Email's leads the last changed.
SELECT {lead}
FROM json_each(:document, '$.keys') AS key
CROSS JOIN lead AS l
    ON l.subscription_id = json_extract(:document, '$.subscription')
    AND l.id IN (
        SELECT id
        FROM lead
        WHERE subscription_id = json_extract(:document, '$.subscription') AND email_key = key.value
        ORDER BY change DESC
        LIMIT json_extract(:document, '$.limit')
    )

-- name: find_emails_without_type
-- Of each Email's leads without a foreign id of a type the last changed; a key is an Email and a type.
SELECT {lead}
FROM json_each(:document, '$.keys') AS key
CROSS JOIN lead AS l
    ON l.subscription_id = json_extract(:document, '$.subscription')
    AND l.id IN (
        SELECT candidate.id
        FROM lead AS candidate
        WHERE candidate.subscription_id = json_extract(:document, '$.subscription')
          AND candidate.email_key = json_extract(key.value, '$[0]')
          AND NOT EXISTS (
              SELECT 1
              FROM foreign_id AS own
              WHERE own.subscription_id = candidate.subscription_id
                AND own.lead_id = candidate.id
                AND own.type = json_extract(key.value, '$[1]')
          )
        ORDER BY candidate.change DESC
        LIMIT json_extract(:document, '$.limit')
    )

-- name: find_emails_without_types
-- The same for those that have none of several types; a key is an Email and three types, the last one repeated.
SELECT {lead}
FROM json_each(:document, '$.keys') AS key
CROSS JOIN lead AS l
    ON l.subscription_id = json_extract(:document, '$.subscription')
    AND l.id IN (
        SELECT candidate.id
        FROM lead AS candidate
        WHERE candidate.subscription_id = json_extract(:document, '$.subscription')
          AND candidate.email_key = json_extract(key.value, '$[0]')
          AND NOT EXISTS (
              SELECT 1
              FROM foreign_id AS own
              WHERE own.subscription_id = candidate.subscription_id
                AND own.lead_id = candidate.id
                AND own.type IN (
                    json_extract(key.value, '$[1]'), json_extract(key.value, '$[2]'), json_extract(key.value, '$[3]')
                )
          )
        ORDER BY candidate.change DESC
        LIMIT json_extract(:document, '$.limit')
    )

-- name: find_forgotten
-- Which of the Ids are forgotten leads'.
SELECT l.id
FROM json_each(:document, '$.keys') AS key
CROSS JOIN lead AS l
    ON l.subscription_id = json_extract(:document, '$.subscription') AND l.id = key.value
WHERE l.forgotten_at IS NOT NULL
