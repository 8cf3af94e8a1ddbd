-- Sessions that were opened by a short-lived certificate instead of a password.

set local role loket_owner;

alter table session.session
  add column by_certificate boolean not null default false;
