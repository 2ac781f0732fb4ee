-- The channel database. The store comes first in every key, so that tables can be partitioned or sharded by store.
-- Times are milliseconds since 1970 UTC, amounts minor units, truth values 0 or 1.

create table store (
  store_id @text not null primary key,
  root_key @text not null,
  created_ms @int not null
) @strict;

create table setting (
  store_id @text not null,
  key @text not null,
  value @text not null,
  primary key (store_id, key)
) @strict;

create table package (
  store_id @text not null,
  package_seq @int not null,
  sha256 @text not null,
  size @int not null,
  created_ms @int not null,
  loaded_ms @int not null,
  primary key (store_id, package_seq)
) @strict;

create table item (
  store_id @text not null,
  sku @text not null,
  name @text not null,
  unit @text not null,
  price @int not null,
  tax @text not null,
  department @text not null,
  plu @text not null,
  open_price @int not null check (open_price in (0, 1)),
  weighed @int not null check (weighed in (0, 1)),
  blocked @text not null,
  primary key (store_id, sku)
) @strict;
create index item_plu on item (store_id, plu);

create table barcode (
  store_id @text not null,
  gtin @text not null,
  sku @text not null,
  primary key (store_id, gtin)
) @strict;

create table department (
  store_id @text not null,
  code @text not null,
  name @text not null,
  tax @text not null,
  position @int not null,
  primary key (store_id, code)
) @strict;

create table tax (
  store_id @text not null,
  code @text not null,
  name @text not null,
  rate @text not null,
  included @int not null check (included in (0, 1)),
  primary key (store_id, code)
) @strict;

create table staff (
  store_id @text not null,
  number @text not null,
  name @text not null,
  role @text not null,
  salt @text not null,
  hash @text not null,
  primary key (store_id, number)
) @strict;

--@sqlite create virtual table item_name using fts5 (store_id unindexed, sku unindexed, name, tokenize = 'trigram');
--@postgres create extension if not exists pg_trgm;
--@postgres create table item_name (store_id text not null, sku text not null, name text not null, primary key (store_id, sku));
--@postgres create index item_name_trigram on item_name using gin (name gin_trgm_ops);

-- Registers, their one-time codes and their series.

create table register (
  store_id @text not null,
  register_id @text not null,
  epoch @int not null check (epoch >= 0),
  created_ms @int not null,
  primary key (store_id, register_id)
) @strict;

create table enrolment_code (
  store_id @text not null,
  code_hash @text not null,
  register_id @text not null,
  created_ms @int not null,
  expires_ms @int not null,
  used_ms @int not null,
  public_key @text not null,
  primary key (store_id, code_hash)
) @strict;

create table series (
  store_id @text not null,
  series @text not null,
  register_id @text not null,
  epoch @int not null,
  public_key @blob not null check (length(public_key) = 32),
  key_id @text not null,
  insecure @int not null check (insecure in (0, 1)),
  opened_ms @int not null,
  closed_ms @int not null,
  recovery_granted @int not null check (recovery_granted in (0, 1)),
  head_seq @int not null,
  head_hash @blob not null check (length(head_hash) = 32),
  primary key (store_id, series),
  unique (store_id, register_id, epoch)
) @strict;

-- The inbox: what registers sent, as exact bytes. Its only rule is the position.

create table record (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  payload @blob not null,
  prev @blob not null check (length(prev) = 32),
  hash @blob not null check (length(hash) = 32),
  signature @blob not null,
  key_id @text not null,
  flags @text not null,
  received_ms @int not null,
  primary key (store_id, series, seq)
) @strict;
--@sqlite create trigger record_is_final before update on record begin select raise(abort, 'a record never changes'); end;
--@sqlite create trigger record_stays before delete on record begin select raise(abort, 'a record never goes'); end;

-- Evidence of records that were not taken. Both tables are bounded by the code that writes them.

create table rejected (
  store_id @text not null,
  digest @text not null,
  series @text not null,
  seq @int not null,
  reason @text not null,
  raw @blob not null,
  times @int not null,
  received_ms @int not null,
  primary key (store_id, digest)
) @strict;

create table fork (
  store_id @text not null,
  digest @text not null,
  series @text not null,
  seq @int not null,
  reason @text not null,
  raw @blob not null,
  times @int not null,
  received_ms @int not null,
  primary key (store_id, digest)
) @strict;

-- Posting. A record is in exactly one place: after the cursor or in retry (waiting), in posted, or in quarantine.

create table posting_cursor (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  primary key (store_id, series)
) @strict;

create table retry (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  attempts @int not null,
  next_ms @int not null,
  reason @text not null,
  primary key (store_id, series, seq)
) @strict;

create table quarantine (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  reason @text not null,
  attempts @int not null,
  at_ms @int not null,
  primary key (store_id, series, seq)
) @strict;

create table posted (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  kind @text not null,
  txn_id @text not null,
  receipt_no @int not null,
  total @int not null,
  currency @text not null,
  at @text not null,
  business_date @text not null,
  operator @text not null,
  shift_id @text not null,
  posted_ms @int not null,
  primary key (store_id, series, seq)
) @strict;
create index posted_txn on posted (store_id, txn_id);
create index posted_receipt on posted (store_id, series, receipt_no);
create index posted_shift on posted (store_id, series, shift_id);

-- Effects: one row per effect of a record, keyed by what the record says, so that none can happen twice.

create table sale_line (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  sku @text not null,
  name @text not null,
  quantity @text not null,
  amount @int not null,
  primary key (store_id, series, seq, effect)
) @strict;

create table sale_tender (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  kind @text not null,
  amount @int not null,
  primary key (store_id, series, seq, effect)
) @strict;

create table sale_tax (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  rate @text not null,
  net @int not null,
  tax @int not null,
  gross @int not null,
  primary key (store_id, series, seq, effect)
) @strict;

create table shift_total (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  amount @int not null,
  primary key (store_id, series, seq, effect)
) @strict;

create table difference (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  register_value @text not null,
  server_value @text not null,
  primary key (store_id, series, seq, effect)
) @strict;

create table health (
  store_id @text not null primary key,
  n @int not null,
  at_ms @int not null
) @strict;
