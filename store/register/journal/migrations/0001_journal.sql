-- The register's journal. Records are only ever added; the number of a record is its epoch and its place in the series.
create table series (
  epoch integer primary key check (epoch > 0),
  series text not null unique,
  register text not null,
  store text not null,
  public_key blob not null check (length(public_key) = 32)
) strict;

create table record (
  n integer primary key,
  epoch integer not null,
  series text not null,
  seq integer not null check (seq > 0),
  kind text not null,
  txn_id text not null unique,
  receipt_no integer check (receipt_no > 0),
  at_ms integer not null,
  shift_id text not null,
  transactions integer not null check (transactions >= 0),
  payload blob not null check (length(payload) between 2 and 65536),
  prev blob not null check (length(prev) = 32),
  hash blob not null check (length(hash) = 32),
  signature blob not null check (length(signature) in (0, 64)),
  key_id text not null,
  check (n = (epoch << 32) | seq)
) strict;
create unique index record_receipt on record (epoch, receipt_no) where receipt_no is not null;
create index record_shift on record (shift_id) where kind = 'shift.open';
create trigger record_is_never_changed before update on record begin select raise(abort, 'journal records are never changed'); end;
create trigger record_is_never_deleted before delete on record begin select raise(abort, 'journal records are never deleted'); end;

-- One row: where the series ends, and the open sale. Both change with every commit, so they share a page.
create table till (
  id integer primary key check (id = 1),
  series text not null,
  seq integer not null,
  hash blob not null check (length(hash) = 32),
  receipt_no integer not null,
  at_ms integer not null,
  transactions integer not null,
  draft blob,
  clients text not null default '{}'
) strict;

-- Every commit writes each page it touches, so this table has no index: only the newest few hundred jobs are kept.
create table print_job (
  n integer primary key,
  job_id text not null,
  kind text not null check (kind in ('receipt', 'drawer', 'report')),
  document_kind text not null,
  copy_no integer not null check (copy_no >= 0),
  reason text not null,
  txn_id text not null,
  state text not null,
  attempts integer not null default 0,
  next_at_ms integer not null default 0,
  detail text not null default '',
  created_ms integer not null,
  updated_ms integer not null
) strict;

create table upload (
  series text primary key,
  acked_seq integer not null check (acked_seq >= 0),
  acked_hash blob not null,
  hold text not null,
  hold_detail text not null,
  attempts integer not null,
  next_at_ms integer not null,
  last_at_ms integer not null,
  last_result text not null
) strict;

create table mode (
  id integer primary key check (id = 1),
  mode text not null,
  reason text not null,
  since_ms integer not null
) strict;

create table link_edge (
  n integer primary key,
  at_ms integer not null,
  link text not null,
  event text not null,
  reason text not null
) strict;

create table lockout (
  key text primary key,
  failures integer not null check (failures >= 0),
  locked_until_ms integer not null
) strict;

create table setting (
  key text primary key,
  value text not null
) strict;
