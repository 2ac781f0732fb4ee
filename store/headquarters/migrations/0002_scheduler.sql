-- The Retail scheduler: what was sent to whom, and what became of it. Times are milliseconds since 1970 UTC, 0 for never.
-- Numbers of packages, sessions and of the feed come from the counters `package_seq`, `session` and `feed`.

-- When a distribution schedule ran last; the schedule itself is a row of `setup`.
create table schedule_run (
  schedule @text not null primary key,
  last_run_ms @int not null
) @strict;

-- Jobs (by number) and package tables that offline databases do without.
create table exclusion (
  name @text not null primary key
) @strict;

-- Up to which change of the set-up a data group has got a table. (The rows themselves lie in the group's own file.)
create table group_mark (
  data_group @text not null,
  tbl @text not null,
  mark_n @int not null,
  primary key (data_group, tbl)
) @strict;

-- A package in one of its forms. `feed_n` is the number of the feed that brought its last change.
create table data_package (
  package_seq @int not null,
  kind @text not null check (kind in ('full', 'delta')),
  data_group @text not null,
  store_id @text not null,
  base_seq @int not null,
  job @text not null,
  size @int not null,
  row_count @int not null,
  delete_count @int not null,
  header_sha256 @text not null,
  created_ms @int not null,
  canceled @int not null check (canceled in (0, 1)),
  feed_n @int not null,
  primary key (package_seq, kind)
) @strict;
create index data_package_group on data_package (data_group, package_seq);
create index data_package_feed on data_package (feed_n);

-- The group in which a channel database was last seen; a database whose group is another one now has moved.
create table known_database (
  channel_database @text not null primary key,
  data_group @text not null
) @strict;

create table download_session (
  session @int not null primary key,
  channel_database @text not null,
  register_id @text not null,
  store_id @text not null,
  data_group @text not null,
  job @text not null,
  package_seq @int not null,
  status @text not null,
  tries @int not null,
  retry_ms @int not null,
  row_count @int not null,
  size @int not null,
  message @text not null,
  created_ms @int not null,
  available_ms @int not null,
  requested_ms @int not null,
  downloaded_ms @int not null,
  applied_ms @int not null,
  reported_ms @int not null,
  feed_n @int not null
) @strict;
create index download_session_package on download_session (channel_database, package_seq);
create index download_session_number on download_session (package_seq, status);
create index download_session_status on download_session (status);
create index download_session_feed on download_session (feed_n);

create table upload_session (
  session @int not null primary key,
  store_id @text not null,
  status @text not null,
  tries @int not null,
  retry_ms @int not null,
  row_count @int not null,
  size @int not null,
  message @text not null,
  created_ms @int not null,
  uploaded_ms @int not null,
  applied_ms @int not null,
  feed_n @int not null
) @strict;
create index upload_session_store on upload_session (store_id, status);
create index upload_session_feed on upload_session (feed_n);

-- Failed tries that were reported, so that a report that comes twice counts once.
create table session_try (
  session @int not null,
  status @text not null,
  at_ms @int not null,
  primary key (session, status, at_ms)
) @strict;

-- Retail Servers that made themselves known. `directory_n` is the number of the feed that brought its directory.
create table server (
  name @text not null primary key,
  public_key @blob not null check (length(public_key) = 32),
  accepted @int not null check (accepted in (0, 1)),
  insecure @int not null check (insecure in (0, 1)),
  version @text not null,
  address @text not null,
  asked_ms @int not null,
  accepted_ms @int not null,
  seen_ms @int not null,
  directory_sha256 @text not null,
  directory_n @int not null
) @strict;
