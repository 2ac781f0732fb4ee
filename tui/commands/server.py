"""`outpost server`: the Retail Server of a store; `outpost server prepare` loads it and makes a one-time code."""

import argparse
from datetime import datetime
from pathlib import Path

from store.database.vault_sources import VaultSources
from store.server.config import DEFAULT_DATABASE, DEFAULT_PORT, ServerConfig, is_loopback
from tui.commands.options import declare_json, folder_of
from tui.commands.outcome import CommandFailed, ExitCode, print_json
from tui.commands.tls_options import declare_tls, tls_of
from tui.commands.vault_options import declare_vault, passphrase_of

EXAMPLE = (
    "examples:\n"
    "  outpost server prepare --home SRV --package shop.outpost --register S0001-R01\n"
    "  outpost server --home SRV --database sqlite:SRV/channel.db --port 8918 --headquarters http://127.0.0.1:8917"
)
SQLITE = "sqlite:"


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    declare_place(parser, None)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"default: {DEFAULT_PORT}; 0 takes a free one"
    )
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="where log lines go (default: standard error)"
    )
    _declare_headquarters(parser)
    declare_tls(parser)
    declare_vault(parser, makes=True)
    _declare_prepare(parser)


def _declare_headquarters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--headquarters",
        default="",
        metavar="URL",
        help="the headquarters this server belongs to, such as https://hq.shop:8917 (default: none)",
    )
    parser.add_argument(
        "--headquarters-ca",
        type=Path,
        metavar="FILE",
        help="the certificate headquarters is trusted by (default: those of the system)",
    )
    parser.add_argument(
        "--headquarters-ca-sha256",
        default="",
        metavar="HEX",
        help="SHA-256 of headquarters' certificate authority; it is fetched once, compared, and trusted from then on",
    )
    parser.add_argument(
        "--name", default="", help="what headquarters calls this server (default: the machine's name)"
    )


def _declare_prepare(parser: argparse.ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", metavar="prepare")
    prepare = words.add_parser(
        "prepare",
        description="Load items and staff from a package file and print a one-time code for a register.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    declare_place(prepare, argparse.SUPPRESS)
    prepare.add_argument("--package", type=Path, required=True, metavar="FILE", help="the package file")
    prepare.add_argument("--register", required=True, metavar="ID", help="the register, such as S0001-R01")
    prepare.add_argument(
        "--pepper-file",
        type=Path,
        metavar="FILE",
        help="the store's pepper in hexadecimal (default: FILE.pepper beside the package, else the server's own)",
    )
    declare_json(prepare)


def declare_place(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Options that may stand before and behind `prepare`; behind it they must not undo what stood before."""
    parser.add_argument(
        "--home",
        type=Path,
        default=default,
        metavar="DIR",
        help="folder of the server (default: $OUTPOST_HOME)",
    )
    parser.add_argument(
        "--database",
        default=default,
        metavar="URL",
        help=f"the channel database: sqlite:PATH or postgresql://USER@HOST/NAME "
        f"(default: {DEFAULT_DATABASE} in the server's folder)",
    )
    parser.add_argument(
        "--sealed-only",
        action="store_true",
        default=default or False,
        help="refuse throw-away vaults, which are otherwise allowed while the server listens on this machine only",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM, or prepare."""
    home = folder_of(options)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = database_url(options.database)
    if options.word == "prepare":
        return prepare_register(options, home, database)
    from store.server.runtime import run_server

    return run_server(
        ServerConfig(
            home=home,
            database_url=database,
            host=options.host,
            port=options.port,
            allow_insecure=is_loopback(options.host) and not options.sealed_only,
            log_path=options.log,
            headquarters_url=options.headquarters,
            headquarters_ca=options.headquarters_ca,
            headquarters_ca_sha256=options.headquarters_ca_sha256,
            **tls_of(options),
            vault=VaultSources(passphrase_of(options, home), options.secret_service),
            name=options.name,
        )
    )


def database_url(given: str | None) -> str:
    """A relative path on the command line is relative to where the person stands, as everywhere else."""
    if given is None:
        return DEFAULT_DATABASE
    if given.startswith(SQLITE) and not given.startswith(f"{SQLITE}//"):
        return f"{SQLITE}{Path(given.removeprefix(SQLITE)).expanduser().absolute()}"
    return given


def prepare_register(options: argparse.Namespace, home: Path, database: str) -> int:
    """Load the package and print the code."""
    from store.server.prepare import prepare

    done = prepare(
        home,
        database,
        options.package,
        options.register,
        pepper=pepper_of(options.pepper_file),
        allow_insecure=not options.sealed_only,
        sources=VaultSources(passphrase_of(options, home), options.secret_service),
    )
    if options.json:
        print_json(
            {
                "activation_code": done.code,
                "register": done.register,
                "store": done.store,
                "expires_ms": done.expires_ms,
                "package_seq": done.package_seq,
                "items": done.items,
            }
        )
    else:
        until = datetime.fromtimestamp(done.expires_ms / 1000).astimezone()
        print(f"Package {done.package_seq} with {done.items:,} items is loaded.")
        print(f"One-time code for {done.register}: {done.code}  (valid until {until:%Y-%m-%d %H:%M})")
        print(f"On the register: outpost activate --server URL --code {done.code}")
    return ExitCode.DONE


def pepper_of(path: Path | None) -> bytes | None:
    """The store's pepper from a file."""
    if path is None:
        return None
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise CommandFailed(
            ExitCode.CONFIGURATION, f"{path} holds no pepper: it must be hexadecimal digits."
        ) from error
