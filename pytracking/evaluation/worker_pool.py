"""Runs the pieces of a job (sequences, videos ...) in several processes.

Each process makes its runner once and is handed one piece after the other. A process that dies takes one
piece with it; another process replaces it, and the piece may be tried again.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from ltr.errors import InputError
from pytracking.evaluation.reproducible import fixed_threads

SECONDS_TO_END = 3.0
"""What processes get to clean up when they are told to end."""

SECONDS_OF_SILENCE = 1.0
"""How long to wait at a time. An interrupt that comes just before a wait, or that another thread takes, does
not end it and is seen after it."""

_READY, _PROGRESS = "ready", "progress"  # messages of a worker, besides log records, results and errors

OnProgress = Callable[[], None]
"""Called when a step (a frame) of a piece is done."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")
PieceIn = TypeVar("PieceIn", contravariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)


class SetupError(RuntimeError):
    """What is to run the pieces cannot be made; one line."""


class Runner(Protocol[PieceIn, ResultOut]):
    """What runs pieces, one after the other; made once in a process."""

    def run(self, piece: PieceIn, on_progress: OnProgress, /) -> ResultOut:
        """Run a piece. What goes wrong with it is part of the result."""
        ...


class Job(Protocol[PieceIn, ResultOut]):
    """What is done with each piece; plain values, because it is handed to other processes (pickled)."""

    def make_runner(self) -> Runner[PieceIn, ResultOut]:
        """Make what runs the pieces.

        Raises:
            InputError, SetupError: it cannot be made.
        """
        ...

    def died(self, piece: PieceIn, how: str, /) -> ResultOut:
        """What comes of a piece whose process died.

        Args:
            piece: the piece.
            how: in words, one line.
        """
        ...


@dataclass(frozen=True)
class Pool:
    """The processes.

    Attributes:
        processes: how many, at least 1; no more are started than there are pieces.
        threads: of each; None as :func:`fixed_threads` finds it.
        attempts: how often a piece is begun whose process dies.
        package: whose log records are shown as they are here; of others warnings alone.
    """

    processes: int
    threads: int | None = None
    attempts: int = 1
    package: str = "pytracking"


def run_in_processes(
    job: Job[Piece, Result], pieces: Iterable[Piece], pool: Pool, on_progress: OnProgress
) -> Iterator[Result]:
    """Run pieces in their order, each in one of several processes.

    When the iterator is closed, or an error leaves it, the processes end at once.

    Args:
        job: what to do with each.
        pieces: the pieces; picklable.
        pool: the processes.
        on_progress: called when a step of a piece is done.

    Yields:
        what came of each piece, in the order in which they end.

    Raises:
        InputError, SetupError: no process can make the runner.
    """
    run = _Run(job, deque((piece, 1) for piece in pieces), pool, on_progress)
    processes = min(pool.processes, len(run.waiting))
    workers = run.workers
    try:
        while run.waiting or any(worker.piece is not None for worker in workers.values()):
            while len(workers) < processes and len(run.waiting) > sum(not w.ready for w in workers.values()):
                run.hire()
            for connection in wait(list(workers), SECONDS_OF_SILENCE):
                assert isinstance(connection, Connection)
                yield from run.hear(connection)
        for worker in workers.values():
            if worker.ready:  # and told that there is nothing more; one that is not ready is not waited for
                worker.process.join(SECONDS_TO_END)
    finally:
        _end(workers.values())


@dataclass
class _Worker(Generic[Piece]):
    """A process, as the one that started it sees it."""

    process: multiprocessing.process.BaseProcess
    connection: Connection
    ready: bool = False
    piece: tuple[Piece, int] | None = None  # and the number of the attempt


