-- The way up: what registers sold, how they stand, and what is said about their devices. The tables of the ledger are those of
-- a channel database (store/server/migrations/0001_channel.sql), word for word: the same code fills them.
-- Times are milliseconds since 1970 UTC, 0 for never; amounts minor units, truth values 0 or 1.

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
create index posted_day on posted (business_date, store_id);

-- How a register stands, by its own word; the newest word only.
create table register_report (
  register_id @text not null primary key,
  store_id @text not null,
  at_ms @int not null,
  heard_ms @int not null,
  received_ms @int not null,
  report @text not null
) @strict;

-- A device is the machine behind a register. Who has no row is Pending.
create table device (
  register_id @text not null primary key,
  store_id @text not null,
  state @text not null,
  since_ms @int not null,
  reason @text not null
) @strict;

create table device_history (
  n @int not null primary key,
  register_id @text not null,
  at_ms @int not null,
  event @text not null,
  state @text not null,
  reason @text not null
) @strict;
create index device_history_register on device_history (register_id, n);

-- One-time codes, as hashes. `public_key` and `server` are those of the device and the Retail Server that used it.
create table device_code (
  code_hash @text not null primary key,
  register_id @text not null,
  store_id @text not null,
  created_ms @int not null,
  expires_ms @int not null,
  used_ms @int not null,
  public_key @text not null,
  server @text not null
) @strict;
create index device_code_register on device_code (register_id, expires_ms);

-- A supervisor's permission to bring in the records of a dead register's series.
create table recovery_grant (
  series @text not null primary key,
  store_id @text not null,
  register_id @text not null,
  code_hash @text not null,
  granted_ms @int not null,
  expires_ms @int not null,
  used_ms @int not null,
  reason @text not null
) @strict;

-- Every emergency code that was given out by telephone: to whom and why, never the code itself.
create table emergency_code (
  n @int not null primary key,
  at_ms @int not null,
  store_id @text not null,
  register_id @text not null,
  operator @text not null,
  challenge @text not null,
  reason @text not null
) @strict;
