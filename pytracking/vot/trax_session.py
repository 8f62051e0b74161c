"""TraX as vot-trax 4 speaks it: the one file that needs that package, which it imports when a session starts.

Source of the protocol: Cehovin, "TraX: The visual Tracking eXchange protocol and library" (Neurocomputing,
2017).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ltr.command_line import one_line
from ltr.data.boxes import is_absent
from ltr.errors import InputError
from pytracking.analysis.vot_regions import Region
from pytracking.tracker.interface import Box
from pytracking.vot.conversation import ObjectState, Request


class TraxSession:
    """The tracker's end: over the standard streams, or over the socket that ``TRAX_SOCKET`` names.

    From the moment that it is made the standard output belongs to TraX.

    Args:
        name: of the tracker.

    Raises:
        InputError: vot-trax is not installed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._region, self._server_module = _import_trax("trax.region"), _import_trax("trax.server")
        self._error: type[Exception] = _import_trax("trax").TraxException
        self._stream = None if "TRAX_SOCKET" in os.environ else _reserve_stdout()
        self._server: Any = None

    def open(self) -> None:
        """Tell the toolkit that the tracker is ready; it waits, and measures no time, until then.

        All kinds of regions are taken as they are: a tracker that admits to masks alone is given a rectangle
        as a filled mask, and could not tell.

        Raises:
            InputError: the connection fails.
        """
        kinds = self._region.Region
        formats = [kinds.RECTANGLE, kinds.POLYGON, kinds.MASK]
        with self._connected():
            self._begin_line()
            self._server = self._server_module.Server(
                formats, ["path"], tracker_name=self._name, multiobject=True
            )

    def wait(self) -> Request | None:
        """The toolkit's next request; None when it ends the session.

        Raises:
            InputError: the connection broke, or a target starts with a region that is none.
        """
        with self._connected("the toolkit is gone, or sent what is no request"):
            request = self._server.wait()
        if request.type == "quit":
            return None
        new = [_read_region(region) for region, _ in request.objects or ()]
        return Request(Path(request.image["color"].path()), request.type == "initialize", new)

    def answer(self, states: Sequence[ObjectState]) -> None:
        """Say where the targets are, as masks from trackers that make masks, else as rectangles.

        Raises:
            InputError: the connection broke.
        """
        regions = [(self._make_region(state), {"confidence": state.confidence}) for state in states]
        with self._connected():
            self._begin_line()
            self._server.status(regions)

    def end(self, reason: str) -> None:
        """Take leave, giving the toolkit a reason to show; no error where it has gone already."""
        with contextlib.suppress(self._error, OSError, InputError):
            if self._server is None:  # a reason is shown of open sessions alone
                self.open()
            self._begin_line()
            self._server.quit(reason)

    @contextmanager
    def _connected(self, meaning: str = "the toolkit cannot be reached") -> Iterator[None]:
        try:
            yield
        except (self._error, OSError) as error:
            raise InputError(f"TraX: {meaning} ({one_line(error)})") from None

    def _begin_line(self) -> None:
        """See that the next message starts a line, as it must.

        The toolkit gives standard error the same pipe: after half a line there, as a progress bar leaves it,
        a message would not be read, and the toolkit would wait for ever.
        """
        if self._stream is not None:
            os.write(self._stream, b"\n")

    def _make_region(self, state: ObjectState) -> Any:
        if state.mask is not None:
            # As large as the image: cut to its box, a mask one pixel wide is empty to the toolkit.
            return self._region.Mask.create(np.ascontiguousarray(state.mask, dtype=np.uint8))
        x, y, w, h = (0.0, 0.0, 0.0, 0.0) if bool(is_absent(state.box)) else map(float, state.box)
        return self._region.Rectangle.create(x, y, w, h)


def _read_region(region: Any) -> Box | Region:
    """A region of vot-trax as a box, or as pixels; a polygon as the box around it.

    Raises:
        InputError: it is a code.
    """
    if region.type == "mask":
        x, y = region.offset()
        return Region(x, y, region.array() > 0)
    if region.type == "rectangle":
        return np.array(region.bounds(), dtype=np.float64)
    if region.type == "polygon":
        points = np.array(list(region), dtype=np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        return np.concatenate([low, high - low])
    raise InputError(f"a target starts with the region {region}: must be a mask, a rectangle or a polygon")


def _reserve_stdout() -> int:
    """Keep the standard output for TraX: what else is printed, by compiled code too, goes to standard error.

    Returns:
        the file descriptor that TraX writes to.
    """
    stream = os.dup(1)
    os.environ["TRAX_OUT"] = str(stream)
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    return stream


def _import_trax(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: its compiled part does not fit this machine
        raise InputError(
            f"TraX needs the package vot-trax ({error}): pip install 'box2seg[vot]' with {sys.executable}"
        ) from None
