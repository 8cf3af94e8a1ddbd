-- The Merkle tree over an office's events (RFC 9162, section 2.1): growing it, its roots and proofs, and the checkpoints.
-- The job process grows and signs; everything here is computed from stored whole subtrees, a root in O(log n) rows.

create function rule.leaf_hash(e audit.event)
returns bytea
language sql stable
as $$ select sha256('\x00'::bytea || rule.event_bytes(e)) $$;

create function rule.node_hash(l bytea, r bytea)
returns bytea
language sql immutable
as $$ select sha256('\x01'::bytea || l || r) $$;

-- The place of a whole subtree in audit.tree_node: 2^level leaves, the last of them `last_leaf`.
create function rule.node_number(last_leaf bigint, level int)
returns bigint
language sql immutable
as $$ select 2 * last_leaf - bit_count(last_leaf::bit(64)) + level $$;

-- The largest power of two that is smaller than n (n > 1), as its exponent: where the RFC splits a list.
create function rule.split_level(n bigint)
returns int
language plpgsql immutable
as $$
declare
  level int := 0;
begin
  while (2::bigint << level) < n loop
    level := level + 1;
  end loop;
  return level;
end
$$;

-- The hash of the leaves first .. first + count - 1, a range that the RFC's splitting arrives at.
create function rule.tree_hash(office_id bigint, first bigint, count bigint)
returns bytea
language plpgsql stable
as $$
declare
  level int;
  half bigint;
begin
  if count = 0 then
    return sha256(''::bytea);
  end if;
  level := case when count = 1 then 0 else rule.split_level(count) end;
  if count = 1 or (2::bigint << level) = count then
    return (select n.hash from audit.tree_node n
             where n.office_id = tree_hash.office_id
               and n.number = rule.node_number(first + count - 1, case when count = 1 then 0 else level + 1 end));
  end if;
  half := 1::bigint << level;
  return rule.node_hash(rule.tree_hash(office_id, first, half), rule.tree_hash(office_id, first + half, count - half));
end
$$;

create function rule.tree_root(office_id bigint, size bigint)
returns bytea
language sql stable
as $$ select rule.tree_hash(tree_root.office_id, 0, tree_root.size) $$;

-- PATH(leaf, D[size]), RFC 9162 section 2.1.3.1: from the leaf upwards. Leaf and size are those of the caller's range.
create function rule.tree_inclusion(office_id bigint, leaf bigint, size bigint, first bigint default 0)
returns bytea[]
language plpgsql stable
as $$
declare
  half bigint;
begin
  if size <= 1 then
    return '{}';
  end if;
  half := 1::bigint << rule.split_level(size);
  if leaf < half then
    return rule.tree_inclusion(office_id, leaf, half, first) || rule.tree_hash(office_id, first + half, size - half);
  end if;
  return rule.tree_inclusion(office_id, leaf - half, size - half, first + half) || rule.tree_hash(office_id, first, half);
end
$$;

-- SUBPROOF(older, D[size], whole), RFC 9162 section 2.1.4.1. `whole`: the older tree is this whole subtree, and known.
create function rule.tree_consistency(office_id bigint, older bigint, size bigint, first bigint default 0, whole boolean default true)
returns bytea[]
language plpgsql stable
as $$
declare
  half bigint;
begin
  if older = size then
    return case when whole then '{}'::bytea[] else array[rule.tree_hash(office_id, first, size)] end;
  end if;
  half := 1::bigint << rule.split_level(size);
  if older <= half then
    return rule.tree_consistency(office_id, older, half, first, whole) || rule.tree_hash(office_id, first + half, size - half);
  end if;
  return rule.tree_consistency(office_id, older - half, size - half, first + half, false) || rule.tree_hash(office_id, first, half);
end
$$;

-- A look at the counter of events: every number up to `event` was taken by a transaction with an id below `xid`.
create type rule.tree_look as (event bigint, xid xid8);

