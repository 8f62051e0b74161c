"""Locks that keep two runs from one video. The system ends them with their process, however that ends."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

LOCKS = "lock"
"""What the file of the locks is called, in the folder of all that is no mask."""

_SECONDS_BETWEEN = 0.1
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class VideoBusyError(RuntimeError):
    """Another process holds the lock."""


@contextmanager
def video_lock(file: Path, name: str, wait: bool = False, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a name: one byte of a file, which stays empty.

    Locks of bytes work across machines on network file systems, other than those of folders. Where there are
    none (Windows, some cluster file systems), nothing is locked. A process can hold one at a time.

    Args:
        file: the same for all who are to keep off each other; its folder must exist.
        name: of what is locked.
        wait: until it is free, however long that takes.
        patience: seconds to wait without that.

    Raises:
        VideoBusyError: another process holds it for longer.
        OSError: the file cannot be made.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        deadline = math.inf if wait else time.monotonic() + patience
        while not _lock(descriptor, name):
            if time.monotonic() > deadline:
                raise VideoBusyError(name)
            time.sleep(_SECONDS_BETWEEN)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, name: str) -> bool:
    """Lock a name's byte, if no other process has; or as if, where that is not possible at all."""
    if sys.platform == "win32":
        return True
    place = int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:7], "big")
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        if error.errno not in _UNSUPPORTED:
            raise
    return True
