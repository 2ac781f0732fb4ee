"""The address of the Retail Server, as a person writes it."""

import ipaddress
from urllib.parse import urlsplit


class ServerAddressError(ValueError):
    """The address of the Retail Server cannot be used; the message is a sentence."""


def server_of(address: str) -> str:
    """host:port of a server's URL; raises ServerAddressError. Plain HTTP is for this machine only."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ServerAddressError(f"The server address {address!r} cannot be read: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ServerAddressError(
            f"The server address {address!r} is no URL: write it like https://shop.example:8918."
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise ServerAddressError(
            f"The server address {address!r} is not encrypted: use https, plain http is for this machine only."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port or (443 if parts.scheme == 'https' else 80)}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
