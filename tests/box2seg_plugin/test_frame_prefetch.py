"""Frames are read once, in order and only as far ahead as allowed, and no thread is left behind."""

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from box2seg_plugin.frame_prefetch import prefetched, read_frames
from ltr.errors import InputError


class Source:
    """Counts up; notes how far it was read and whether it was closed."""

    def __init__(self, count: int, fails_at: int | None = None, seconds: float = 0.0) -> None:
        self.count, self.fails_at, self.seconds = count, fails_at, seconds
        self.read = 0
        self.threads: set[int] = set()
        self.closed = False

    def __iter__(self) -> Iterator[int]:
        try:
            for item in range(self.count):
                self.threads.add(threading.get_ident())
                time.sleep(self.seconds)
                if item == self.fails_at:
                    raise InputError(f"frame {item} is broken")
                self.read = item + 1
                yield item
        finally:
            self.closed = True


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "frame reader"]


@pytest.mark.parametrize("ahead", [0, 1, 3, 100])
def test_all_items_in_order(ahead: int) -> None:
    source = Source(20)
    with prefetched(source, ahead) as items:
        assert list(items) == list(range(20))
    assert source.closed and not readers()
    assert (threading.get_ident() in source.threads) == (ahead == 0)


@pytest.mark.parametrize("ahead", [1, 3])
def test_reads_while_the_consumer_works_but_not_further_than_allowed(ahead: int) -> None:
    source = Source(20)
    with prefetched(source, ahead) as items:
        for item in items:
            deadline = time.monotonic() + 10
            while source.read < min(item + 1 + ahead, 20) and time.monotonic() < deadline:
                time.sleep(1e-4)
            time.sleep(1e-3)
            assert source.read == min(item + 1 + ahead, 20)


@pytest.mark.parametrize("ahead", [0, 1, 3, 100])
def test_an_error_comes_where_the_item_would_have_been(ahead: int) -> None:
    with prefetched(Source(20, fails_at=5), ahead) as items:
        assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(InputError, match="frame 5 is broken"):
            next(items)
    assert not readers()


@pytest.mark.parametrize("taken", [0, 1, 4])
def test_leaving_early_ends_the_thread_at_once(taken: int) -> None:
    source = Source(10_000, seconds=1e-3)
    started = time.monotonic()
    with prefetched(source, 2) as items:
        assert [next(items) for _ in range(taken)] == list(range(taken))
    assert not readers()
    assert source.read <= taken + 2
    assert time.monotonic() - started < 5


def test_an_error_of_the_consumer_ends_the_thread() -> None:
    with pytest.raises(ZeroDivisionError), prefetched(Source(10_000), 2) as items:
        next(items)
        raise ZeroDivisionError
    assert not readers()


def test_a_generator_that_is_dropped_ends_the_thread() -> None:
    def results() -> Iterator[int]:
        with prefetched(Source(10_000), 2) as items:
            yield from items

    generator = results()
    assert next(generator) == 0
    assert len(readers()) == 1
    del generator
    gc.collect()
    assert not readers()


@pytest.mark.parametrize(("frames", "expected"), [("abcde", [(1, "b"), (3, "d")]), (iter("abcde"), None)])
def test_only_of_a_sequence_some_frames_are_left_out(
    frames: object, expected: list[tuple[int, str]] | None
) -> None:
    found = list(read_frames(frames, lambda frame: frame % 2 == 1, 5))  # type: ignore[arg-type]
    assert found == (expected or list(enumerate("abcde")))


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ("abc", "number of frames is 3, number of boxes 4"),
        ("abcde", "number of frames is 5, number of boxes 4"),
        (iter("abc"), "number of frames is 3, number of boxes 4"),
        (iter("abcde"), "number of boxes is 4, but there are more frames"),
    ],
)
def test_as_many_frames_as_boxes(frames: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_frames(frames, lambda _: True, 4))  # type: ignore[arg-type]
