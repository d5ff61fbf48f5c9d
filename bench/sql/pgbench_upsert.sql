\set i :i + 1
\set lead random(1, :known)
\set score :cell * 1000000 + :i
INSERT INTO lead (email, first_name, last_name, company, attributes)
VALUES (CASE WHEN :i % 2 = 0 THEN 'known-' || :lead ELSE 'new-' || :cell || '-' || :client_id || '-' || :i END || '@bench.example', 'Jane', 'Doe', 'Example GmbH', jsonb_build_object('Phone', '+49 30 1234567', 'LeadScore', :score::text))
ON CONFLICT (email) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name, company = excluded.company, attributes = lead.attributes || excluded.attributes, updated_at = now();
