-- What a shop's day brings up (docs/headquarters.md). Times are milliseconds since 1970 UTC, amounts minor units.

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

-- What registers told of customers: added or edited, and not yet in the set-up.
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

-- Vouchers of the house: a row to lock by, and what every record put on one (above nothing) or took off it.
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