-- A look, taken now. It is safe only as the first thing that its transaction does: the counter is read before the transaction
-- has an id of its own, and ids are given out in order. (The xmax of a snapshot is no such bound: it ends at the last id that
-- is completed, and a transaction under way may have a larger one.)
create function rule.take_look()
returns rule.tree_look
language plpgsql
as $$
declare
  look rule.tree_look;
begin
  select case when s.is_called then s.last_value else 0 end into look.event from audit.event_number s;
  look.xid := pg_current_xact_id();
  return look;
end
$$;

-- Up to which event the tree may grow, so that no event that is committed late is ever passed over. An event takes its number
-- before it is committed, so a smaller number can become visible after a larger one. Three facts make the horizon safe:
--   1. rule.record() makes sure that its transaction has an id before it takes the number. So whoever took a number up to
--      seen_event had a transaction id below seen_xid.
--   2. When no transaction below seen_xid is under way any more, all of those have either committed, and the next
--      statement sees their events, or rolled back, and their numbers stay unused for ever.
--   3. Until then the look is kept and the tree waits: a slow transaction delays the tree, it is never left behind.
-- Numbers are compared, not instants: clocks may step. Null: the tree has to wait.
create function rule.tree_horizon(tree audit.tree, look rule.tree_look)
returns bigint
language plpgsql
as $$
begin
  if tree.seen_event is not null then
    look := (tree.seen_event, tree.seen_xid)::rule.tree_look;
  end if;
  if pg_snapshot_xmin(pg_current_snapshot()) < look.xid then
    update audit.tree t set seen_event = look.event, seen_xid = look.xid where t.office_id = tree.office_id;
    return null;
  end if;
  return look.event;
end
$$;

-- The whole subtrees that a tree of this size is made of, largest first: its right edge.
create function rule.tree_peaks(office_id bigint, size bigint)
returns bytea[]
language plpgsql stable
as $$
declare
  peaks bytea[] := '{}';
  first bigint := 0;
begin
  for level in reverse 62 .. 0 loop
    if (size >> level) & 1 = 1 then
      peaks := peaks || rule.tree_hash(office_id, first, 1::bigint << level);
      first := first + (1::bigint << level);
    end if;
  end loop;
  return peaks;
end
$$;

-- Adds the next events (at most `most`) to the tree of one office, in the order of their numbers. Returns how many. Two
-- processes never grow one tree at once: the row of audit.tree is locked, and who does not get it has nothing to do.
create function rule.tree_grow(office_id bigint, most int, look rule.tree_look default rule.take_look())
returns int
language plpgsql
as $$
declare
  tree audit.tree;
  horizon bigint;
  peaks bytea[];
  hash bytea;
  level int;
  added int := 0;
  e audit.event;
begin
  insert into audit.tree (office_id) values (tree_grow.office_id) on conflict do nothing;
  select t.* into tree from audit.tree t where t.office_id = tree_grow.office_id for update skip locked;
  if not found then
    return 0;
  end if;
  horizon := rule.tree_horizon(tree, look);
  if horizon is null then
    return 0;
  end if;
  peaks := rule.tree_peaks(tree.office_id, tree.size);
  for e in
    select x.* from audit.event x
     where x.office_id = tree.office_id and x.event_id > tree.last_event and x.event_id <= horizon
     order by x.event_id
     limit most
  loop
    hash := rule.leaf_hash(e);
    insert into audit.tree_node (office_id, number, hash, leaf, event_id)
    values (tree.office_id, rule.node_number(tree.size, 0), hash, tree.size, e.event_id);
    level := 0;
    while (tree.size >> level) & 1 = 1 loop
      hash := rule.node_hash(peaks[cardinality(peaks)], hash);
      peaks := peaks[1:cardinality(peaks) - 1];
      level := level + 1;
      insert into audit.tree_node (office_id, number, hash) values (tree.office_id, rule.node_number(tree.size, level), hash);
    end loop;
    peaks := peaks || hash;
    tree.size := tree.size + 1;
    tree.last_event := e.event_id;
    added := added + 1;
  end loop;
  -- a full batch: the rest of this look is settled already, and stays to be taken
  update audit.tree t
     set size = tree.size, last_event = tree.last_event,
         seen_event = case when added = most then horizon end,
         seen_xid = case when added = most then coalesce(tree.seen_xid, '1'::xid8) end
   where t.office_id = tree.office_id;
  return added;
