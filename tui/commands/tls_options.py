"""`--tls` and its companions, for headquarters and the Retail Server."""

import argparse
from pathlib import Path
from typing import Any

from tui.commands.outcome import CommandFailed, ExitCode


def declare_tls(parser: argparse.ArgumentParser) -> None:
    """The options; without any of them a service speaks plain HTTP and listens on this machine only."""
    parser.add_argument(
        "--tls", action="store_true", help="speak TLS with a certificate of the chain's own authority"
    )
    parser.add_argument(
        "--tls-name",
        action="append",
        default=[],
        metavar="NAME",
        help="another host name or address of this machine that the certificate is to be good for; may be repeated",
    )
    parser.add_argument(
        "--tls-certificate",
        type=Path,
        metavar="FILE",
        help="speak TLS with this certificate (chain) instead, PEM; needs --tls-key",
    )
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM")


def tls_of(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a service's configuration; raises CommandFailed."""
    certificate, key = options.tls_certificate, options.tls_key
    if (certificate is None) != (key is None):
        raise CommandFailed(ExitCode.USAGE, "--tls-certificate and --tls-key are given together.")
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise CommandFailed(ExitCode.CONFIGURATION, f"{path} is no file.")
    return {
        "tls": options.tls or certificate is not None,
        "tls_names": tuple(options.tls_name),
        "tls_certificate": certificate,
        "tls_key": key,
    }
