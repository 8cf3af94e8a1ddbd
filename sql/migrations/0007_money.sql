-- Money: formulas, bills with a due date and a reference for the bank, a ledger of payments, refunds, waivers, bank files.
-- Rupiah are whole numbers (bigint) everywhere.

set local role loket_owner;

alter table catalogue.permit_type_version
  add column levy_formula text,                -- as it was written; null: the sum of the items
  add column levy_tree    jsonb,               -- the same, parsed by `loketd catalogue`: what rule.formula_value walks
  add column due_days     int not null default 10 check (due_days between 1 and 365),  -- working days to pay
  add check ((levy_formula is null) = (levy_tree is null));

alter table application.bill drop constraint bill_amount_check;
alter table application.bill
  add column gross       bigint check (gross >= 0),          -- before a waiver
  add column waived      bigint not null default 0 check (waived >= 0),
  add column due_on      date,
  add column reference   text check (reference ~ '^[0-9]{13,30}$'),  -- that the applicant gives the bank; its last two digits check it
  add column numbered_at timestamptz not null default now(), -- first issued; issued_at: last computed
  add column refunded_at timestamptz,          -- paid once, and then so much was given back that it is not any more
  add check (amount >= 0);
alter table application.bill_line
  add column kind       text not null default 'item' check (kind in ('item', 'formula', 'waiver')),
  add column code       text,                  -- of the tariff item
  add column valid_from date;                  -- of the price: which version of the tariff it is

-- What the bank received, each once. Rows are only ever added: what was wrong is given back by a refund.
create table application.payment (
  office_id       bigint not null,
  payment_id      bigint generated always as identity,
  application_id  bigint not null,
  amount          bigint not null check (amount between 1 and 1000000000000),
  paid_on         date not null,
  bank_reference  text not null,
  method          text not null check (method in ('bank', 'import')),  -- confirmed by hand from a slip, or out of a bank file
  late            boolean not null,            -- after the due date of that day
  entered_by      bigint not null,
  import_id       bigint,
  transaction_key bytea check (octet_length(transaction_key) = 32),
  at              timestamptz not null default now(),
  primary key (office_id, payment_id),
  foreign key (office_id, application_id) references application.bill,
  check ((method = 'import') = (import_id is not null)),
  check ((import_id is null) = (transaction_key is null))
);
create index payment_of on application.payment (office_id, application_id, payment_id);
create index payment_by_time on application.payment (office_id, at);
create unique index payment_transaction on application.payment (office_id, transaction_key) where transaction_key is not null;

create function application.refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'application.payment is append-only' using errcode = 'LK005';
end
$$;
create trigger append_only before update or delete on application.payment for each row execute function application.refuse_change();
create trigger no_truncate before truncate on application.payment for each statement execute function application.refuse_change();

-- Money given back: proposed by the treasurer, decided by somebody else.
create table application.refund (
  office_id       bigint not null,
  refund_id       bigint generated always as identity,
  application_id  bigint not null,
  payment_id      bigint not null,
  amount          bigint not null check (amount > 0),
  reason          text not null,
  proposed_by     bigint not null,
  proposed_at     timestamptz not null default now(),
  decided_by      bigint,
  decided_at      timestamptz,
  approved        boolean,
  decision_reason text,
  primary key (office_id, refund_id),
  foreign key (office_id, payment_id) references application.payment,
  check (decided_by <> proposed_by),
  check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (approved is null))
);
create unique index refund_open on application.refund (office_id, payment_id) where decided_at is null;
create index refund_of on application.refund (office_id, application_id);

-- A levy that is waived, in part or whole: proposed by one, decided by the head, with the rule that it rests on.
create table application.waiver (
  office_id       bigint not null,
  waiver_id       bigint generated always as identity,
  application_id  bigint not null,
  percent         int not null check (percent between 1 and 100),  -- 100: the whole
  reason          text not null,
  rule            text not null,
  proposed_by     bigint not null,
  proposed_at     timestamptz not null default now(),
  decided_by      bigint,
  decided_at      timestamptz,
  approved        boolean,
  decision_reason text,
  primary key (office_id, waiver_id),
  foreign key (office_id, application_id) references application.application,
  check (decided_by <> proposed_by),
  check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (approved is null))
);
-- one that waits, and one that counts
create unique index waiver_open on application.waiver (office_id, application_id) where decided_at is null;
create unique index waiver_approved on application.waiver (office_id, application_id) where approved;

-- A bank's file, line by line, and what became of each.
create table application.bank_import (
  office_id   bigint not null,
  import_id   bigint generated always as identity,
  name        text not null,
  sha256      bytea not null check (octet_length(sha256) = 32),
  line_count  int not null check (line_count between 1 and 5000),
  imported_by bigint not null,
  state       text not null default 'receiving' check (state in ('receiving', 'ready', 'applied')),
  begun_at    timestamptz not null default now(),
  applied_at  timestamptz,
  primary key (office_id, import_id),
  foreign key (office_id, imported_by) references identity.user_account
);
create index bank_import_unfinished on application.bank_import (office_id, imported_by) where state <> 'applied';
create table application.bank_line (
  office_id       bigint not null,
  import_id       bigint not null,
  line            int not null check (line > 0),
  paid_on         date not null,
  reference       text not null,
  amount          bigint not null check (amount between 1 and 1000000000000),
  description     text,
  transaction_key bytea not null,
  result          text check (result in ('matched', 'differs', 'unknown', 'duplicate', 'paid', 'closed', 'not_yours')),
  payment_id      bigint,
  applied_at      timestamptz,                 -- its result stands
  primary key (office_id, import_id, line),
  foreign key (office_id, import_id) references application.bank_import on delete cascade,
  foreign key (office_id, payment_id) references application.payment
);
create index bank_line_reference on application.bank_line (office_id, import_id, reference);
alter table application.payment add foreign key (office_id, import_id) references application.bank_import;

call meta.keep_office('application.payment', 'application.refund', 'application.waiver', 'application.bank_import',
  'application.bank_line');

-- What there is already: each bill gets its reference and due date, each confirmed one its payment.
do $$
declare
  o catalogue.office;
begin
  for o in select * from catalogue.office loop
    perform set_config('loket.office_id', o.office_id::text, true), set_config('loket.unit_id', '', true);
    update application.bill b
       set gross = b.amount, numbered_at = b.issued_at, due_on = (b.issued_at at time zone o.time_zone)::date + 14,
           reference = r.base || lpad((98 - (r.base || '00')::numeric % 97)::text, 2, '0')
      from (select x.application_id,
                   lpad(x.office_id::text, greatest(3, length(x.office_id::text)), '0') || substr(x.number, 8, 2) || substr(x.number, 11) as base
              from application.bill x where x.office_id = o.office_id) r
     where b.office_id = o.office_id and b.application_id = r.application_id;
    insert into application.payment (office_id, application_id, amount, paid_on, bank_reference, method, late, entered_by)
    select b.office_id, b.application_id, b.amount, b.paid_on, coalesce(b.payment_reference, '-'), 'bank', b.paid_on > b.due_on, b.confirmed_by
      from application.bill b
     where b.office_id = o.office_id and b.paid_on is not null;
  end loop;
end
$$;
alter table application.bill
  alter column gross set not null,
  alter column due_on set not null,
  alter column reference set not null;
create unique index bill_reference on application.bill (office_id, reference);
create index bill_open on application.bill (office_id, due_on, application_id) where paid_on is null and amount > 0;