end
$$;

-- The hashes of a proof one after the other: how the programs get them.
create function rule.join_hashes(hashes bytea[])
returns bytea
language sql immutable
as $$ select coalesce((select string_agg(h, ''::bytea order by n) from unnest(hashes) with ordinality x(h, n)), ''::bytea) $$;

-- The size of the newest checkpoint; 0 before the first.
create function rule.checkpoint_size(office_id bigint)
returns bigint
language sql stable
as $$ select coalesce((select max(c.size) from audit.checkpoint c where c.office_id = checkpoint_size.office_id), 0) $$;

-- Are there so many new numbers that the trees should not wait for their time? Rolled back ones are counted too.
create function api_job.audit_waiting()
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office bigint;
  grown bigint := 0;
begin
  for office in select o.office_id from catalogue.office o loop
    perform rule.work_for(office, null);
    grown := greatest(grown, (select t.last_event from audit.tree t where t.office_id = office));
  end loop;
  return (select s.last_value - grown from audit.event_number s);
end
$$;

-- Grows the tree of every office by at most 1,000 events; how many were added in all. Asked again until 0.
create function api_job.audit_grow()
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  look rule.tree_look := rule.take_look();
  office bigint;
  added bigint := 0;
begin
  for office in select o.office_id from catalogue.office o order by o.office_id loop
    perform rule.work_for(office, null);
    added := added + rule.tree_grow(office, 1000, look);
  end loop;
  return added;
end
$$;

create type api_job.audit_signable as (office_id bigint, office text, size bigint, root bytea, signed_size bigint);

-- The next office after `after` whose tree is larger than its newest checkpoint. Its tree stays locked until the caller's
-- transaction ends, so that one process signs at a time. Null: none is left.
create function api_job.audit_sign_next(after bigint)
returns api_job.audit_signable
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  tree audit.tree;
begin
  for office in select o.* from catalogue.office o where o.office_id > after order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select t.* into tree from audit.tree t where t.office_id = office.office_id for update skip locked;
    continue when not found or tree.size <= rule.checkpoint_size(office.office_id);
    return (office.office_id, office.code, tree.size, rule.tree_root(office.office_id, tree.size),
            rule.checkpoint_size(office.office_id))::api_job.audit_signable;
  end loop;
  return null;
end
$$;

-- The consistency proof between two sizes of an office's tree, its hashes one after the other; null when that is not a
-- size that the tree had.
create function api_job.audit_consistency(office_id bigint, older bigint, size bigint)
returns bytea
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  if older < 1 or older > size
     or size > coalesce((select t.size from audit.tree t where t.office_id = audit_consistency.office_id), 0) then
    return null;
  end if;
  return rule.join_hashes(rule.tree_consistency(office_id, older, size));
end
$$;

