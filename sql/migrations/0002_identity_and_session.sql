-- Who works here, what they may, and the sessions they have open.

set local role loket_owner;

create table identity.user_account (
  office_id            bigint not null references catalogue.office,
  user_id              bigint generated always as identity,
  username             text not null check (username ~ '^[a-z][a-z0-9._-]{1,30}$'),
  name                 text not null check (length(name) between 1 and 120),
  nik                  text,
  family_card          text,
  active               boolean not null default true,
  demonstration        boolean not null default false,
  language             text check (language in ('id', 'en')),
  must_change_password boolean not null default false,
  last_login_at        timestamptz,
  version              int not null default 1,
  created_at           timestamptz not null default now(),
  primary key (office_id, user_id),
  unique (office_id, username)
);

-- Only api_auth functions touch this table; a worker has no path to it.
create table identity.credential (
  office_id     bigint not null,
  user_id       bigint not null,
  password_hash text not null,
  changed_at    timestamptz not null default now(),
  primary key (office_id, user_id),
  foreign key (office_id, user_id) references identity.user_account
);

create table identity.user_role (
  office_id      bigint not null,
  user_id        bigint not null,
  role           text not null check (role in ('front_office', 'analyst', 'section_head', 'head', 'technical_coordinator', 'surveyor',
                   'treasurer', 'archivist', 'complaints_officer', 'auditor', 'manager', 'admin')),
  unit_id        bigint,
  permit_type_id bigint,
  foreign key (office_id, user_id) references identity.user_account,
  foreign key (office_id, unit_id) references catalogue.unit,
  foreign key (office_id, permit_type_id) references catalogue.permit_type,
  check (role not in ('technical_coordinator', 'surveyor') or unit_id is not null)
);
create unique index user_role_once on identity.user_role
  (office_id, user_id, role, coalesce(unit_id, 0), coalesce(permit_type_id, 0));

create table identity.login_attempt (
  office_id bigint not null references catalogue.office,
  username  text not null,
  address   text not null,
  at        timestamptz not null default now()
);
create index login_attempt_of_account on identity.login_attempt (office_id, username, address, at);
create index login_attempt_of_address on identity.login_attempt (address, at);

-- The method table of the server, written by `loketd migrate`: what each function asks of its caller.
create table identity.method (
  name text primary key,
  kind text not null check (kind in ('public', 'read', 'write'))
);
create table identity.method_role (
  method text not null references identity.method on delete cascade,
  role   text not null,
  primary key (method, role)
);

create table session.session (
  token_hash   bytea primary key check (octet_length(token_hash) = 32),
  office_id    bigint not null,
  user_id      bigint not null,
  address      text not null,
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null,
  ended_at     timestamptz,
  foreign key (office_id, user_id) references identity.user_account
);
create index session_of_user on session.session (office_id, user_id) where ended_at is null;
create index session_by_expiry on session.session (expires_at);

-- Idempotency: the first result of each write, given again to the same key.
create table session.answer (
  office_id    bigint not null,
  user_id      bigint not null,
  key          bytea not null check (octet_length(key) = 16),
  method       text not null,
  request_hash bytea not null,
  reply        jsonb,
  at           timestamptz not null default now(),
  primary key (office_id, user_id, key)
);
create index answer_by_age on session.answer (at);

call meta.keep_office('identity.user_role', 'session.answer');
