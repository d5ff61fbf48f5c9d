-- Leads with one line of history each, as calls would have left them, and the counter behind them.
INSERT INTO lead (subscription_id, id, "partition", email, email_key, change, created_at, updated_at, field_values)
SELECT {subscription}, number, 'Default', 'known-' || number || '@bench.example',
       'known-' || number || '@bench.example', number, {at}, {at}, {values}
FROM generate_series(1, {count}) AS number;
INSERT INTO activity (subscription_id, id, lead_id, type, at, attributes)
SELECT {subscription}, number, number, 'New Lead', {at}, {attributes}
FROM generate_series(1, {count}) AS number;
UPDATE counter
SET next_lead_id = {count} + 1, next_activity_id = {count} + 1, next_change = {count} + 1
WHERE subscription_id = {subscription};
VACUUM (ANALYZE) lead, activity;
