"""What OpenCV has to be told, whatever it reads or writes."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2

from ltr.errors import InputError


class _LogLevel:
    """OpenCV's log level, which is the same for all threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.silencers = 0
        self.usual = 0

    def silence(self) -> None:
        """Print nothing, until it has been given back as often as this was called."""
        logs = cv2.utils.logging
        with self.lock:
            self.silencers += 1
            if self.silencers == 1:
                self.usual = logs.setLogLevel(logs.LOG_LEVEL_SILENT)

    def give_back(self) -> None:
        """Print what was printed before."""
        with self.lock:
            self.silencers -= 1
            if self.silencers == 0:
                cv2.utils.logging.setLogLevel(self.usual)


_LOG_LEVEL = _LogLevel()


@contextlib.contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keeps OpenCV and FFmpeg from printing about a broken file: the caller's exception says it. Several
    threads may be in it at a time."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read once, when the first video is opened
    _LOG_LEVEL.silence()
    try:
        yield
    finally:
        _LOG_LEVEL.give_back()


def opencv_name(path: Path) -> str:
    """A path as OpenCV takes it: absolute, because FFmpeg takes what precedes a colon for a protocol.

    Raises:
        InputError: the name is not valid UTF-8, on which OpenCV crashes.
    """
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"{path}: the name is not valid UTF-8: rename it") from None
    return name
