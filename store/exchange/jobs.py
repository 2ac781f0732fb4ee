"""The scheduler's jobs by their numbers, and the statuses of the sessions that carry them (docs/scheduler.md).

A job is a set of package tables that travel together; P-0001 is the way up.
"""

from enum import StrEnum

import msgspec


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as everybody calls it; `tables` are those of `package_tables.TABLES` that it brings."""

    number: str
    name: str
    tables: tuple[str, ...]


JOBS: tuple[Job, ...] = (
    Job(number="1010", name="Customers", tables=("customer", "customer_group", "account")),
    Job(number="1020", name="Prices and discounts", tables=("price", "discount")),
    Job(number="1040", name="Products", tables=("item", "barcode", "department")),
    Job(number="1060", name="Staff", tables=("staff", "role")),
    Job(
        number="1070",
        name="Channel configuration",
        tables=("setting", "tax", "tender", "offline_profile", "info_code", "document_format"),
    ),
    Job(number="1090", name="Registers", tables=("register", "layout_key")),
    Job(number="1110", name="Global configuration", tables=("parameter",)),
    Job(number="1130", name="Product availability", tables=("availability",)),
    Job(number="1200", name="Return quantities", tables=("returnable",)),
)
ALL_JOBS = "9999"
"""Every job of the way down."""
UPLOAD_JOB = "P-0001"
"""Channel transactions, up."""
CONFIGURATION_JOBS = ("1060", "1070", "1090", "1110")
"""What a register without an offline database still needs: who works here and how, but not what is sold."""

JOB_BY_NUMBER: dict[str, Job] = {job.number: job for job in JOBS}
JOB_OF_TABLE: dict[str, Job] = {table: job for job in JOBS for table in job.tables}
CONFIGURATION_TABLES: frozenset[str] = frozenset(
    table for number in CONFIGURATION_JOBS for table in JOB_BY_NUMBER[number].tables
)


class DownloadStatus(StrEnum):
    """Where a package stands for one database."""

    STARTED = "Started"
    AVAILABLE = "Available"
    REQUESTED = "Requested"
    DOWNLOADED = "Downloaded"
    APPLIED = "Applied"
    CANCELED = "Canceled"
    CREATE_FAILED = "Create failed"
    DOWNLOAD_FAILED = "Download failed"
    APPLY_FAILED = "Apply failed"
    NO_DATA = "No data"
    SUSPENDED = "Suspended"
    """Tried too often while strict order holds: those behind it wait until it is rerun or canceled."""


class UploadStatus(StrEnum):
    """Where one round of channel transactions stands on its way up."""

    STARTED = "Started"
    AVAILABLE = "Available"
    UPLOADED = "Uploaded"
    APPLIED = "Applied"
    CANCELED = "Canceled"
    UPLOAD_FAILED = "Upload failed"
    APPLY_FAILED = "Apply failed"


TRY_COUNT = 3
"""Attempts of one session before it is given up."""
