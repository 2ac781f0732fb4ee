-- What the server needs to live under a headquarters: what it was told, what it has, what it still has to tell.

alter table store add column name @text not null default '';
alter table store add column data_group @text not null default '';
alter table store add column applied_seq @int not null default 0;
alter table store add column applied_ms @int not null default 0;
update store set applied_seq = coalesce((select max(package_seq) from package where package.store_id = store.store_id), 0);

-- Names are looked up by trigrams. In SQLite the index takes its texts from a table that can be found by sku, so that
-- one changed name costs one look-up and not a walk through a million.
--@sqlite drop table item_name;
--@sqlite create table item_name_text (id integer primary key, store_id text not null, sku text not null, name text not null, unique (store_id, sku)) strict;
--@sqlite insert into item_name_text (store_id, sku, name) select store_id, sku, name from item;
--@sqlite create virtual table item_name using fts5 (name, content = 'item_name_text', content_rowid = 'id', tokenize = 'trigram');
--@sqlite insert into item_name (item_name) values ('rebuild');
drop index item_plu;
create index item_plu on item (store_id, plu) where plu <> '';

-- How many rows every package table has after applying, and the sum of the hashes of their lines. Without a row here
-- nothing is known of the table, and only a full package fits.
create table table_state (
  store_id @text not null,
  name @text not null,
  rows @int not null,
  total_hash @text not null,
  package_seq @int not null,
  primary key (store_id, name)
) @strict;

-- A package number in one of its two forms, with the exact bytes of its signed header (empty until fetched).
create table package_form (
  store_id @text not null,
  data_group @text not null,
  package_seq @int not null,
  kind @text not null,
  base_seq @int not null,
  job @text not null,
  size @int not null,
  header_sha256 @text not null,
  header @blob not null,
  created_ms @int not null,
  canceled @int not null check (canceled in (0, 1)),
  primary key (store_id, data_group, package_seq, kind)
) @strict;

create table download_session (
  store_id @text not null,
  session @int not null,
  database @text not null,
  register_id @text not null,
  data_group @text not null,
  package_seq @int not null,
  status @text not null,
  primary key (store_id, session)
) @strict;
create index download_session_register on download_session (store_id, register_id, package_seq);

create table upload_session (
  store_id @text not null,
  session @int not null,
  primary key (store_id, session)
) @strict;

-- How far each home (server process with its own folder) has read headquarters' feed.
create table feed_cursor (
  store_id @text not null,
  home @text not null,
  n @int not null,
  primary key (store_id, home)
) @strict;

create table directory_register (
  store_id @text not null,
  register_id @text not null,
  data_group @text not null,
  support_offline @int not null check (support_offline in (0, 1)),
  device @text not null,
  paused @int not null check (paused in (0, 1)),
  primary key (store_id, register_id)
) @strict;

create table recovery_grant (
  store_id @text not null,
  series @text not null,
  code_hash @text not null,
  expires_ms @int not null,
  used_ms @int not null,
  primary key (store_id, series, code_hash)
) @strict;

-- Reports of sessions on their way to headquarters; gone when headquarters has them.
create table session_report (
  store_id @text not null,
  database @text not null,
  package_seq @int not null,
  session @int not null,
  status @text not null,
  at_ms @int not null,
  heard_ms @int not null,
  body @text not null,
  primary key (store_id, database, package_seq, session, status, at_ms)
) @strict;
create index session_report_heard on session_report (heard_ms);

-- The latest word of each register about itself; relayed_ms is 0 until headquarters has it.
create table register_report (
  store_id @text not null,
  register_id @text not null,
  at_ms @int not null,
  heard_ms @int not null,
  body @text not null,
  relayed_ms @int not null,
  primary key (store_id, register_id)
) @strict;

-- How far headquarters has a series, and whether it knows that the series exists and is closed.
create table series_archive (
  store_id @text not null,
  series @text not null,
  archived_seq @int not null,
  told_closed_ms @int not null,
  told_enrolment @int not null check (told_enrolment in (0, 1)),
  trouble @text not null,
  primary key (store_id, series)
) @strict;

-- What a person may have to explain later.
create table recovery_audit (
  store_id @text not null,
  series @text not null,
  at_ms @int not null,
  seq @int not null,
  event @text not null,
  primary key (store_id, series, at_ms, event)
) @strict;
