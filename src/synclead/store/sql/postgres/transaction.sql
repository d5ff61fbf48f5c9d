-- name: set_limits
-- Deadlines in milliseconds, and plans that look each row up by its key, never compiled; `local`: of one transaction.
SELECT set_config('lock_timeout', limits.given ->> 'lock', limits.local),
       set_config('statement_timeout', limits.given ->> 'statement', limits.local),
       set_config('idle_in_transaction_session_timeout', limits.given ->> 'idle', limits.local),
       CASE WHEN current_setting('server_version_num')::integer >= 170000
            THEN set_config('transaction_timeout', limits.given ->> 'transaction', limits.local) END,
       set_config('enable_seqscan', 'off', limits.local),
       set_config('enable_hashjoin', 'off', limits.local),
       set_config('enable_mergejoin', 'off', limits.local),
       set_config('plan_cache_mode', 'force_generic_plan', limits.local),
       set_config('jit', 'off', limits.local)
FROM (SELECT $1::json AS given, ($1::json ->> 'local')::boolean AS local) AS limits
