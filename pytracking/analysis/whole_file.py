"""Writes files that are there whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltr.errors import InputError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a path to write to, and moves what was written to `path` when the block ends without an error.

    The folder of `path` is made. The path given has the same suffix.

    Raises:
        InputError: anything of it cannot be written, the block's own ``OSError`` included.
    """
    # In the same folder, so that the replacement does not cross file systems and is one step.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