class _Run(Generic[Piece, Result]):
    """The pieces that wait and the workers at them."""

    def __init__(
        self,
        job: Job[Piece, Result],
        waiting: deque[tuple[Piece, int]],
        pool: Pool,
        on_progress: OnProgress,
    ) -> None:
        self.job, self.waiting, self.pool, self.on_progress = job, waiting, pool, on_progress
        self.workers: dict[Connection, _Worker[Piece]] = {}

    def hire(self) -> None:
        """Start a worker. An interrupt meanwhile comes when it is among those that will be ended."""
        with _interrupts_held_back():
            worker: _Worker[Piece] = _start(self.job, self.pool)
            self.workers[worker.connection] = worker

    def hear(self, connection: Connection) -> Iterator[Result]:
        """Take one message of a worker; yields what came of a piece, if that is the message."""
        worker = self.workers[connection]
        try:
            message = connection.recv()
        except (EOFError, OSError):
            del self.workers[connection]
            yield from self._bury(worker)
            return
        if message == _PROGRESS:
            self.on_progress()
        elif isinstance(message, logging.LogRecord):
            log = logging.getLogger(message.name)
            if log.isEnabledFor(message.levelno):
                log.handle(message)
        elif isinstance(message, Exception):
            raise message
        else:
            worker.ready, worker.piece = True, self.waiting.popleft() if self.waiting else None
            with contextlib.suppress(OSError):  # if it has just died, its end of the pipe says so, too
                connection.send(None if worker.piece is None else (worker.piece[0],))
            if message != _READY:
                (result,) = message
                yield result

    def _bury(self, worker: _Worker[Piece]) -> Iterator[Result]:
        """What comes of the piece of a worker that has ended, if it is not tried again."""
        _await_end(worker.process, SECONDS_TO_END)
        worker.connection.close()
        code = worker.process.exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        if worker.piece is not None:
            piece, attempt = worker.piece
            if attempt < self.pool.attempts:
                self.waiting.appendleft((piece, attempt + 1))
                return
            hint = ": was there too little memory?" if how == "SIGKILL" else ""
            often = f", {attempt} times" if attempt > 1 else ""
            yield self.job.died(piece, f"its process died ({how}){often}{hint}")
        elif not worker.ready:
            raise SetupError(f"a worker process died before it was ready ({how})")


def _start(job: Job[Any, Any], pool: Pool) -> _Worker[Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    level = logging.getLogger(pool.package).getEffectiveLevel()
    process = context.Process(target=_work, args=(job, pool, level, theirs), daemon=True)
    process.start()
    theirs.close()  # the worker's end is its own: when it dies, ours says so
    return _Worker(process, ours)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C comes afterwards; to a process that is started here it never comes: we end it.

    The signal is blocked, which a process inherits. Another thread of ours may take it all the same, and
    Python hands it on to the main thread: there it is noted only.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else the first process starts it, which lets the signal through again
    noted: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()  # no other one is interrupted
    handler = signal.signal(signal.SIGINT, lambda number, _: noted.append(number)) if is_main else None
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if is_main:
            signal.signal(signal.SIGINT, handler)
        if noted:
            signal.raise_signal(signal.SIGINT)


def _end(workers: Iterable[_Worker[Any]]) -> None:
    """End the workers, also those in the middle of a piece. A second Ctrl-C does not keep us from it."""
    with _interrupts_held_back():
        for worker in workers:
            worker.process.terminate()
        end = time.monotonic() + SECONDS_TO_END
        for worker in workers:
            _await_end(worker.process, max(0.0, end - time.monotonic()))
            worker.connection.close()


def _await_end(process: multiprocessing.process.BaseProcess, seconds: float) -> None:
    """Wait for the end of a process that is about to; kill it if that takes longer."""
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()


# What follows runs in the worker.


def _work(job: Job[Any, Any], pool: Pool, log_level: int, connection: Connection) -> None:
    """Make the runner, then run the pieces that come; None is the last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    send = _one_at_a_time(connection.send)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_LogSender(send)])
    logging.getLogger(pool.package).setLevel(log_level)
    with (
        fixed_threads(pool.threads),
        contextlib.suppress(EOFError, ConnectionError),  # the parent has died
    ):
        try:
            runner = job.make_runner()
        except (InputError, SetupError) as error:
            send(type(error)(str(error)))
            return
        send(_READY)
        while (piece := connection.recv()) is not None:
            send((runner.run(piece[0], lambda: send(_PROGRESS)),))


class _LogSender(logging.Handler):
    """Hands log records on, as plain text, to the process that shows them."""

    def __init__(self, send: Callable[[Any], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        told = {"name": record.name, "levelno": record.levelno, "levelname": record.levelname}
        self._send(logging.makeLogRecord({**told, "msg": self.format(record)}))


def _one_at_a_time(send: Callable[[Any], None]) -> Callable[[Any], None]:
    """Messages of several threads must not mix."""
    lock = threading.Lock()

    def locked(message: Any) -> None:
        with lock:
            send(message)

    return locked


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """On SIGTERM, leave through the context managers, which clean up."""
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """A process whose parent was killed has nobody to work for."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
