-- Leads with one line of history each, as calls would have left them.
INSERT INTO lead (email, first_name, last_name, company, attributes)
SELECT 'known-' || number || '@bench.example', 'Jane', 'Doe', 'Example GmbH',
       jsonb_build_object('Phone', '+49 30 1234567', 'LeadScore', '0')
FROM generate_series(1, {count}) AS number;
INSERT INTO activity (lead_id, type) SELECT id, 'New Lead' FROM lead ORDER BY id;
VACUUM (ANALYZE) lead, activity;
