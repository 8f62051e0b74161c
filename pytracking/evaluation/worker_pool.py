"""Runs the sequences of a job in several processes.

Each process makes its tracker once and is handed one sequence after the other. A process that dies takes one
sequence with it; another process replaces it.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any, NoReturn

from ltr.errors import InputError
from pytracking.evaluation.reproducible import fixed_threads
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_job import (
    Failure,
    Job,
    OnFrame,
    SequenceRecord,
    SequenceRunner,
    TrackerSetupError,
)

SECONDS_TO_END = 3.0
"""What a process gets to clean up when it is told to end."""

_READY, _FRAME = "ready", "frame"  # messages of a worker, besides log records, results and errors


def run_in_processes(
    job: Job, sequences: list[Sequence], processes: int, on_frame: OnFrame
) -> Iterator[SequenceRecord | Failure]:
    """Run sequences, the longest first, each in one of several processes.

    When the iterator is closed, or an error leaves it, the processes end at once.

    Args:
        job: what to do with each.
        sequences: the sequences.
        processes: how many, at least 1; no more are started than there are sequences.
        on_frame: called when a frame is done.

    Yields:
        what came of each sequence, in the order in which they end.

    Raises:
        InputError, TrackerSetupError: no process can make the tracker.
    """
    waiting = deque(sorted(sequences, key=len, reverse=True))
    processes = min(processes, len(waiting))
    workers: dict[Connection, _Worker] = {}
    try:
        while waiting or any(worker.sequence is not None for worker in workers.values()):
            while len(workers) < processes and len(waiting) > sum(not w.ready for w in workers.values()):
                worker = _start(job)
                workers[worker.connection] = worker
            for connection in wait(list(workers)):
                assert isinstance(connection, Connection)
                yield from _hear(workers, connection, waiting, on_frame)
        for worker in workers.values():
            if worker.ready:  # and told that there is nothing more; one that is not ready is not waited for
                worker.process.join(SECONDS_TO_END)
    finally:
        _end(list(workers.values()))


@dataclass
class _Worker:
    """A process, as the one that started it sees it."""

    process: multiprocessing.process.BaseProcess
    connection: Connection
    ready: bool = False
    sequence: Sequence | None = None


def _start(job: Job) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    level = logging.getLogger("pytracking").getEffectiveLevel()
    process = context.Process(target=_work, args=(job, level, theirs), daemon=True)
    with _interrupts_held_back():
        process.start()
    theirs.close()  # the worker's end is its own: when it dies, ours says so
    return _Worker(process, ours)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """What is started here is not interrupted by Ctrl-C, neither later: we end it. Ours comes afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hear(
    workers: dict[Connection, _Worker],
    connection: Connection,
    waiting: deque[Sequence],
    on_frame: OnFrame,
) -> Iterator[SequenceRecord | Failure]:
    """Take one message of a worker; yields what came of a sequence, if that is the message."""
    worker = workers[connection]
    try:
        message = connection.recv()
    except (EOFError, OSError):
        del workers[connection]
        yield from _bury(worker)
        return
    if message == _FRAME:
        on_frame()
    elif isinstance(message, logging.LogRecord):
        log = logging.getLogger(message.name)
        if log.isEnabledFor(message.levelno):
            log.handle(message)
    elif isinstance(message, Exception):
        raise message
    else:
        worker.ready, worker.sequence = True, waiting.popleft() if waiting else None
        with contextlib.suppress(OSError):  # if it has just died, its end of the pipe says so, too
            connection.send(worker.sequence)
        if message != _READY:
            yield message


def _bury(worker: _Worker) -> Iterator[Failure]:
    """What comes of the sequence of a worker that has ended."""
    worker.process.join(SECONDS_TO_END)
    worker.connection.close()
    code = worker.process.exitcode
    how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
    if worker.sequence is not None:
        hint = ": was there too little memory?" if how == "SIGKILL" else ""
        yield Failure(worker.sequence.name, f"its process died ({how}){hint}")
    elif not worker.ready:
        raise TrackerSetupError(f"the process that was to make the tracker died ({how})")


def _end(workers: list[_Worker]) -> None:
    """End the workers, also those in the middle of a sequence."""
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(SECONDS_TO_END)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.connection.close()


# What follows runs in the worker.


def _work(job: Job, log_level: int, connection: Connection) -> None:
    """Make the tracker, then run the sequences that come; None is the last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    send = _one_at_a_time(connection.send)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_LogSender(send)])
    logging.getLogger("pytracking").setLevel(log_level)
    with fixed_threads(), contextlib.suppress(EOFError, ConnectionError):  # suppressed: the parent has died
        try:
            runner = SequenceRunner(job)
        except InputError as error:
            send(InputError(str(error)))
            return
        except TrackerSetupError as error:
            send(TrackerSetupError(str(error)))
            return
        send(_READY)
        while (sequence := connection.recv()) is not None:
            send(runner.run(sequence, lambda: send(_FRAME)))


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
