"""The register's configuration file, read once at start into frozen values (example: deploy/register.example.toml).

Every key has a help sentence in its type; a wrong key or value is a `ConfigError` that names file, line and cure.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

from store.gateway.profile import OfflineProfile
from store.register.peripherals import DevicesConfig


class ConfigError(Exception):
    """The configuration cannot be used; `reason` is a sentence with the place and the cure."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RegisterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[register]`: who and where this register is."""

    server_url: Annotated[
        str, Meta(description="Address of the Retail Server; https, or http on this machine only.")
    ] = ""
    store: Annotated[str, Meta(description="Store number; what the enrolment says wins.")] = ""
    number: Annotated[str, Meta(description="Register number; what the enrolment says wins.")] = ""
    language: Annotated[
        str,
        Meta(
            pattern="^[a-z]{2}$",
            description="Language of the screens and receipts; headquarters' wins.",
        ),
    ] = "en"
    lock_after_s: Annotated[
        int, Meta(ge=0, le=86_400, description="Lock after so many seconds without a key; 0 never locks.")
    ] = 180
    ca_file: Annotated[
        str, Meta(description="Certificate of a private authority that signs the server's; empty for none.")
    ] = ""
    secret_service: Annotated[
        str,
        Meta(
            description="Name of the vault's key in the desktop's Secret Service; empty where there is none."
        ),
    ] = ""
    group: Annotated[
        str, Meta(description="Group of the technicians, who may open the control socket; empty for none.")
    ] = ""


class DemoConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[demo]`: only in the demo shop."""

    floor_socket: Annotated[
        str,
        Meta(description="Socket of the demo shop, which can pull the network cable and stop the server."),
    ] = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    register: RegisterConfig = RegisterConfig()
    offline_profile: OfflineProfile = OfflineProfile()
    devices: DevicesConfig = DevicesConfig()
    keys: dict[str, str] = {}
    """Action to key name, for keyboards that differ; `outpost keys --list` shows both (tui/keymap.py)."""
    macros: dict[str, str] = {}
    """Macro 1 to 9: what it types, one entry a line; headquarters' settings macro_1 to macro_9 win."""
    demo: DemoConfig = DemoConfig()


def load_config(path: Path) -> Config:
    """Read the file; a missing file is the default configuration. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    return parse_config(text, str(path))


def parse_config(text: str, name: str) -> Config:
    """Turn the text of a configuration file into values; `name` stands in errors. Raises ConfigError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from error
    sections: dict[str, Any] = {}
    for section, hint in get_type_hints(Config).items():
        given = tables.pop(section, None)
        if given is None:
            continue
        if not isinstance(given, dict):
            raise ConfigError(f"{place(text, name, '', section)}: {section} must be a table [{section}].")
        sections[section] = read_section(text, name, section, given, hint)
    for section in tables:
        known = Config.__struct_fields__
        raise ConfigError(
            f"{place(text, name, '', section)}: unknown section {section}. {guess(section, known)}"
        )
    return Config(**sections)


def read_section(text: str, name: str, section: str, given: dict[str, Any], kind: Any) -> Any:
    """Check the keys of one table, then its values. Raises ConfigError."""
    known: tuple[str, ...] = getattr(kind, "__struct_fields__", ())
    for key in given if known else ():
        if key not in known:
            raise ConfigError(
                f"{place(text, name, section, key)}: unknown key {key} in [{section}]. {guess(key, known)}"
            )
    for key, value in given.items():
        hint = get_type_hints(kind, include_extras=True)[key] if known else str
        try:
            msgspec.convert(value, hint, strict=True)
        except msgspec.ValidationError as error:
            cause = str(error).split(" - at `$")[0]
            about = description_of(hint)
            raise ConfigError(
                f"{place(text, name, section, key)}: {section}.{key} is wrong: {cause}.{about and f' {about}'}"
            ) from error
    return msgspec.convert(given, kind)


def place(text: str, name: str, section: str, key: str) -> str:
    """Name and line of a key for a message; without a line where TOML's other spellings hide it."""
    inside, assignment = "", re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""")
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([\w.-]+)\s*\]+", line):
            inside = header[1]
            found = inside.split(".")[0] == key if not section else inside == f"{section}.{key}"
        else:
            found = inside.split(".")[0] == section and assignment.match(line) is not None
        if found:
            return f"{name}, line {number}"
    return name


def guess(word: str, known: tuple[str, ...]) -> str:
    """A cure for a misspelled word."""
    import difflib  # rarely needed

    near = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."


def description_of(hint: Any) -> str:
    """The help sentence in an annotated type, or nothing."""
    for part in get_args(hint):
        if isinstance(part, Meta) and part.description:
            return part.description
    return ""


def help_of(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Every key of a section with its help sentence."""
    return {key: description_of(hint) for key, hint in get_type_hints(kind, include_extras=True).items()}
