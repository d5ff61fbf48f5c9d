-- name: set_limits
-- The deadlines of a transaction, in milliseconds, and plans that look each row up by its key, never compiled.
SELECT set_config('lock_timeout', $1::json ->> 'lock', true),
       set_config('statement_timeout', $1::json ->> 'statement', true),
       set_config('idle_in_transaction_session_timeout', $1::json ->> 'idle', true),
       CASE WHEN current_setting('server_version_num')::integer >= 170000
            THEN set_config('transaction_timeout', $1::json ->> 'transaction', true) END,
       set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('jit', 'off', true)
