"""`--ca-sha256` and `--ca-file`: which certificate authority a command trusts, and nothing else."""

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tui.commands.outcome import CommandFailed, ExitCode


def declare_trust(parser: argparse.ArgumentParser) -> None:
    """The two options; without either the certificates of the system are trusted."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--ca-sha256",
        default="",
        metavar="HEX",
        help="SHA-256 of the store's certificate authority, as it stands beside the activation code",
    )
    group.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="certificate of the authority that signs the server's"
    )


def authority_of(options: argparse.Namespace) -> str:
    """The authority (PEM) that the options name, "" for that of the system; raises AuthorityRefused, CommandFailed."""
    from store.exchange.certificates import CertificateRefused, fingerprint
    from store.service.tls import fetch_authority

    if options.ca_sha256:
        return fetch_authority(options.server, options.ca_sha256)
    if options.ca_file is None:
        return ""
    try:
        pem = options.ca_file.read_text(encoding="ascii")
        fingerprint(pem)
    except (UnicodeDecodeError, CertificateRefused) as error:
        raise CommandFailed(
            ExitCode.CONFIGURATION, f"{options.ca_file} is no certificate in PEM form."
        ) from error
    return str(pem)


@contextlib.contextmanager
def trusted_file(options: argparse.Namespace) -> Iterator[Path | None]:
    """The same as a file for as long as the block runs; None for the authorities of the system."""
    pem = authority_of(options)
    if not pem:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="outpost-ca-") as folder:
        path = Path(folder) / "ca.pem"
        path.write_text(pem, encoding="ascii")
        yield path
