"""The version the server tells others: that of the installed distribution."""

from importlib import metadata


def _version() -> str:
    try:
        return metadata.version("outpost-pos")
    except metadata.PackageNotFoundError:
        return "0"  # run from a bare source tree


VERSION = _version()
