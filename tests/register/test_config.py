"""The configuration file: read once, every key explained, every mistake named with its place and its cure."""

import re
import tomllib
from pathlib import Path

import pytest

from store.register.config import (
    Config,
    ConfigError,
    DemoConfig,
    RegisterConfig,
    help_of,
    load_config,
    parse_config,
)
from store.register.peripherals import DevicesConfig

EXAMPLE = Path(__file__).parents[2] / "deploy" / "register.example.toml"


def test_file_that_is_not_there_is_the_default(tmp_path):
    assert load_config(tmp_path / "register.toml") == Config()


FREE = {"keys", "macros"}
"""Tables whose keys are the shop's own."""


def test_example_names_every_key_and_no_other():
    text = re.sub(r"^# (\w+ = )", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    written = {section: set(keys) for section, keys in tomllib.loads(text).items()}
    known = {
        section: set(getattr(Config(), section).__struct_fields__)
        for section in Config.__struct_fields__
        if section not in FREE
    }
    assert {section: keys for section, keys in written.items() if section not in FREE} == known
    parse_config(text, "example")


def test_example_as_it_stands_is_the_default_but_for_the_address():
    config = load_config(EXAMPLE)
    assert config == Config(register=RegisterConfig(server_url="https://shop.example:8918"))


@pytest.mark.parametrize("section", [RegisterConfig, DevicesConfig, DemoConfig])
def test_every_key_has_a_help_sentence(section):
    for key, sentence in help_of(section).items():
        assert sentence.endswith("."), key


def test_values_reach_their_places():
    config = parse_config(
        """
        [register]
        server_url = "http://127.0.0.1:8918"
        [offline_profile]
        reconnection_interval_s = 5
        [devices]
        scanners = ["/dev/ttyS1"]
        [keys]
        lock = "f20"
        [demo]
        floor_socket = "/run/x"
        """,
        "x",
    )
    assert config.register.server_url == "http://127.0.0.1:8918"
    assert config.offline_profile.reconnection_interval_s == 5
    assert config.devices.scanners == ("/dev/ttyS1",)
    assert config.keys == {"lock": "f20"}
    assert config.demo.floor_socket == "/run/x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[register]\nserver_ur = "x"',
            "r.toml, line 2: unknown key server_ur in [register]. Did you mean server_url?",
        ),
        ("[registr]", "r.toml, line 1: unknown section registr. Did you mean register?"),
        ("\n\n[zzz]", "r.toml, line 3: unknown section zzz. Known are: register, "),
        ("register = 1", "r.toml, line 1: register must be a table [register]."),
        (
            "[offline_profile]\n\nretry_count = 9",
            "r.toml, line 3: offline_profile.retry_count is wrong: Expected `int` <= 5.",
        ),
        (
            "[register]\nlanguage = 3",
            "r.toml, line 2: register.language is wrong: Expected `str`, got `int`. Language of the screens",
        ),
        ("[devices]\ndrawer_pin = 3", "r.toml, line 2: devices.drawer_pin is wrong: Invalid enum value 3."),
        ("[keys]\nf2 = 5", "r.toml, line 2: keys.f2 is wrong: Expected `str`, got `int`."),
        ("a b", "r.toml is not valid TOML: Expected '='"),
    ],
)
def test_mistake_is_named_with_its_place_and_its_cure(text, sentence):
    with pytest.raises(ConfigError) as raised:
        parse_config(text, "r.toml")
    assert raised.value.reason.startswith(sentence)
    assert "\n" not in raised.value.reason


def test_file_that_cannot_be_read_is_a_sentence(tmp_path):
    (tmp_path / "register.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "register.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
