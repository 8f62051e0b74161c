"""Which videos of a data set are annotated."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from ltr.errors import InputError


def choose_videos(
    known: Iterable[str], wanted: Sequence[str] | None = None, shard: str | None = None
) -> list[str]:
    """Names of videos.

    Args:
        known: of the data set's videos, in order.
        wanted: those to take; None: all.
        shard: "I/N": every N-th of them from the I-th on, 1 <= I <= N.

    Returns:
        in the data set's order. A shard may be empty, where there are fewer videos than shards.

    Raises:
        InputError: there is no such video, or no such shard.
    """
    known = list(known)
    if wanted is not None:
        there = set(known)
        for name in wanted:
            if name not in there:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f'; did you mean "{close[0]}"?' if close else ""
                raise InputError(f'there is no video "{name}" among {len(known)}, from {known[0]} on{hint}')
        known = [name for name in known if name in set(wanted)]
    if shard is None:
        return known
    index, count = parse_shard(shard)
    return known[index - 1 :: count]


def parse_shard(text: str) -> tuple[int, int]:
    """ "2/8" -> (2, 8).

    Raises:
        InputError: it is no shard.
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    index, count = (int(number) for number in match.groups()) if match else (0, 0)
    if not 1 <= index <= count:
        raise InputError(f'--shard is "{text}": must be I/N with 1 <= I <= N, such as 1/8')
    return index, count
