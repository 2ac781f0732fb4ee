"""Options that several commands share."""

import argparse
import os
from pathlib import Path

from store.register.home import RegisterHome
from tui.palette import THEME


def declare_home(parser: argparse.ArgumentParser, whose: str = "register") -> None:
    """`--home DIR`."""
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help=f"folder of the {whose} (default: $OUTPOST_HOME, else the user's data folder)",
    )


def declare_theme(parser: argparse.ArgumentParser) -> None:
    """`--theme NAME`."""
    parser.add_argument(
        "--theme",
        choices=("high-contrast", "usual"),
        help="colours of the screen; high-contrast for eyes that need more (default: $OUTPOST_THEME)",
    )


def take_theme(options: argparse.Namespace) -> None:
    """Hand the theme that was asked for to the screen."""
    if options.theme is not None:
        os.environ[THEME] = options.theme


def declare_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")


def folder_of(options: argparse.Namespace) -> Path:
    """The folder that was asked for, absolute."""
    if options.home is not None:
        return Path(options.home).expanduser().absolute()
    if named := os.environ.get("OUTPOST_HOME"):
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("outpost", appauthor=False)


def home_of(options: argparse.Namespace) -> RegisterHome:
    """The register's home that was asked for."""
    return RegisterHome(folder_of(options))


def keys_of(home: RegisterHome) -> dict[str, str]:
    """The `[keys]` table of this register; raises ConfigError where there is one and the file is wrong.

    Without one nothing is imported: this stands between the key press and the first picture, and the core reads the
    whole file anyway.
    """
    try:
        if "[keys]" not in home.config_file.read_text(encoding="utf-8", errors="replace"):
            return {}
    except OSError:
        return {}
    from store.register.config import load_config

    return load_config(home.config_file).keys
