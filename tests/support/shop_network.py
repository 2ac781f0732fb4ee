"""Network and printer of a shop for tests that are no coroutines: an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from devices.simulated.printer import Fault, SimulatedPrinter
from fault_proxy import Fault as NetworkFault
from fault_proxy import FaultProxy


class LoopThread:
    """An event loop beside the test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def close(self) -> None:
        """Let what runs end, stop and join."""
        self.do(self._cancel_rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _cancel_rest(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


class Network:
    """The line between a register and its server."""

    def __init__(self, server_port: int) -> None:
        self._thread = LoopThread()
        self._proxy = FaultProxy(server_port)
        self._thread.do(self._proxy.plug_in())
        self.url = f"http://127.0.0.1:{self._proxy.port}"

    def set(self, fault: NetworkFault) -> None:
        """From now on the network is like this."""

        async def change() -> None:
            self._proxy.set(fault)

        self._thread.do(change())

    def unplug(self) -> None:
        """Connections are refused, and reset where they are open."""
        self._thread.do(self._proxy.unplug())

    def plug_in(self) -> None:
        """Back again, on the same port."""
        self._thread.do(self._proxy.plug_in())

    def close(self) -> None:
        """Be gone."""
        self.unplug()
        self._thread.close()


class ShopPrinter:
    """A receipt printer on a TCP port that fails on command."""

    def __init__(self) -> None:
        self._thread = LoopThread()
        self._printer = SimulatedPrinter()
        self._sent = bytearray()
        self.address = str(self._thread.do(self._printer.listen_tcp()))

    def misbehave(self, fault: Fault, after: int = 0) -> None:
        """Fail in this way once `after` more bytes have arrived."""

        async def change() -> None:
            self._sent += self._printer.taken
            self._printer.misbehave(fault, after)

        self._thread.do(change())

    def recover(self) -> None:
        """Whatever it was is over."""

        async def change() -> None:
            self._sent += self._printer.taken
            await self._printer.recover()

        self._thread.do(change())

    @property
    def sent(self) -> bytes:
        """All that has ever been sent to it."""
        return bytes(self._sent + self._printer.taken)

    @property
    def slips(self) -> list[str]:
        """What is on paper and was cut off, as text."""
        return ["\n".join(row.text for row in slip) for slip in self._printer.paper.slips]

    def numbers(self) -> list[str]:
        """Receipt numbers on paper in the order of printing; copies have ` COPY` behind them."""
        found = []
        for slip in self.slips:
            rows = [row.split()[-1] for row in slip.splitlines() if row.startswith("Receipt ")]
            found += [rows[0] + (" COPY" if "COPY" in slip else "")] if rows else []
        return found

    def close(self) -> None:
        """Be gone."""
        self._thread.do(self._printer.close())
        self._thread.close()


@contextmanager
def tcp_printer() -> Iterator[ShopPrinter]:
    """A printer, gone in the end whatever happens."""
    printer = ShopPrinter()
    try:
        yield printer
    finally:
        printer.close()
