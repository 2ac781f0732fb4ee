"""The print spool: jobs in the journal, on their way to paper."""
