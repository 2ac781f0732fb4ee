"""What headquarters shows on its own address: a certificate of its own authority, new with every run."""

import asyncio
import ssl

from store.exchange.certificates import SERVER_DAYS, CertificateRefused
from store.headquarters.context import Headquarters
from store.service.errors import ServiceTrouble
from store.service.tls import own_names, present, present_files, server_context

RENEW_EVERY_S = SERVER_DAYS / 3 * 86_400


def tls_of(hq: Headquarters) -> ssl.SSLContext | None:
    """The context to listen with, None for plain HTTP; raises ServiceTrouble. Blocks."""
    config = hq.config
    if not config.tls:
        return None
    context = server_context()
    if config.tls_certificate is not None and config.tls_key is not None:
        present_files(context, config.tls_certificate, config.tls_key)
    else:
        show_new(hq, context)
    return context


def show_new(hq: Headquarters, context: ssl.SSLContext) -> None:
    """Make a key and a certificate and show them from the next connection on; raises ServiceTrouble. Blocks."""
    names = own_names(hq.config.host, hq.config.tls_names)
    try:
        credentials = hq.secrets.authority.own(names, now_ms=hq.now_ms())
    except CertificateRefused as error:
        raise ServiceTrouble(str(error)) from error
    present(context, credentials)


async def renew_certificate(hq: Headquarters, context: ssl.SSLContext) -> None:
    """Show a new certificate long before the present one is over, for ever."""
    while True:
        await asyncio.sleep(RENEW_EVERY_S)
        await asyncio.to_thread(show_new, hq, context)
