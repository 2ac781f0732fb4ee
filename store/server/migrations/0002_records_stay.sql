-- A record never changes and never goes, on PostgreSQL too. (SQLite has its two triggers from the first rung.)

--@postgres create function record_is_final() returns trigger language plpgsql as $$ begin raise exception 'a record never changes and never goes'; end $$;
--@postgres create trigger record_is_final before update or delete on record for each row execute function record_is_final();
