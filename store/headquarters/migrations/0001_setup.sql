-- Headquarters' set-up. One row is one thing (a store, a product, ...): its noun, its key, its fields as a JSON document.
-- Times are milliseconds since 1970 UTC, amounts minor units, truth values 0 or 1.

create table counter (
  name @text not null primary key,
  n @int not null
) @strict;

-- `changed_n` is the number of the change that made the row what it is; changes are numbered by the counter `setup`.
-- A removed row stays as a mark, so that whoever looks for changes sees it go.
create table setup (
  noun @text not null,
  key @text not null,
  document @text not null,
  changed_n @int not null,
  changed_ms @int not null,
  removed @int not null check (removed in (0, 1)),
  primary key (noun, key)
) @strict;
create index setup_changed on setup (noun, changed_n);

-- Other names by which a row is found, each for one row only: barcodes and PLUs of products.
create table setup_name (
  noun @text not null,
  name @text not null,
  key @text not null,
  primary key (noun, name)
) @strict;
create index setup_name_key on setup_name (noun, key);

-- Rows of a file that is being imported, checked but not in force yet. `base_n` is the change number that the row in
-- force had when it was looked at, 0 for a new one; `inputs` is what is taken in beside the fields, made ready.
create table import_row (
  import_id @text not null,
  key @text not null,
  line @int not null,
  document @text not null,
  inputs @text not null,
  base_n @int not null,
  primary key (import_id, key)
) @strict;
create table import_name (
  import_id @text not null,
  name @text not null,
  key @text not null,
  line @int not null,
  primary key (import_id, name)
) @strict;

create table health (
  store_id @text not null primary key,
  n @int not null,
  at_ms @int not null
) @strict;
