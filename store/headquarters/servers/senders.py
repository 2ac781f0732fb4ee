"""Which Retail Server sent a request: proved by its signature over method, path, query, body, time and nonce."""

import hmac

from store.exchange.delivery import server_series
from store.exchange.request import RequestError, is_genuine, read_headers
from store.headquarters.route import Call
from store.headquarters.servers import known
from store.headquarters.servers.known import KnownServer
from store.service.errors import ProblemError
from store.service.nonces import Nonces

SEEN_EVERY_MS = 60_000
"""How often it is written down that a server was heard of."""


class Senders:
    """Proves senders; one per headquarters process."""

    def __init__(self) -> None:
        self._nonces = Nonces()

    async def prove(self, call: Call, *, delivers: bool = False) -> KnownServer:
        """The accepted server that signed the request; `delivers`: it brings data, so that a repeat is harmless.

        Raises ProblemError `bad-signature` (an unknown name and a wrong signature get the same answer),
        `server-pending` or `replayed`.
        """
        request = call.request
        try:
            claim = read_headers(request.headers)
        except RequestError as error:
            raise ProblemError("bad-signature", str(error)) from error
        server = await call.read(known.find, claim.register)
        named = request.match_info.get("name", claim.register)
        genuine = (
            server is not None
            and hmac.compare_digest(claim.series.encode(), server_series(server.name).encode())
            and named == server.name
            and is_genuine(
                claim,
                server.public_key,
                method=request.method,
                path_and_query=request.path_qs,
                body=call.body,
            )
        )
        if server is None or not genuine:
            raise ProblemError("bad-signature", "The signature is not by a Retail Server that is known here.")
        if not server.accepted:
            raise ProblemError("server-pending", f"Run `outpost hq server accept {server.name}` first.")
        now_ms = call.hq.now_ms()
        self._nonces.check(claim, now_ms, delivers=delivers)
        if abs(now_ms - server.seen_ms) > SEEN_EVERY_MS:
            await call.work(known.note_seen, server, request.remote or "", now_ms)
        return server
