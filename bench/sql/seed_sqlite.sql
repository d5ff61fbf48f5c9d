-- Leads with one line of history each, as calls would have left them, and the counter behind them.
BEGIN;
INSERT INTO lead (subscription_id, id, "partition", email, email_key, change, created_at, updated_at, field_values)
WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {count})
SELECT {subscription}, number, 'Default', 'known-' || number || '@bench.example',
       'known-' || number || '@bench.example', number, {at}, {at}, {values}
FROM numbers;
INSERT INTO activity (subscription_id, id, lead_id, type, at, attributes)
WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {count})
SELECT {subscription}, number, number, 'New Lead', {at}, {attributes}
FROM numbers;
UPDATE counter
SET next_lead_id = {count} + 1, next_activity_id = {count} + 1, next_change = {count} + 1
WHERE subscription_id = {subscription};
COMMIT;
