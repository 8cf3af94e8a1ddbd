-- A Merkle tree over all events of an office, and the checkpoints of it that were signed. The tree is that of RFC 9162,
-- section 2.1: a leaf is SHA-256(0x00 || the event's bytes), a node SHA-256(0x01 || left || right).

set local role loket_owner;

-- Every whole subtree once, in the order in which they become whole: leaf 0, leaf 1, their node, leaf 2 ... So the node of
-- level k that ends at leaf e has number 2e - (ones in e) + k, a root is made of at most log2(n) rows, and reading the
-- table by its key is enough to build the tree again with a stack.
create table audit.tree_node (
  office_id bigint not null references catalogue.office,
  number    bigint not null check (number >= 0),
  hash      bytea not null check (octet_length(hash) = 32),
  leaf      bigint,                            -- null: not a leaf
  event_id  bigint,                            -- of the leaf; no foreign key: a lost event is to be found, not to be in the way
  primary key (office_id, number),
  check ((leaf is null) = (event_id is null))
);
create unique index tree_leaf on audit.tree_node (office_id, leaf) where leaf is not null;
create unique index tree_event on audit.tree_node (office_id, event_id) where event_id is not null;

-- How far the tree has come. `seen_event` and `seen_xid` are a look at the counter that may not have settled yet: see
-- rule.tree_horizon().
create table audit.tree (
  office_id  bigint primary key references catalogue.office,
  size       bigint not null default 0,        -- leaves
  last_event bigint not null default 0,        -- the newest event in it
  seen_event bigint,
  seen_xid   xid8,
  check ((seen_event is null) = (seen_xid is null))
);

-- What was signed, as it stands in the file outside the database.
create table audit.checkpoint (
  office_id bigint not null references catalogue.office,
  size      bigint not null check (size > 0),
  root      bytea not null check (octet_length(root) = 32),
  at        timestamptz not null,
  line      text not null check (length(line) between 1 and 1000),
  primary key (office_id, size)
);

create or replace function audit.refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'LK005';
end
$$;
create trigger append_only before update or delete on audit.tree_node for each row execute function audit.refuse_change();
create trigger no_truncate before truncate on audit.tree_node for each statement execute function audit.refuse_change();
create trigger append_only before update or delete on audit.checkpoint for each row execute function audit.refuse_change();
create trigger no_truncate before truncate on audit.checkpoint for each statement execute function audit.refuse_change();
revoke update, delete, truncate on audit.tree_node, audit.checkpoint from loket_owner;

call meta.keep_office('audit.tree_node', 'audit.tree', 'audit.checkpoint');
