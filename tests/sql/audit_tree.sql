-- The Merkle tree over the events: its roots and proofs are RFC 9162's, it grows by every event once, checkpoints stay.
begin;
\ir lib/setup.sql
select plan(40);

-- the RFC's definitions, word for word and slowly, over a list of leaf hashes
create function t.root(d bytea[]) returns bytea language plpgsql immutable as $$
declare n int := cardinality(d); k int := 1;
begin
  if n = 0 then return sha256(''); end if;
  if n = 1 then return d[1]; end if;
  while k * 2 < n loop k := k * 2; end loop;
  return sha256('\x01'::bytea || t.root(d[1:k]) || t.root(d[k + 1:n]));
end $$;
create function t.path(m int, d bytea[]) returns bytea[] language plpgsql immutable as $$
declare n int := cardinality(d); k int := 1;
begin
  if n = 1 then return '{}'; end if;
  while k * 2 < n loop k := k * 2; end loop;
  if m < k then return t.path(m, d[1:k]) || t.root(d[k + 1:n]); end if;
  return t.path(m - k, d[k + 1:n]) || t.root(d[1:k]);
end $$;
-- 2.1.4.2: does the proof lead from the older root to the newer?
create function t.consistent(first int, second int, r1 bytea, r2 bytea, proof bytea[]) returns boolean language plpgsql immutable as $$
declare fn int := first - 1; sn int := second - 1; fr bytea; sr bytea; c bytea;
begin
  if first = second then return r1 = r2 and cardinality(proof) = 0; end if;
  if first & (first - 1) = 0 then proof := array[r1] || proof; end if;
  while fn & 1 = 1 loop fn := fn >> 1; sn := sn >> 1; end loop;
  fr := proof[1]; sr := proof[1];
  foreach c in array proof[2:] loop
    if sn = 0 then return false; end if;
    if fn & 1 = 1 or fn = sn then
      fr := sha256('\x01'::bytea || c || fr); sr := sha256('\x01'::bytea || c || sr);
      while fn & 1 = 0 and fn <> 0 loop fn := fn >> 1; sn := sn >> 1; end loop;
    else
      sr := sha256('\x01'::bytea || sr || c);
    end if;
    fn := fn >> 1; sn := sn >> 1;
  end loop;
  return fr = r1 and sr = r2 and sn = 0;
end $$;
create function t.vectors(n int) returns bytea[] language sql immutable as $$
  select coalesce(array_agg(sha256('\x00'::bytea || x) order by i) filter (where i <= n), '{}') from unnest(array['', '\x00', '\x10', '\x2021', '\x3031', '\x40414243',
    '\x5051525354555657', '\x606162636465666768696a6b6c6d6e6f']::bytea[]) with ordinality v(x, i) $$;
