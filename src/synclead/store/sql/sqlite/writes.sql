-- part: of_row
-- The subscription, as if it hung on the row of the document: so SQLite must look up each row by its whole key.
coalesce(json_extract(:document, '$.subscription'), new.key)

-- name: insert_leads
-- New leads.
INSERT INTO lead (subscription_id, id, "partition", email, email_key, change, created_at, updated_at, field_values)
SELECT json_extract(:document, '$.subscription'),
       json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]')
FROM json_each(:document, '$.rows')

-- name: update_leads
-- Leads that changed.
UPDATE lead
SET "partition" = json_extract(new.value, '$[1]'),
    email = json_extract(new.value, '$[2]'),
    email_key = json_extract(new.value, '$[3]'),
    change = json_extract(new.value, '$[4]'),
    updated_at = json_extract(new.value, '$[6]'),
    field_values = json_extract(new.value, '$[7]')
FROM json_each(:document, '$.rows') AS new
WHERE lead.subscription_id = {of_row}
  AND lead.id = json_extract(new.value, '$[0]')

-- name: insert_foreign_ids
-- Foreign ids that nobody had.
INSERT INTO foreign_id (subscription_id, type, id, lead_id, set_change)
SELECT json_extract(:document, '$.subscription'),
       json_extract(value, '$[0]'), json_extract(value, '$[1]'),
       json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(:document, '$.rows')

-- name: move_foreign_ids
-- Foreign ids that another lead had.
UPDATE foreign_id
SET lead_id = json_extract(new.value, '$[2]'), set_change = json_extract(new.value, '$[3]')
FROM json_each(:document, '$.rows') AS new
WHERE foreign_id.subscription_id = {of_row}
  AND foreign_id.type = json_extract(new.value, '$[0]')
  AND foreign_id.id = json_extract(new.value, '$[1]')

-- name: insert_cookies
-- Cookies seen for the first time.
INSERT INTO cookie (subscription_id, token, lead_id)
SELECT json_extract(:document, '$.subscription'), json_extract(value, '$[0]'), json_extract(value, '$[1]')
FROM json_each(:document, '$.rows')

-- name: move_cookies
-- Cookies of a visitor or of another lead.
UPDATE cookie
SET lead_id = json_extract(new.value, '$[1]')
FROM json_each(:document, '$.rows') AS new
WHERE cookie.subscription_id = {of_row}
  AND cookie.token = json_extract(new.value, '$[0]')

-- name: know_visitors
-- Visitors whose history is from now on a lead's.
UPDATE visitor
SET lead_id = json_extract(new.value, '$[1]')
FROM json_each(:document, '$.rows') AS new
WHERE visitor.subscription_id = {of_row}
  AND visitor.id = json_extract(new.value, '$[0]')

-- name: insert_activities
-- Lines of history.
INSERT INTO activity (subscription_id, id, lead_id, type, at, attributes)
SELECT json_extract(:document, '$.subscription'),
       json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]')
FROM json_each(:document, '$.rows')

-- name: insert_fields
-- Fields that calls made by naming them.
INSERT INTO field (subscription_id, name, soap_name, rest_name, label, type, read_only, max_length, auto)
SELECT json_extract(:document, '$.subscription'),
       json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]')
FROM json_each(:document, '$.rows')
