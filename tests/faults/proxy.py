"""A TCP proxy that stands between a client and a server, and fails as networks do: cut, slow, half-open, answers lost."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Proxy:
    """What goes wrong is an attribute: it may be set at any time, from any thread."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.swallow_answers = False
        """The server does what it is asked, and nobody hears of it."""
        self.silent = False
        """Connections stand, and nothing passes."""
        self.refuses = False
        """New connections are closed at once."""
        self.cut_at_next_answer = False
        self.loses: Callable[[bytes], bool] = lambda _: False
        """Sees each piece on its way to the server, and says whether it never gets there."""
        self.half_of_next_answer = False
        """The first half passes, and the connection is cut."""
        self.delay_seconds = 0.0
        """How long each piece is held back, in both directions."""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.refuses:
                raise ConnectionRefusedError
            upstream, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, to_server}
        await asyncio.gather(
            self._pump(reader, to_server, lambda data: self.silent or self.loses(data), answers=False),
            self._pump(upstream, writer, lambda _: self.silent or self.swallow_answers, answers=True),
        )

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        lost: Callable[[bytes], bool],
        *,
        answers: bool,
    ) -> None:
        try:
            while data := await reader.read(65536):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                if self.cut_at_next_answer and answers:
                    self.cut_at_next_answer = False
                    self.cut()
                elif self.half_of_next_answer and answers:
                    self.half_of_next_answer = False
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    await asyncio.sleep(0.05)  # it arrives before the reset
                    self.cut()
                elif not lost(data):
                    writer.write(data)
                    await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class ProxyThread:
    """The same beside a test that is no coroutine."""

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self.proxy = proxy
        self._loop = loop

    @property
    def port(self) -> int:
        return self.proxy.port

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self.proxy.cut)


@contextmanager
def proxy_to(port: int) -> Iterator[ProxyThread]:
    loop = asyncio.new_event_loop()
    proxy = Proxy(port)
    thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(proxy.start(), loop).result(10)
    try:
        yield ProxyThread(proxy, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_finish(proxy), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _finish(proxy: Proxy) -> None:
    await proxy.stop()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
