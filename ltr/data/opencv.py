"""What OpenCV has to be told, whatever it reads or writes."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import cv2

from ltr.errors import InputError


@contextlib.contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keeps OpenCV and FFmpeg from printing about a broken file: the caller's exception says it."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read once, when the first video is opened
    logs = cv2.utils.logging
    level = logs.getLogLevel()
    logs.setLogLevel(logs.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logs.setLogLevel(level)


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
