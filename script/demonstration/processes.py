"""The programs that a demonstration consists of: started, watched, and ended with it."""

import asyncio
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
import os
from pathlib import Path
import shutil
import signal
from typing import Any, Final

from homeassistant.const import RESTART_EXIT_CODE

from .errors import DemoError

# What it still wants to write is thrown away with it.
_SECONDS_TO_END: Final = 10
_LINES_OF_LOG: Final = 25


class Program:
    """A child process that writes a log; it is started again where it asks for that."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> None:
        """Prepare a program."""
        self.name = name
        self.log = log
        self._command = (*_bound_to_this_process(), *command)
        self._environment = {**os.environ, **environment}
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, out of reach of the terminal's Ctrl-C: it is ended in order."""
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                env=self._environment,
                cwd=self.log.parent,
                process_group=0,
            )

    async def watch(self) -> None:
        """Fail when it ends by itself."""
        while self._process is not None:
            code = await self._process.wait()
            if code != RESTART_EXIT_CODE:
                raise DemoError(f"{self.name} ended by itself (code {code}). {self.last_words()}")
            await self.start()

    async def kill(self) -> None:
        """End it as a power failure would: at once, and without a word.

        Raises DemoError where it had ended by itself.
        """
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            raise DemoError(f"{self.name} had ended by itself. {self.last_words()}")
        process.kill()
        await process.wait()

    async def end(self) -> None:
        """End it, in the end by force."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_SECONDS_TO_END):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LINES_OF_LOG:]
        return "\n".join((f"The end of its log ({self.log}):", *lines))


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[Program]:
    """Run a program for as long as the context lasts."""
    try:
        await program.start()
        yield program
    finally:
        await program.end()


async def while_running[T](work: Coroutine[Any, Any, T], programs: Sequence[Program]) -> T:
    """Return the result of some work; fail at once when one of the programs ends before it."""
    working = asyncio.create_task(work)
    watching = [asyncio.create_task(program.watch()) for program in programs]
    try:
        await asyncio.wait([working, *watching], return_when=asyncio.FIRST_COMPLETED)
        for watcher in watching:
            if watcher.done():
                watcher.result()
        return await working
    finally:
        for task in (working, *watching):
            task.cancel()
        await asyncio.gather(working, *watching, return_exceptions=True)


def _bound_to_this_process() -> tuple[str, ...]:
    """Return what lets the kernel end a child whose parent was killed, where there is that."""
    return ("setpriv", "--pdeathsig", "TERM", "--") if shutil.which("setpriv") else ()
