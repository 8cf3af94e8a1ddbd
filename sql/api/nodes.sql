-- How far a server's write-ahead log got: written by a primary, replayed by a standby. A worker compares the two.

create type api.node_position_reply as (lsn bigint, standby boolean);

create function api.node_position(client_address text)
returns api.node_position_reply
language sql security definer set search_path = pg_catalog, pg_temp
as $$
  select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end - '0/0')::bigint,
         pg_is_in_recovery();
$$;
