"""What all printer drivers do with a document and an outcome."""

import asyncio

import msgspec

from devices.errors import DeviceError
from devices.printer.escpos_encoder import Encoded, ReceiptEncoder
from devices.wire.byte_stream import in_thread
from store.register.peripherals import PrintOutcome, PrintResult
from store.sale.document import Document

BUSY = "The printer is still busy with the job before."


def failed(detail: str) -> PrintResult:
    """Nothing of the job left the register."""
    return PrintResult(outcome=PrintOutcome.FAILED, detail=detail)


def unknown(detail: str) -> PrintResult:
    """Some of the job left the register."""
    return PrintResult(outcome=PrintOutcome.UNKNOWN, detail=detail)


async def prepared(encoder: ReceiptEncoder, document: Document, until_s: float) -> Encoded | PrintResult:
    """The bytes of a document, or why there are none by `until_s` (loop time)."""
    try:
        async with asyncio.timeout_at(until_s):
            return await in_thread(lambda: encoder.encode(document), name="encode receipt")
    except DeviceError as error:
        return failed(error.reason)
    except TimeoutError:
        return failed("The receipt could not be prepared in time.")
    except Exception as error:  # a library's own mistake
        return failed(f"The receipt could not be prepared: {error!r}.")


def reported(result: PrintResult, encoded: Encoded) -> PrintResult:
    """The outcome, with what had to be replaced when something was printed."""
    if not encoded.replaced or result.outcome not in (PrintOutcome.CONFIRMED, PrintOutcome.PRESUMED):
        return result
    lacking = f"The printer lacks {encoded.replaced}; they were replaced."
    return msgspec.structs.replace(result, detail=f"{result.detail} {lacking}".strip())
