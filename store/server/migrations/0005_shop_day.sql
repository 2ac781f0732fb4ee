-- What a shop's day needs from headquarters. `detail` is a JSON object as text, empty for none (docs/packages.md).

alter table item add column detail @text not null default '';
alter table department add column detail @text not null default '';
alter table staff add column detail @text not null default '';
alter table tax add column detail @text not null default '';

create table discount (
  store_id @text not null,
  code @text not null,
  name @text not null,
  detail @text not null,
  primary key (store_id, code)
) @strict;

create table info_code (
  store_id @text not null,
  code @text not null,
  name @text not null,
  detail @text not null,
  primary key (store_id, code)
) @strict;

create table document_format (
  store_id @text not null,
  code @text not null,
  detail @text not null,
  primary key (store_id, code)
) @strict;

alter table customer add column card @text not null default '';
alter table customer add column digits @text not null default '';
alter table customer add column ends @text not null default '';

create table customer_group (
  store_id @text not null,
  code @text not null,
  name @text not null,
  detail @text not null,
  primary key (store_id, code)
) @strict;

create table account (
  store_id @text not null,
  customer @text not null,
  balance @int not null,
  elsewhere @int not null,
  as_of_ms @int not null,
  primary key (store_id, customer)
) @strict;

-- By what customers are found: `w:` a word of the name, `d:` a telephone number and `r:` its digits backwards, `c:` a
-- card, `m:` the customer who stands for this one by now.
--@sqlite create table customer_key (store_id text not null, key text not null, number text not null, primary key (store_id, key, number)) strict, without rowid;
--@postgres create table customer_key (store_id text collate "C" not null, key text collate "C" not null, number text collate "C" not null, primary key (store_id, key, number));

-- What customers owe by their account: one row for what a record charged (above nothing) or paid in (below).
create table account_entry (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  customer @text not null,
  amount @int not null,
  currency @text not null,
  business_date @text not null,
  at @text not null,
  posted_ms @int not null,
  primary key (store_id, series, seq, effect)
) @strict;
create index account_entry_customer on account_entry (customer, store_id);
create index account_entry_posted on account_entry (posted_ms);

-- What registers told of customers: added or edited, and not yet in a package from headquarters.
create table customer_news (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  customer @text not null,
  name @text not null,
  document @text not null,
  at @text not null,
  primary key (store_id, series, seq, effect)
) @strict;
create index customer_news_customer on customer_news (store_id, customer);

-- By which tender type a payment was made, and the notes of another currency that it was made with.
alter table sale_tender add column type @text not null default '';
alter table sale_tender add column notes @int not null default 0;

-- Vouchers of the house: a row to lock by; what every record put on one (above nothing) or took off it; what is set
-- aside for a sale that is being paid.
create table voucher (
  number @text not null primary key
) @strict;

create table voucher_entry (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  number @text not null,
  amount @int not null,
  txn_id @text not null,
  currency @text not null,
  business_date @text not null,
  primary key (store_id, series, seq, effect)
) @strict;
create index voucher_entry_number on voucher_entry (number);

create table voucher_hold (
  number @text not null,
  txn_id @text not null,
  amount @int not null,
  until_ms @int not null,
  primary key (number, txn_id)
) @strict;

-- What came back of which sale: one row for each line of a record that gives back a part of a sold line.
create table returned (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  of_series @text not null,
  of_seq @int not null,
  of_n @int not null,
  thousandths @int not null,
  gross @int not null,
  at @text not null,
  primary key (store_id, series, seq, effect)
) @strict;
create index returned_of on returned (store_id, of_series, of_seq);

-- Goods that a register is taking back right now; nobody else gives back the same until it is recorded or runs out.
create table return_reservation (
  store_id @text not null,
  of_series @text not null,
  of_seq @int not null,
  of_n @int not null,
  txn_id @text not null,
  register_id @text not null,
  thousandths @int not null,
  until_ms @int not null,
  primary key (store_id, of_series, of_seq, of_n, txn_id)
) @strict;
create index return_reservation_until on return_reservation (until_ms);
create index return_reservation_txn on return_reservation (store_id, txn_id);

-- What may still be returned carries how it was sold, so that a register can give it back while it is offline.
alter table returnable add column detail @text not null default '';

-- Suspended sales by the word of records (`suspended`, `released`, `resumed`, `discarded`): open while nobody resumed or
-- discarded them.
create table suspension (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  suspension_id @text not null,
  code @text not null,
  at @text not null,
  person @text not null,
  total @int not null,
  currency @text not null,
  items @text not null,
  note @text not null,
  primary key (store_id, series, seq, effect)
) @strict;
create index suspension_of on suspension (store_id, suspension_id);

-- Badges that were given at registers; the newest row of a hash counts, one without a number takes the badge away.
create table badge_given (
  store_id @text not null,
  series @text not null,
  seq @int not null,
  effect @text not null,
  hash @text not null,
  number @text not null,
  at @text not null,
  primary key (store_id, series, seq, effect)
) @strict;
create index badge_given_hash on badge_given (store_id, hash);

-- Who gets a suspended sale that another register keeps: asked for by one, given to exactly one.
create table suspension_claim (
  store_id @text not null,
  suspension_id @text not null,
  wanted_by @text not null,
  wanted_ms @int not null,
  claimed_by @text not null,
  claimed_ms @int not null,
  primary key (store_id, suspension_id)
) @strict;
