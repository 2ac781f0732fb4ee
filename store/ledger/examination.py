"""Records looked at by themselves, before anybody asks where they belong: is each genuine, what is odd about it."""

import msgspec

from store.exchange.acknowledgement import Examined


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a batch, each looked at by itself under the key (32 bytes) of its series."""

    public_key: bytes
    records: tuple[Examined, ...]
