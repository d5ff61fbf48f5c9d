-- name: insert_leads
-- New leads.
INSERT INTO lead (subscription_id, id, "partition", email, email_key, change, created_at, updated_at, field_values)
SELECT ($1::jsonb ->> 'subscription')::integer,
       (new.value ->> 0)::integer, new.value ->> 1, new.value ->> 2, new.value ->> 3,
       (new.value ->> 4)::bigint, (new.value ->> 5)::bigint, (new.value ->> 6)::bigint, new.value -> 7
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)

-- name: update_leads
-- Leads that changed.
UPDATE lead
SET "partition" = new.value ->> 1,
    email = new.value ->> 2,
    email_key = new.value ->> 3,
    change = (new.value ->> 4)::bigint,
    updated_at = (new.value ->> 6)::bigint,
    field_values = new.value -> 7
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)
WHERE lead.subscription_id = ($1::jsonb ->> 'subscription')::integer
  AND lead.id = (new.value ->> 0)::integer

-- name: insert_foreign_ids
-- Foreign ids that nobody had.
INSERT INTO foreign_id (subscription_id, type, id, lead_id, set_change)
SELECT ($1::jsonb ->> 'subscription')::integer,
       new.value ->> 0, new.value ->> 1, (new.value ->> 2)::integer, (new.value ->> 3)::bigint
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)

-- name: move_foreign_ids
-- Foreign ids that another lead had.
UPDATE foreign_id
SET lead_id = (new.value ->> 2)::integer, set_change = (new.value ->> 3)::bigint
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)
WHERE foreign_id.subscription_id = ($1::jsonb ->> 'subscription')::integer
  AND foreign_id.type = new.value ->> 0
  AND foreign_id.id = new.value ->> 1

-- name: insert_cookies
-- Cookies seen for the first time.
INSERT INTO cookie (subscription_id, token, lead_id)
SELECT ($1::jsonb ->> 'subscription')::integer, new.value ->> 0, (new.value ->> 1)::integer
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)

-- name: move_cookies
-- Cookies of a visitor or of another lead.
UPDATE cookie
SET lead_id = (new.value ->> 1)::integer
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)
WHERE cookie.subscription_id = ($1::jsonb ->> 'subscription')::integer
  AND cookie.token = new.value ->> 0

-- name: know_visitors
-- Visitors whose history is from now on a lead's.
UPDATE visitor
SET lead_id = (new.value ->> 1)::integer
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)
WHERE visitor.subscription_id = ($1::jsonb ->> 'subscription')::integer
  AND visitor.id = (new.value ->> 0)::bigint

-- name: insert_activities
-- Lines of history.
INSERT INTO activity (subscription_id, id, lead_id, type, at, attributes)
SELECT ($1::jsonb ->> 'subscription')::integer,
       (new.value ->> 0)::bigint, (new.value ->> 1)::integer, new.value ->> 2,
       (new.value ->> 3)::bigint, new.value -> 4
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)

-- name: insert_fields
-- Fields that calls made by naming them.
INSERT INTO field (subscription_id, name, soap_name, rest_name, label, type, read_only, max_length, auto)
SELECT ($1::jsonb ->> 'subscription')::integer,
       new.value ->> 0, new.value ->> 1, new.value ->> 2, new.value ->> 3, new.value ->> 4,
       (new.value ->> 5)::boolean, (new.value ->> 6)::integer, (new.value ->> 7)::boolean
FROM jsonb_array_elements($1::jsonb -> 'rows') AS new (value)
