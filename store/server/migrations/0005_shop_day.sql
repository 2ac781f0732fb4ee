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
create table customer_key (
  store_id @text not null,
  key @text not null,
  number @text not null,
  primary key (store_id, key, number)
) @strict;
create index customer_key_number on customer_key (store_id, number);

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
