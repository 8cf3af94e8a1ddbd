-- Who you are, and what you may: one-time codes, sessions that a stolen token does not open, proofs of presence, and
-- a second administrator.

set local role loket_owner;

alter table catalogue.office
  add column one_time_codes  text not null default 'optional' check (one_time_codes in ('optional', 'required')),
  add column step_up         boolean not null default false,  -- a decision asks for the password again
  add column four_eyes_roles boolean not null default false;  -- a change of roles waits for another administrator

alter table session.session
  add column session_id  bigint generated always as identity unique,
  add column proof_key   bytea check (octet_length(proof_key) = 32),  -- Ed25519; null: it cannot be resumed
  add column proved_at   timestamptz,                                  -- password or code given last
  add column certificate text;                                         -- the client certificate's name

-- Passwords of before: none of the last five is taken again.
create table identity.password_history (
  office_id     bigint not null,
  user_id       bigint not null,
  history_id    bigint generated always as identity,
  password_hash text not null,
  primary key (office_id, user_id, history_id),
  foreign key (office_id, user_id) references identity.user_account
);

-- The secret is sealed by the auth process with a key that is in no database.
create table identity.one_time_code (
  office_id    bigint not null,
  user_id      bigint not null,
  secret       bytea,                           -- null: not in use yet
  pending      bytea,                           -- shown to the user, not confirmed by a code yet
  confirmed_at timestamptz,
  last_step    bigint not null default 0,       -- of 30 seconds: a code counts once
  primary key (office_id, user_id),
  foreign key (office_id, user_id) references identity.user_account,
  check ((secret is null) = (confirmed_at is null))
);

create table identity.recovery_code (
  office_id bigint not null,
  user_id   bigint not null,
  code_hash bytea not null check (octet_length(code_hash) = 32),
  used_at   timestamptz,
  primary key (office_id, user_id, code_hash),
  foreign key (office_id, user_id) references identity.one_time_code on delete cascade
);

-- A wrong code comes from somebody who knows the password: counted for itself.
alter table identity.login_attempt
  add column kind text not null default 'password' check (kind in ('password', 'code'));
create index login_attempt_with_code on identity.login_attempt (office_id, username, at) where kind = 'code';

-- Where somebody logged in before: other people's failures at that address do not stop them.
create table identity.known_address (
  office_id bigint not null,
  user_id   bigint not null,
  address   text not null,
  last_at   timestamptz not null default now(),
  primary key (office_id, user_id, address),
  foreign key (office_id, user_id) references identity.user_account
);

-- What one administrator asks for and another decides.
create table identity.account_change (
  office_id       bigint not null,
  change_id       bigint generated always as identity,
  user_id         bigint not null,
  kind            text not null check (kind in ('roles', 'codes')),
  roles_before    jsonb,
  roles_after     jsonb,
  reason          text,
  asked_by        bigint not null,
  asked_at        timestamptz not null default now(),
  decided_by      bigint,
  decided_at      timestamptz,
  approved        boolean,
  decision_reason text,
  primary key (office_id, change_id),
  foreign key (office_id, user_id) references identity.user_account,
  foreign key (office_id, asked_by) references identity.user_account,
  foreign key (office_id, decided_by) references identity.user_account,
  check ((kind = 'roles') = (roles_after is not null)),
  check (asked_by <> user_id),
  check (decided_by <> user_id),
  check (not coalesce(approved, false) or decided_by <> asked_by),
  check ((decided_at is null) = (approved is null))
);
create unique index account_change_waiting on identity.account_change (office_id, user_id, kind) where decided_at is null;

call meta.keep_office('identity.password_history', 'identity.one_time_code', 'identity.recovery_code', 'identity.known_address',
  'identity.account_change');
