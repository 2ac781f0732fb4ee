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
