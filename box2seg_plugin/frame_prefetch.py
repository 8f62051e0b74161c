"""Reading the frames of a video: only those that are needed, and ahead of who takes them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

from ltr.errors import InputError

Item = TypeVar("Item")

NUMBERS_DIFFER = "number of frames is {}, number of boxes {}: must be equal"


def read_frames(
    frames: Iterable[Item], needs: Callable[[int], bool], count: int
) -> Iterator[tuple[int, Item]]:
    """Frames with their indices, in order.

    Args:
        frames: ``count`` frames. Of a sequence only those that are needed are asked for; what can only be
            gone through is read whole.
        needs: whether a frame is needed.
        count: how many there must be.

    Raises:
        InputError: there are more or fewer.
    """
    if isinstance(frames, Sequence):
        if len(frames) != count:
            raise InputError(NUMBERS_DIFFER.format(len(frames), count))
        yield from ((index, frames[index]) for index in range(count) if needs(index))
        return
    read = 0
    for read, frame in enumerate(frames, 1):
        if read > count:
            raise InputError(f"number of boxes is {count}, but there are more frames: give one for each")
        yield read - 1, frame
    if read != count:
        raise InputError(NUMBERS_DIFFER.format(read, count))


@contextlib.contextmanager
def prefetched(source: Iterable[Item], ahead: int) -> Iterator[Iterator[Item]]:
    """The items of ``source`` in order, read by a thread that is at most ``ahead`` items ahead.

    What ``source`` raises is raised where its next item would have been. Leaving the context ends the thread;
    an item that is just being read is waited for.

    Args:
        source: iterated in the thread; with ``ahead`` 0 there is none, and it is given back as it is.
        ahead: at least 0.
    """
    if ahead == 0:
        yield iter(source)
        return
    reader = _Reader(source, ahead)
    try:
        yield reader.items()
    finally:
        reader.stop()


class _Reader(Generic[Item]):
    """A thread that goes through an iterable."""

    def __init__(self, source: Iterable[Item], ahead: int) -> None:
        self.source = source
        self.read: SimpleQueue[list[Item] | None] = SimpleQueue()
        self.room = Semaphore(ahead)
        self.stopped = False
        self.failure: BaseException | None = None
        # A daemon, so that a process whose consumer hangs or forgot to leave the context can still exit.
        self.thread = Thread(target=self._run, name="frame reader", daemon=True)
        self.thread.start()

    def items(self) -> Iterator[Item]:
        """What has been read, as it comes."""
        while (item := self.read.get()) is not None:
            self.room.release()
            yield item[0]
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End the thread."""
        self.stopped = True
        self.room.release()
        self.thread.join()

    def _run(self) -> None:
        try:
            source = iter(self.source)
            self.room.acquire()
            while not self.stopped:
                self.read.put([next(source)])
                self.room.acquire()
        except StopIteration:
            pass
        except BaseException as failure:  # the consumer raises it; nobody would see it here
            self.failure = failure
        finally:
            self.read.put(None)
