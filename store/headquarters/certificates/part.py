"""How the certificate authority plugs into headquarters."""

import asyncio
import logging

from aiohttp import web

from store.exchange.certificates import (
    CertificateAnswer,
    CertificateRefused,
    CertificateRequest,
    names_of_request,
)
from store.exchange.delivery import PATH_CERTIFICATE, PATH_CERTIFICATES
from store.headquarters.context import Headquarters
from store.headquarters.part import Part
from store.headquarters.route import Call, Route, Sender, answer
from store.headquarters.servers.senders import Senders
from store.service.errors import ProblemError
from store.service.tls import LOOPBACK_NAMES, own_names

LOG = logging.getLogger("outpost.hq.authority")


async def open_part(hq: Headquarters) -> Part:
    """The authority of a headquarters."""
    desk = AuthorityDesk(Senders())
    return Part(
        name="authority",
        routes=(
            Route(
                name="certificate",
                method="GET",
                path=PATH_CERTIFICATE,
                handler=desk.show,
                sender=Sender.ANYBODY,
                summary="The certificate of the store's own authority; trust it by its SHA-256 only.",
                media="application/x-pem-file",
            ),
            Route(
                name="certificates",
                method="POST",
                path=PATH_CERTIFICATES,
                handler=desk.issue,
                sender=Sender.SERVER,
                summary="A certificate for a Retail Server that headquarters has accepted.",
                body=CertificateRequest,
                answers=CertificateAnswer,
                problems=("bad-signature", "server-pending", "replayed", "invalid"),
            ),
        ),
    )


class AuthorityDesk:
    """Answers for the authority."""

    def __init__(self, senders: Senders) -> None:
        self._senders = senders

    async def show(self, call: Call) -> web.Response:
        """`GET /certificate`."""
        return web.Response(text=call.hq.secrets.authority.certificate, content_type="application/x-pem-file")

    async def issue(self, call: Call) -> web.Response:
        """`POST /certificates`."""
        server = await self._senders.prove(call)
        request = call.document(CertificateRequest).request
        try:
            names = names_of_request(request)
            self._keep_our_names(call.hq, names)
            certificate = await asyncio.to_thread(
                call.hq.secrets.authority.issue, request, now_ms=call.hq.now_ms()
            )
        except CertificateRefused as error:
            raise ProblemError("invalid", str(error)) from error
        LOG.info("certificate issued", extra={"server": server.name, "names": ", ".join(names)})
        return answer(
            CertificateAnswer(certificate=certificate, authority=call.hq.secrets.authority.certificate)
        )

    def _keep_our_names(self, hq: Headquarters, names: tuple[str, ...]) -> None:
        """Nobody else may be headquarters; on one machine a server shares its names."""
        if not hq.config.tls:
            return
        ours = set(hq.config.tls_names) - set(own_names("127.0.0.1")) - LOOPBACK_NAMES
        taken = ours.intersection(names)
        if taken:
            raise CertificateRefused(
                f"{', '.join(sorted(taken))} is headquarters; name the server otherwise."
            )
