"""A vault's key in the Secret Service of a desktop: only when the configuration names it, and only after a test.

Keyring's backend for it is used by name; keyring's own choice among backends never happens (docs/security.md).
"""

import os
import threading
from typing import Protocol

SELF_TEST_S = 2.0
"""A service that does not answer for so long is treated as none: somebody's dialog may wait for a person."""
_SERVICE, _PROBE = "outpost-kek", "outpost-probe"


class SecretServiceUnusable(Exception):
    """There is no Secret Service that keeps what it is given; the message is a sentence."""


class SecretService(Protocol):
    """The part of keyring's backend that is used; it may raise whatever the desktop raises."""

    def get_password(self, service: str, username: str) -> str | None:
        """A text, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a text."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget a text."""
        ...


def find_service() -> SecretService:
    """Keyring's backend for the Secret Service, whether or not it can be reached."""
    from keyring.backends.SecretService import Keyring  # only who names it needs it

    _ = Keyring.priority  # raises when there is no D-Bus, no service, or the library for it is missing
    return Keyring()  # type: ignore[no-untyped-call, no-any-return, unused-ignore]


def service_key(name: str, size: int, *, make: bool) -> bytes:
    """The key kept under a name, made there first if asked to; raises SecretServiceUnusable. Blocks up to 2 s."""
    found: list[bytes] = []
    errors: list[str] = []

    def ask() -> None:
        try:
            found.append(_key(find_service(), name, size, make=make))
        except SecretServiceUnusable as error:
            errors.append(str(error))
        except Exception as error:  # a desktop may raise anything, and none of it may end the register
            errors.append(f"The Secret Service cannot be used ({error}).")

    thread = threading.Thread(target=ask, name="secret-service", daemon=True)
    thread.start()
    thread.join(SELF_TEST_S)
    if found:
        return found[0]
    raise SecretServiceUnusable(
        errors[0] if errors else f"The Secret Service did not answer within {SELF_TEST_S:g} s."
    )


def _key(service: SecretService, name: str, size: int, *, make: bool) -> bytes:
    _test(service)
    text = service.get_password(_SERVICE, name)
    if text is None and make:
        service.set_password(_SERVICE, name, os.urandom(size).hex())
        text = service.get_password(_SERVICE, name)
    if text is None:
        raise SecretServiceUnusable(f"The Secret Service holds no key named {name!r}.")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != size:
        raise SecretServiceUnusable(f"What the Secret Service holds as {name!r} is no key.")
    return key


def _test(service: SecretService) -> None:
    """Write, read, delete: a service that keeps nothing must not get the only key of a vault."""
    probe = os.urandom(8).hex()
    service.set_password(_PROBE, probe, probe)
    kept = service.get_password(_PROBE, probe)
    service.delete_password(_PROBE, probe)
    if kept != probe or service.get_password(_PROBE, probe) is not None:
        raise SecretServiceUnusable("The Secret Service does not keep what it is given.")
