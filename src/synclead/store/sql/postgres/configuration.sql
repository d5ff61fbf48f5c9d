-- name: read_subscription
-- A subscription's own row.
SELECT id, name, munchkin_account, munchkin_aliases, workspaces_enabled, time_zone, policy
FROM subscription
WHERE id = ($1::json ->> 'subscription')::integer

-- name: read_partitions
-- Its partitions, in order.
SELECT name
FROM lead_partition
WHERE subscription_id = ($1::json ->> 'subscription')::integer
ORDER BY position

-- name: read_workspaces
-- Its workspaces, in order.
SELECT name, primary_partition
FROM workspace
WHERE subscription_id = ($1::json ->> 'subscription')::integer
ORDER BY position

-- name: read_rules
-- Its assignment rules, in order.
SELECT "partition", conditions
FROM assignment_rule
WHERE subscription_id = ($1::json ->> 'subscription')::integer
ORDER BY position

-- name: read_fields
-- Its own fields.
SELECT name, soap_name, rest_name, label, type, read_only, max_length, auto
FROM field
WHERE subscription_id = ($1::json ->> 'subscription')::integer
ORDER BY name
