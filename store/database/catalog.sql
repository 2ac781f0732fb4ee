-- The register's offline catalog: written once by store/register/catalog, verified, then only read. One file per
-- package. The tables are those of store/exchange/package_tables.py; `detail` holds a JSON object as text.
create table meta (key text primary key, value text not null) strict, without rowid;
-- What is known about each table: rows, hash of their lines (empty: cannot be told), cells of a line, whether offline
-- databases keep it, and the package that touched it last.
create table data_set (
  name text primary key,
  rows integer not null,
  hash text not null,
  columns integer not null,
  kept integer not null check (kept in (0, 1)),
  package_seq integer not null,
  created_ms integer not null
) strict, without rowid;

-- `id` is what the search index knows an item by; it stays when the item changes.
create table item (
  id integer primary key,
  sku text not null unique,
  name text not null,
  unit text not null,
  price integer not null,
  tax text not null,
  department text not null,
  plu text not null,
  open_price integer not null check (open_price in (0, 1)),
  weighed integer not null check (weighed in (0, 1)),
  blocked text not null,
  detail text not null
) strict;
create index item_plu on item (plu) where plu <> '';
create index item_start on item (name collate nocase);
create virtual table item_name using fts5(name, content = 'item', content_rowid = 'id', tokenize = 'trigram');
-- Bytes gathered in memory before a piece of the index is written: with the default of 1 MiB, building takes half as
-- long again.
insert into item_name (item_name, rank) values ('hashsize', 16777216);

create table barcode (
  gtin text primary key check (length(gtin) = 14),
  sku text not null
) strict, without rowid;
create index barcode_sku on barcode (sku);
-- The last six digits backwards: cashiers read the end of a code aloud.
create index barcode_end on barcode (
  substr(gtin, 14, 1) || substr(gtin, 13, 1) || substr(gtin, 12, 1) || substr(gtin, 11, 1) || substr(gtin, 10, 1)
    || substr(gtin, 9, 1)
);

create table department (
  code text primary key,
  name text not null,
  tax text not null,
  position integer not null,
  detail text not null
) strict, without rowid;

create table price (
  key text primary key,
  sku text not null,
  amount integer not null,
  from_ms integer not null,
  until_ms integer not null
) strict, without rowid;
create index price_sku on price (sku, from_ms, key);

create table customer (
  id integer primary key,
  number text not null unique,
  name text not null,
  detail text not null,
  card text not null,
  digits text not null,
  ends text not null
) strict;
create index customer_start on customer (name collate nocase);
-- Cards as a whole, telephone numbers by both ends: `ends` is `digits` backwards.
create index customer_card on customer (card) where card <> '';
create index customer_digits on customer (digits) where digits <> '';
create index customer_ends on customer (ends) where ends <> '';
create virtual table customer_name using fts5(
  name, content = 'customer', content_rowid = 'id', tokenize = 'trigram'
);
create table customer_group (code text primary key, name text not null, detail text not null) strict, without rowid;
create table account (
  customer text primary key,
  balance integer not null,
  elsewhere integer not null,
  as_of_ms integer not null
) strict, without rowid;

create table staff (
  number text primary key,
  name text not null,
  role text not null,
  salt text not null,
  hash text not null,
  detail text not null
) strict, without rowid;
create table role (code text primary key, name text not null, permissions text not null) strict, without rowid;
create table tax (
  code text primary key,
  name text not null,
  rate text not null,
  included integer not null check (included in (0, 1)),
  detail text not null
) strict, without rowid;
create table tender (
  code text primary key,
  name text not null,
  kind text not null,
  position integer not null,
  detail text not null
) strict, without rowid;
create table setting (key text primary key, value text not null) strict, without rowid;
create table offline_profile (code text primary key, detail text not null) strict, without rowid;
create table register (
  number text primary key,
  name text not null,
  support_offline integer not null check (support_offline in (0, 1)),
  offline_profile text not null,
  detail text not null
) strict, without rowid;
create table layout_key (
  id text primary key,
  register text not null,
  place text not null,
  key text not null,
  operation integer not null,
  caption text not null,
  position integer not null
) strict, without rowid;
create table parameter (key text primary key, value text not null) strict, without rowid;
create table availability (
  sku text primary key,
  quantity text not null,
  as_of_ms integer not null
) strict, without rowid;
create table returnable (
  key text primary key,
  sku text not null,
  quantity text not null,
  as_of_ms integer not null,
  detail text not null
) strict, without rowid;
create index returnable_sku on returnable (sku);
create table discount (code text primary key, name text not null, detail text not null) strict, without rowid;
create table info_code (code text primary key, name text not null, detail text not null) strict, without rowid;
create table document_format (code text primary key, detail text not null) strict, without rowid;
