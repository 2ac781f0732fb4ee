"""The ledger: records accepted exactly once, their effects on the books, differences, quarantine, reports."""