select is(encode(t.root(t.vectors(n)), 'hex'), wanted, 'the published root of ' || n || ' leaves')
  from (values (0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
               (1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'),
               (2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'),
               (3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'),
               (8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')) v(n, wanted);

-- Another transaction of the cluster, a vacuum perhaps, lets a look at the counter wait: asked again until it is settled.
create function t.grow(most int default 1000) returns int language plpgsql as $$
declare added int;
begin
  loop
    added := rule.tree_grow(t.office(), most);
    exit when added > 0 or (select x.seen_event is null from audit.tree x where x.office_id = t.office());
  end loop;
  return added;
end $$;

-- an office's tree grown one event at a time, from none
select t.meta_set(t.office()) \g /dev/null
create table t.leaves (n int, hash bytea);
create table t.grown (n int, root bytea, same boolean);
create function t.one_more(n int) returns void language plpgsql as $$
declare e audit.event; id bigint;
begin
  if n > 0 then
    id := rule.record((t.office(), t.user_id('fo1'), 'Fo1', '192.0.2.1', 'x', '{front_office}', null, null)::rule.who, 'event ' || n);
    perform t.grow();
    select x.* into e from audit.event x where x.event_id = id;
    insert into t.leaves values (n, sha256('\x00'::bytea || rule.event_bytes(e)));
  end if;
  insert into t.grown select n, rule.tree_root(t.office(), n), rule.tree_root(t.office(), n) = t.root((select coalesce(array_agg(l.hash order by l.n), '{}') from t.leaves l));
end $$;
select t.one_more(n) from generate_series(0, 17) n \g /dev/null
create function t.list(n int) returns bytea[] language sql stable as $$ select coalesce(array_agg(l.hash order by l.n), '{}') from t.leaves l where l.n <= list.n $$;

select is((select array_agg(n) from t.grown where not same), null, 'a root differs from the RFC''s at some size from 0 to 17');
select is((select count(*) from t.grown), 18::bigint, '(all eighteen sizes were looked at)');
select is((select array_agg(g.n) from t.grown g where g.root <> rule.tree_root(t.office(), g.n)), null, 'an older root can''t be found any more after the tree grew');
select is((select array_agg(n || '/' || m) from generate_series(1, 17) n, generate_series(0, n - 1) m where rule.tree_inclusion(t.office(), m, n) <> t.path(m, t.list(n))),
          null, 'an inclusion proof differs from the RFC''s');
select is((select array_agg(n || '/' || m) from generate_series(1, 17) n, generate_series(0, n - 1) m
            where rule.tree_fold((t.list(n))[m + 1], m, n, t.path(m, t.list(n))) is distinct from t.root(t.list(n))), null, 'a good inclusion proof is refused');
select is((select array_agg(n || '/' || m) from generate_series(2, 17) n, generate_series(0, n - 1) m
            where rule.tree_fold('\x00'::bytea, m, n, t.path(m, t.list(n))) = t.root(t.list(n))
               or rule.tree_fold((t.list(n))[m + 1], (m + 1) % n, n, t.path(m, t.list(n))) = t.root(t.list(n))), null, 'another event or place is accepted with a good proof');
select is((select array_agg(m || '/' || n) from generate_series(1, 17) n, generate_series(1, n) m
            where not t.consistent(m, n, t.root(t.list(m)), t.root(t.list(n)), rule.tree_consistency(t.office(), m, n))), null, 'a consistency proof does not hold, of all pairs up to 17');
select is((select array_agg(m || '/' || n) from generate_series(2, 17) n, generate_series(1, n - 1) m
            where t.consistent(m, n, sha256('other'), t.root(t.list(n)), rule.tree_consistency(t.office(), m, n))), null, 'a consistency proof holds for another history');
select is((select count(*) from audit.tree_node n where n.office_id = t.office()), (2 * 17 - 2)::bigint, 'the tree keeps more than its whole subtrees (2n less the ones in n)');
select is((select array_agg(number order by number) from audit.tree_node where office_id = t.office()), (select array_agg(x) from generate_series(0::bigint, 31) x), 'their numbers have gaps');

-- whole batches, and the rest
select t.submit(applicant => t.person(t.nik(i))) from generate_series(1, 5) i \g /dev/null
select is(t.grow(3), 3, 'a batch takes more than it may');
select is((select max(e.event_id) from audit.event e where e.office_id = t.office()) > (select last_event from audit.tree where office_id = t.office()), true, '(some are left)');
select cmp_ok((select count(*) from (select t.grow(2) from generate_series(1, 20)) x), '=', 20::bigint, '(grown in twos)');
select is((select array_agg(e.event_id) from audit.event e where e.office_id = t.office() and not exists (select from audit.tree_node n where n.office_id = t.office() and n.event_id = e.event_id)),
          null, 'an event is left out of the tree');
select is((select array_agg(event_id order by leaf) from audit.tree_node where office_id = t.office() and leaf is not null), (select array_agg(event_id order by event_id) from audit.event where office_id = t.office()),
          'an event is in the tree twice or out of order');
select is(rule.tree_root(t.office(), t2.size), t.root((select array_agg(hash order by leaf) from audit.tree_node where office_id = t.office() and leaf is not null)), 'a batch gives another root than one by one')
  from audit.tree t2 where t2.office_id = t.office();

-- a look at the counter that has not settled is kept, and one that has takes no more than it saw
update audit.tree set seen_event = 1000000000, seen_xid = (pg_current_xact_id()::text::bigint + 1)::text::xid8 where office_id = t.office();
select t.submit(applicant => t.person(t.nik(40))) \g /dev/null
select is(rule.tree_grow(t.office(), 1000), 0, 'the tree grows over numbers of a transaction under way');
select is((select seen_event from audit.tree where office_id = t.office()), 1000000000::bigint, 'a look that has not settled is forgotten');
update audit.tree set seen_event = 1, seen_xid = pg_current_xact_id() where office_id = t.office();
select is(rule.tree_grow(t.office(), 1000), 0, 'a look takes what came after it');
select cmp_ok(t.grow(), '>', 0, 'what came after a look is never taken');

-- nobody changes the tree or a checkpoint
insert into audit.checkpoint (office_id, size, root, at, line) select t.office(), 17, t.root(t.list(17)), now(), 'signed 17' \g /dev/null
select is(t.try(sql), 'LK005', sql) from unnest(array['update audit.tree_node set hash = sha256(''x'')', 'delete from audit.tree_node', 'truncate audit.tree_node',
  'update audit.checkpoint set size = 1', 'delete from audit.checkpoint', 'truncate audit.checkpoint']) sql;
select is(t.try('set local role loket_owner; delete from audit.tree_node'), '42501: permission denied for table tree_node', 'the owner may delete from the tree');

-- the auditor's screen
create function t.proof(e bigint, who text default 'au1') returns api.audit_proof_reply language sql as $$ select api.audit_proof(t.token(who), e) $$;
create function t.event_of(leaf bigint) returns bigint language sql stable as $$ select n.event_id from audit.tree_node n where n.office_id = t.office() and n.leaf = event_of.leaf $$;
select is((select r.checkpoint_size || ' ' || r.root from api.audit_state(t.token('au1')) r), '17 ' || encode(t.root(t.list(17)), 'base64'), 'the auditor is shown another checkpoint');
select is((select p.status || ' ' || p.leaf || ' ' || p.size from t.event_of(4) e, t.proof(e) p), 'proved 4 17', 'an event of a signed tree is not proved');
select is((select p.status from t.event_of(17) e, t.proof(e) p), 'unsigned', 'an event after the checkpoint is called proved');
select is((select p.status from rule.record((t.office(), null, 'X', null, 'x', '{}', null, null)::rule.who, 'late') e, t.proof(e) p), 'waiting', 'an event outside the tree is called proved');
set local session_replication_role = replica;
update audit.event set actor = 'Somebody else' where event_id = t.event_of(4);
set local session_replication_role = origin;
select is((select p.status from t.event_of(4) e, t.proof(e) p), 'broken', 'an altered event is called proved');
select is(t.try(format('select api.audit_proof(%L, 0)', t.token('au1'))), 'LK009 event_id', 'an event that never was is found');
select is((select array_agg(u || ' ' || m) from unnest('{fo1,an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,mg1}'::text[]) u, unnest('{audit_state(%L),"audit_proof(%L, 1)"}'::text[]) m
            where t.try(format('select api.' || m, t.token(u))) <> 'LK005'), null, 'somebody but the auditor and the administrator asks for proofs');
select is(t.try(format('select api.audit_proof(%L, %s)', t.token('ad9'), t.event_of(4))), 'LK009 event_id', 'another office''s event is seen');
select * from finish();
rollback;