-- Keeps what now stands in the file. Said twice it changes nothing: a process may have died between file and database.
create function api_job.audit_signed(office_id bigint, size bigint, root bytea, at text, line text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  insert into audit.checkpoint (office_id, size, root, at, line)
  values (audit_signed.office_id, audit_signed.size, audit_signed.root, audit_signed.at::timestamptz, audit_signed.line)
  on conflict do nothing;
end
$$;

-- The event whose content stands under another number now: the one that, with the number `event_id`, has this leaf hash.
-- Reads every event: for naming what is wrong, not for finding it.
create function rule.event_moved(office_id bigint, event_id bigint, leaf_hash bytea)
returns bigint
language sql stable
as $$
  select e.event_id from audit.event e
   where e.office_id = event_moved.office_id and e.event_id <> event_moved.event_id
     and rule.leaf_hash(jsonb_populate_record(e, jsonb_build_object('event_id', event_moved.event_id))) = event_moved.leaf_hash
   limit 1;
$$;

-- ------------------------------------------------------------------------------------------ the auditor's screen

create type api.audit_state_reply as (
  size bigint, waiting bigint, checkpoint_at bigint, checkpoint_size bigint, root text);
create type api.audit_proof_reply as (
  event_id bigint, status text, leaf bigint, size bigint, checkpoint_at bigint, root text, steps int);

-- How far the tree and its newest checkpoint have come, and how many events wait for the next.
create function api.audit_state(session_token bytea)
returns api.audit_state_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'audit.state');
  tree audit.tree;
  c audit.checkpoint;
  last bigint;  -- coalesce() in the condition itself would keep it from the index: under a row policy it counts as leaky
begin
  select t.* into tree from audit.tree t where t.office_id = who.office_id;
  last := coalesce(tree.last_event, 0);
  select x.* into c from audit.checkpoint x where x.office_id = who.office_id order by x.size desc limit 1;
  return (coalesce(tree.size, 0),
          (select count(*) from audit.event e where e.office_id = who.office_id and e.event_id > last),
          rule.to_seconds(c.at), coalesce(c.size, 0), encode(c.root, 'base64'))::api.audit_state_reply;
end
$$;

-- The root that a leaf and its path lead to: RFC 9162 section 2.1.3.2.
create function rule.tree_fold(hash bytea, leaf bigint, size bigint, path bytea[])
returns bytea
language plpgsql immutable
as $$
declare
  last bigint := size - 1;
  step bytea;
begin
  foreach step in array path loop
    if last = 0 then
      return null;
    elsif leaf & 1 = 1 or leaf = last then
      hash := rule.node_hash(step, hash);
      while leaf & 1 = 0 and leaf <> 0 loop
        leaf := leaf >> 1;
        last := last >> 1;
      end loop;
    else
      hash := rule.node_hash(hash, step);
    end if;
    leaf := leaf >> 1;
    last := last >> 1;
  end loop;
  return case when last = 0 then hash end;
end
$$;

-- What can be proved of one event: it is read and hashed now, and its path is followed to the root that was signed.
-- `waiting`: not in the tree yet; `unsigned`: in the tree, after the newest checkpoint; `proved`; `broken`.
create function api.audit_proof(session_token bytea, event_id bigint)
returns api.audit_proof_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'audit.proof');
  e audit.event;
  c audit.checkpoint;
  path bytea[];
  reply api.audit_proof_reply;
begin
  select x.* into e from audit.event x where x.office_id = who.office_id and x.event_id = audit_proof.event_id;
  select n.leaf into reply.leaf from audit.tree_node n where n.office_id = who.office_id and n.event_id = audit_proof.event_id;
  if e.event_id is null and reply.leaf is null then
    perform rule.fail(9, 'event_id', 'There is no such event');
  end if;
  select x.* into c from audit.checkpoint x where x.office_id = who.office_id order by x.size desc limit 1;
  reply.event_id := audit_proof.event_id;
  reply.size := c.size;
  reply.checkpoint_at := rule.to_seconds(c.at);
  reply.root := encode(c.root, 'base64');
  if reply.leaf is null then
    reply.status := case when e.event_id > coalesce((select t.last_event from audit.tree t where t.office_id = who.office_id), 0)
                         then 'waiting' else 'broken' end;
  elsif reply.leaf >= coalesce(c.size, 0) then
    reply.status := 'unsigned';
  else
    path := rule.tree_inclusion(who.office_id, reply.leaf, c.size);
    reply.steps := cardinality(path);
    reply.status := case when e.event_id is not null
                          and rule.tree_fold(rule.leaf_hash(e), reply.leaf, c.size, path) is not distinct from c.root
                         then 'proved' else 'broken' end;
  end if;
  return reply;
end
$$;
