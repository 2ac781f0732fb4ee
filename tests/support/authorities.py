"""Certificate authorities and certificates for tests, made as the program makes them."""

import ssl

from store.exchange.certificates import fingerprint, issue, key_pem, make_authority, make_request, new_key
from store.service.tls import Credentials, present, server_context

DAY_MS = 86_400_000


class TestAuthority:
    """An authority that issues whatever a test asks for."""

    __test__ = False

    def __init__(self, now_ms, serial=7):
        self.key = new_key()
        self.now_ms = now_ms
        self.certificate = make_authority(self.key, serial=serial, now_ms=now_ms)
        self.sha256 = fingerprint(self.certificate)

    def credentials(self, names=("127.0.0.1", "localhost"), *, days=90, age_days=0):
        key = new_key()
        certificate = issue(
            self.key,
            self.certificate,
            make_request(key, names),
            serial=11,
            now_ms=self.now_ms - age_days * DAY_MS,
            days=days,
        )
        return Credentials(certificate=certificate, key=key_pem(key))

    def context(self, **facts) -> ssl.SSLContext:
        context = server_context()
        present(context, self.credentials(**facts))
        return context

    def file(self, folder, name="ca.pem"):
        path = folder / name
        path.write_text(self.certificate)
        return path
