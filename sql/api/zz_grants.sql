-- Who may call what. A login role gets the functions of one schema and nothing else: no table, no other schema.
-- The replies' types are usable by whoever may use their schema.

revoke all on all functions in schema rule, api, api_auth, api_job from public;
grant usage on schema api to loket_worker;
grant execute on all functions in schema api to loket_worker;
grant usage on schema api_auth to loket_auth;
grant execute on all functions in schema api_auth to loket_auth;
grant usage on schema api_job to loket_job;
grant execute on all functions in schema api_job to loket_job;
