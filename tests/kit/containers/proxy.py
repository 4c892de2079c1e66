"""A TCP proxy that passes every byte on, late: the kernel of the tests' machines has no netem."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random

_CHUNK = 16 * 1024


class _Delaying:
    def __init__(self, host: str, to: tuple[str, int], delay_s: float, jitter_s: float, seed: int) -> None:
        self._host, self._to = host, to
        self._delay_s, self._jitter_s, self._random = delay_s, jitter_s, Random(seed)
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name=f"late-{to[0]}")

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, self._host, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # the proxy ended
            try:
                far_reader, far_writer = await asyncio.open_connection(*self._to)
            except OSError:
                writer.close()
                return
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """In order, each chunk so long after it came; what comes meanwhile is read all the same."""
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending = asyncio.create_task(self._send(chunks, writer))
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                chunks.put_nowait((self._due(), chunk))
        chunks.put_nowait((self._due(), b""))
        await sending

    def _due(self) -> float:
        return self._loop.time() + self._delay_s + self._random.uniform(-self._jitter_s, self._jitter_s)

    async def _send(self, chunks: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while True:
                due, chunk = await chunks.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not chunk:
                    break
                writer.write(chunk)
                await writer.drain()
        writer.close()


@contextmanager
def delaying(host: str, to: tuple[str, int], delay_s: float, jitter_s: float, seed: int = 0) -> Iterator[int]:
    """Gives the port at which `to` can be reached late."""
    proxy = _Delaying(host, to, delay_s, jitter_s, seed)
    proxy.start()
    try:
        yield proxy.port
    finally:
        proxy.stop()
