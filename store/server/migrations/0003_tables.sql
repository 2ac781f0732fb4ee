-- The tables of data packages beyond the first ones (docs/packages.md). Same columns as in a package, the store first.

create table price (
  store_id @text not null,
  key @text not null,
  sku @text not null,
  amount @int not null,
  from_ms @int not null,
  until_ms @int not null,
  primary key (store_id, key)
) @strict;
create index price_sku on price (store_id, sku, from_ms);

create table customer (
  store_id @text not null,
  number @text not null,
  name @text not null,
  detail @text not null,
  primary key (store_id, number)
) @strict;

create table role (
  store_id @text not null,
  code @text not null,
  name @text not null,
  permissions @text not null,
  primary key (store_id, code)
) @strict;

create table tender (
  store_id @text not null,
  code @text not null,
  name @text not null,
  kind @text not null,
  position @int not null,
  detail @text not null,
  primary key (store_id, code)
) @strict;

create table offline_profile (
  store_id @text not null,
  code @text not null,
  detail @text not null,
  primary key (store_id, code)
) @strict;

-- The package table `register`; the name was taken by the register's enrolment.
create table register_setup (
  store_id @text not null,
  number @text not null,
  name @text not null,
  support_offline @int not null,
  offline_profile @text not null,
  detail @text not null,
  primary key (store_id, number)
) @strict;

create table layout_key (
  store_id @text not null,
  id @text not null,
  register @text not null,
  place @text not null,
  key @text not null,
  operation @int not null,
  caption @text not null,
  position @int not null,
  primary key (store_id, id)
) @strict;

create table parameter (
  store_id @text not null,
  key @text not null,
  value @text not null,
  primary key (store_id, key)
) @strict;

create table availability (
  store_id @text not null,
  sku @text not null,
  quantity @text not null,
  as_of_ms @int not null,
  primary key (store_id, sku)
) @strict;

create table returnable (
  store_id @text not null,
  key @text not null,
  sku @text not null,
  quantity @text not null,
  as_of_ms @int not null,
  primary key (store_id, key)
) @strict;
