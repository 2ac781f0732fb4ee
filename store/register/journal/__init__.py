"""The register's journal: one commit per record, the open sale, the outbox."""
