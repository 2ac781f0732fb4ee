"""Network and printer of a shop for tests that are no coroutines: an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from devices.simulated_printer import SimulatedPrinter
from fault_proxy import Fault, FaultProxy


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

    def set(self, fault: Fault) -> None:
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


@contextmanager
def tcp_printer() -> Iterator[tuple[SimulatedPrinter, str]]:
    """A receipt printer on a TCP port, and its address for the configuration."""
    thread = LoopThread()
    printer = SimulatedPrinter()
    try:
        yield printer, thread.do(printer.listen_tcp())
    finally:
        thread.do(printer.close())
        thread.close()
