"""Curves of a training, drawn by TensorBoard or visdom when asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np

from ltr.errors import InputError

logger = logging.getLogger(__name__)

CHARTS = ("tensorboard", "visdom")
VISDOM_SERVER = "http://localhost:8097"

Record = Mapping[str, float]
"""Statistics by name, and "step"."""


class Chart(Protocol):
    """Draws one curve for each statistic."""

    def start(self, history: Sequence[Record]) -> None:
        """Begin a run, or go on with one that has written ``history``; nothing later than that counts."""
        ...

    def add(self, record: Record) -> None:
        """One more point on every curve."""
        ...

    def close(self) -> None:
        """Write out what is left."""
        ...


def open_chart(kind: str, folder: Path, title: str, server: str = VISDOM_SERVER) -> Chart:
    """The chart called ``kind``.

    Args:
        kind: one of ``CHARTS``.
        folder: TensorBoard's files go to "tensorboard" in it.
        title: name of the run; visdom's environment.
        server: address of visdom.

    Raises:
        InputError: an unknown kind, its package is not installed, or the address cannot be one.
    """
    if kind == "tensorboard":
        return TensorBoardChart(folder / "tensorboard")
    if kind == "visdom":
        return VisdomChart(title, server)
    raise InputError(f'chart is "{kind}": must be one of {", ".join(CHARTS)}')


class TensorBoardChart:
    """Event files, looked at with ``tensorboard --logdir FOLDER``.

    Raises:
        InputError: the package is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise _missing("tensorboard", error) from error
        self._make: Callable[..., Any] = SummaryWriter
        self._folder = folder
        self._writer: Any = None

    def start(self, history: Sequence[Record]) -> None:
        """See :class:`Chart`."""
        purged = int(history[-1]["step"]) + 1 if history else None
        self._writer = self._make(str(self._folder), purge_step=purged)
        logger.info("curves: tensorboard --logdir %s", self._folder)

    def add(self, record: Record) -> None:
        """See :class:`Chart`."""
        for name, value in _curves(record).items():
            self._writer.add_scalar(name, value, int(record["step"]))

    def close(self) -> None:
        """See :class:`Chart`."""
        if self._writer is not None:
            self._writer.close()


class VisdomChart:
    """Windows on a visdom server (``python -m visdom.server``).

    A server that is not there, or goes away, is warned of once; the training goes on without.

    Raises:
        InputError: the package is not installed, or the address cannot be one.
    """

    def __init__(self, title: str, server: str = VISDOM_SERVER) -> None:
        try:
            from visdom import Visdom
        except ImportError as error:
            raise _missing("visdom", error) from error
        self._make: Callable[..., Any] = Visdom
        self._host, self._port = _address(server)
        self._title = title.replace("/", "_")
        self._client: Any = None

    def start(self, history: Sequence[Record]) -> None:
        """See :class:`Chart`. Draws the history anew."""
        # visdom tells of every new session, and warns that it cannot receive what we do not want to receive.
        logging.getLogger("visdom").setLevel(logging.ERROR)
        try:
            self._client = self._make(
                server=self._host,
                port=self._port,
                env=self._title,
                raise_exceptions=True,
                use_incoming_socket=False,
            )
        except OSError as error:
            self._give_up(error)
            return
        for name in sorted({name for record in history for name in _curves(record)}):
            points = [(record["step"], record[name]) for record in history if name in record]
            self._draw(name, points, update=None)
        logger.info("curves: %s:%d/env/%s", self._host, self._port, self._title)

    def add(self, record: Record) -> None:
        """See :class:`Chart`."""
        for name, value in _curves(record).items():
            self._draw(name, [(record["step"], value)], update="append")

    def close(self) -> None:
        """See :class:`Chart`."""

    def _draw(self, name: str, points: Sequence[tuple[float, float]], update: str | None) -> None:
        if self._client is None:
            return
        steps, values = np.array(points, dtype=np.float64).T
        options = {"title": name, "xlabel": "step"}
        try:
            self._client.line(Y=values, X=steps, win=name, update=update, opts=options)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._client = None
        logger.warning(
            "no visdom server answers at %s:%d (%s): going on without its curves; start one with "
            '"python -m visdom.server"',
            self._host,
            self._port,
            str(error).partition("\n")[0] or type(error).__name__,
        )


def _curves(record: Record) -> dict[str, float]:
    return {name: value for name, value in record.items() if name != "step"}


def _missing(package: str, error: ImportError) -> InputError:
    return InputError(
        f"{package} cannot be imported ({error}): install it (pip install {package}) or leave it out"
    )


def _address(server: str) -> tuple[str, int]:
    """ "http://host:port" -> ("http://host", port)."""
    parts = urlsplit(server if "//" in server else f"http://{server}")
    try:
        port = parts.port or urlsplit(VISDOM_SERVER).port
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        raise InputError(f'the address of the visdom server is "{server}": must be like {VISDOM_SERVER}')
    return f"{parts.scheme}://{parts.hostname}", port
