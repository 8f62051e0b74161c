"""Runs the pieces of a job on the machines of a Ray cluster: ``run_in_processes``, over the network.

Ray is an optional extra and imported when it is used. Its machines must see the files under the same paths,
and have this package installed.
"""

from __future__ import annotations

import importlib
import logging
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ltr.errors import InputError
from pytracking.evaluation.reproducible import fixed_threads
from pytracking.evaluation.worker_pool import Job, SetupError

SETUP_ATTEMPTS = 3
"""How many workers in a row may die before they are ready."""

SECONDS_TO_CONNECT = 10

_QUIET = {"log_to_driver": False, "configure_logging": False}

Piece = TypeVar("Piece")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RayPool:
    """The workers: one process each, wherever the cluster has room.

    Attributes:
        workers: how many; those that find no room wait for it.
        threads: of each; so many CPUs it asks for.
        gpus: that each asks for.
        attempts: how often a piece is begun whose worker or machine dies.
    """

    workers: int
    threads: int
    gpus: int = 0
    attempts: int = 2


def import_ray() -> Any:
    """The module ray.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise InputError(f'Ray is not installed ({error}): pip install "box2seg[ray]"') from None


@contextmanager
def ray_cluster(address: str | None = None) -> Iterator[None]:
    """Be connected to a cluster.

    Args:
        address: of a running one, "auto" or "HOST:PORT"; None starts one on this machine, which ends again.

    Raises:
        InputError: Ray is not installed, or there is no such cluster.
    """
    ray = import_ray()
    try:
        if address is None:
            # "local": not one that happens to run on this machine.
            ray.init(address="local", include_dashboard=False, **_QUIET)
        else:
            _check_listening(address)
            ray.init(address=address, **_QUIET)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"--address {address}: no Ray cluster can be reached ({reason})") from None
    try:
        yield
    finally:
        ray.shutdown()


def _check_listening(address: str) -> None:
    """Find out in seconds that nobody is at HOST:PORT; Ray takes minutes.

    Raises:
        OSError: nobody is.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), SECONDS_TO_CONNECT).close()


def room_for(threads: int, gpus: int = 0) -> int:
    """How many workers the cluster has room for now; at least 1."""
    wanted = {"CPU": threads, "GPU": gpus}
    rooms = (
        min(int(node["Resources"].get(kind, 0) // each) for kind, each in wanted.items() if each)
        for node in import_ray().nodes()
        if node["Alive"]
    )
    return max(1, sum(rooms))


def ask_a_worker(question: Callable[..., Result], *arguments: Any, gpus: int = 0) -> Result:
    """Have a function called where workers run; what it raises is raised here."""
    ray = import_ray()
    task = ray.remote(question).options(num_cpus=1, num_gpus=gpus)
    try:
        answer: Result = ray.get(task.remote(*arguments))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    return answer


def run_on_ray(job: Job[Piece, Result], pieces: Iterable[Piece], pool: RayPool) -> Generator[Result]:
    """Run pieces in their order, each by one of several workers. A cluster must be connected.

    When the iterator is closed, or an error leaves it, the workers end at once.

    Args:
        job: what to do with each.
        pieces: the pieces; picklable.
        pool: the workers.

    Yields:
        what came of each piece, in the order in which they end.

    Raises:
        InputError, SetupError: no worker can make the runner.
    """
    run = _Run(job, deque((piece, 1) for piece in pieces), pool)
    try:
        yield from run.results()
    finally:
        run.end()


@dataclass
class _Task(Generic[Piece]):
    """What a worker is at: a piece and the number of the attempt, or None while it gets ready."""

    worker: Any
    piece: tuple[Piece, int] | None = None


@dataclass
class _Run(Generic[Piece, Result]):
    """The pieces that wait, and the workers."""

    job: Job[Piece, Result]
    waiting: deque[tuple[Piece, int]]
    pool: RayPool
    tasks: dict[Any, _Task[Piece]] = field(default_factory=dict)
    idle: list[Any] = field(default_factory=list)
    setups_lost: int = 0

    def __post_init__(self) -> None:
        self.ray = import_ray()
        options = {"num_cpus": self.pool.threads, "num_gpus": self.pool.gpus, "max_restarts": 0}
        self.make_worker = self.ray.remote(_Worker).options(**options).remote

    def results(self) -> Iterator[Result]:
        """What comes of the pieces."""
        while self.waiting or any(task.piece is not None for task in self.tasks.values()):
            self._employ()
            (reference,), _ = self.ray.wait(list(self.tasks), num_returns=1)
            task = self.tasks.pop(reference)
            try:
                answer = self.ray.get(reference)
            except self.ray.exceptions.RayActorError as error:
                yield from self._bury(task, error)
                continue
            self.idle.append(task.worker)
            if task.piece is not None:
                yield answer
            elif answer is not None:  # why it cannot begin
                raise answer
            else:
                self.setups_lost = 0

    def end(self) -> None:
        """End the workers, also those in the middle of a piece."""
        for worker in [*self.idle, *(task.worker for task in self.tasks.values())]:
            self.ray.kill(worker)

    def _employ(self) -> None:
        """Hand out pieces, and start workers for those that are left."""
        while self.waiting and self.idle:
            worker, piece = self.idle.pop(), self.waiting.popleft()
            self.tasks[worker.run.remote(piece[0])] = _Task(worker, piece)
        getting_ready = sum(task.piece is None for task in self.tasks.values())
        room = self.pool.workers - len(self.tasks)
        for _ in range(min(room, len(self.waiting) - getting_ready)):
            worker = self.make_worker(self.job, self.pool.threads)
            self.tasks[worker.set_up.remote()] = _Task(worker)

    def _bury(self, task: _Task[Piece], error: Exception) -> Iterator[Result]:
        """What comes of the piece of a worker that has died, if it is not tried again."""
        reason = str(error).strip().partition("\n")[0]
        if task.piece is None:
            self.setups_lost += 1
            if self.setups_lost >= SETUP_ATTEMPTS:
                raise SetupError(f"Ray's workers died before they were ready: {reason}")
            return
        piece, attempt = task.piece
        if attempt < self.pool.attempts:
            logger.warning("%s is begun again: its worker died (%s)", piece, reason)
            self.waiting.appendleft((piece, attempt + 1))
            return
        yield self.job.died(piece, f"its worker died {attempt} times: {reason}")


class _Worker:
    """What runs in the cluster."""

    def __init__(self, job: Job[Any, Any], threads: int) -> None:
        self._job, self._threads = job, threads

    def set_up(self) -> Exception | None:
        """Make the runner; returns why that cannot be."""
        try:
            with fixed_threads(self._threads):
                self._runner = self._job.make_runner()
        except (InputError, SetupError) as error:
            return type(error)(str(error))
        return None

    def run(self, piece: Any) -> Any:
        """Run a piece."""
        with fixed_threads(self._threads):
            return self._runner.run(piece, lambda: None)
