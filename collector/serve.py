"""`collector serve`: signals, and more receivers on the same port."""

import asyncio
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvloop

from collector import config, logs
from collector.app import Role, Serving, check_monitor, run
from collector.monitor import Configuration
from collector.receive.rows.privacy import Protector
from collector.reloading import Reload
from collector.settings import Settings

log = logging.getLogger(__name__)

_WATCH_SECONDS = 1.0


def serve(config_path: Path, *, role: Role, host: str, port: int, processes: int, settings: Settings) -> int:
    """Read the configuration and run until SIGTERM or SIGINT. Says the exit code. Raises Invalid, Unavailable."""
    serving = Serving(role=role, host=host, port=port, share_port=processes > 1)
    # A pure receiver takes rows for workers that did check the metrics, and stays small.
    protector = Protector.of(settings)
    check = partial(check_monitor, protector=protector) if serving.works else protector.check
    read = partial(config.load, config_path, check=check)
    configuration = read()
    logs.configure(settings.log_level, settings.log_format)
    uvloop.run(_serve(configuration, read, settings, serving, more=processes - 1))
    return 0


async def _serve(
    configuration: Configuration, read: Callable[[], Configuration], settings: Settings, serving: Serving, *, more: int
) -> None:
    stop = _signalled()
    receivers = Receivers(configuration, settings, replace(serving, role="receive"), more)
    watch = asyncio.create_task(receivers.watch())
    try:
        await run(configuration, settings, serving, stop, Reload(_hung_up(), read, receivers.change))
    finally:
        watch.cancel()
        await asyncio.to_thread(receivers.stop, settings.shutdown_seconds)


class Receivers:
    """Processes that only receive. They share the port (SO_REUSEPORT); one that dies is started again.

    State: the processes.
    """

    def __init__(self, configuration: Configuration, settings: Settings, serving: Serving, count: int) -> None:
        self._arguments = (configuration, settings, serving, os.getpid())
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[BaseProcess] = []
        self._count = count

    def change(self, configuration: Configuration) -> None:
        """Receivers know monitors from the buffer; what they must know themselves is where monitors may send to."""
        self._arguments = (configuration, *self._arguments[1:])
        for process in self._processes:
            process.terminate()  # it answers what it has, and another one is started

    async def watch(self) -> None:
        while True:
            alive = [process for process in self._processes if process.is_alive()]
            if len(alive) < len(self._processes):
                log.error("%d receiver(s) ended by themselves; starting again", len(self._processes) - len(alive))
            self._processes = alive
            while len(self._processes) < self._count:
                process = self._context.Process(target=_receive, args=self._arguments, daemon=True)
                process.start()
                self._processes.append(process)
            await asyncio.sleep(_WATCH_SECONDS)

    def stop(self, seconds: float) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(seconds)
            if process.is_alive():
                process.kill()


def _receive(configuration: Configuration, settings: Settings, serving: Serving, parent: int) -> None:
    """The body of one more receiver. It ends when its parent does, however that ended."""

    async def main() -> None:
        stop = _signalled()
        watch = asyncio.create_task(_orphaned(parent, stop.set))
        await run(configuration, settings, serving, stop)
        watch.cancel()

    logs.configure(settings.log_level, settings.log_format)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the parent says what to do
    with suppress(KeyboardInterrupt):
        uvloop.run(main())


async def _orphaned(parent: int, stop: Callable[[], None]) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells this to nobody who does not look
        await asyncio.sleep(_WATCH_SECONDS)
    stop()


def _hung_up() -> asyncio.Event:
    """Set whenever SIGHUP comes."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    return asked


def _signalled() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
