-- The register's offline catalog: written once, verified, then only read. One file per package version.
create table meta (key text primary key, value text not null) strict;
create table item (
  sku text primary key,
  name text not null,
  unit text not null,
  price integer not null,
  tax text not null,
  department text not null,
  plu text not null,
  open_price integer not null check (open_price in (0, 1)),
  weighed integer not null check (weighed in (0, 1)),
  blocked text not null
) strict;
create table barcode (gtin text primary key check (length(gtin) = 14), sku text not null) strict;
create table department (
  code text primary key,
  name text not null,
  tax text not null,
  position integer not null
) strict;
create table tax (
  code text primary key,
  name text not null,
  rate text not null,
  included integer not null check (included in (0, 1))
) strict;
create table staff (
  number text primary key,
  name text not null,
  role text not null,
  salt text not null,
  hash text not null
) strict;
create table setting (key text primary key, value text not null) strict;
-- after the rows are in
create unique index item_plu on item (plu) where plu <> '';
create index barcode_sku on barcode (sku);
create virtual table item_name using fts5(sku unindexed, name, tokenize = 'trigram');
