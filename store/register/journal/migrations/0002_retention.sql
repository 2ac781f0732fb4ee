-- Records that headquarters has may go after their time; an anchor says where those that are still here begin.
alter table upload add column archived_seq integer not null default 0 check (archived_seq >= 0);

create table anchor (
  epoch integer primary key,
  seq integer not null check (seq > 0),
  hash blob not null check (length(hash) = 32),
  receipt_no integer not null check (receipt_no >= 0),
  at_ms integer not null,
  transactions integer not null check (transactions >= 0),
  unsigned integer not null check (unsigned in (0, 1))
) strict;

-- The anchor is a record that is here, that the server has acknowledged and that headquarters has; it only moves on.
create trigger anchor_stands_on_an_archived_record before insert on anchor when new.seq > coalesce((select min(u.acked_seq, u.archived_seq) from upload u join series s on s.series = u.series where s.epoch = new.epoch), 0) or new.hash is not (select hash from record where n = (new.epoch << 32) | new.seq) begin select raise(abort, 'an anchor stands on a record that headquarters has'); end;
create trigger anchor_is_never_changed before update on anchor when new.epoch <> old.epoch or new.seq <= old.seq begin select raise(abort, 'an anchor only moves on'); end;
create trigger anchor_is_never_deleted before delete on anchor begin select raise(abort, 'anchors are never deleted'); end;
drop trigger record_is_never_deleted;
create trigger record_is_never_deleted before delete on record when old.seq > coalesce((select seq from anchor where epoch = old.epoch), 0) begin select raise(abort, 'journal records are never deleted'); end;
