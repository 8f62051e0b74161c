"""What CVAT's exports say of their task: above all, which frames their numbers mean.

A task has every STEP-th frame of a source, from START on. Exports number frames as the source does: the n-th
of the task is START + n * STEP. Source: https://docs.cvat.ai/docs/manual/advanced/xml_format/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as shown

from ltr.errors import InputError

MAX_TEXT = 1000
"""Characters that are kept of a text; what is looked for is shorter."""

_STEP = re.compile(r"step=([0-9]{1,9})", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)


class MetaReader:
    """Takes in a file element by element, and keeps the texts in ``<annotations><meta><task>`` (``<job>``).

    Attributes:
        texts: path of an element below the task, such as "original_size/width" -> its text.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._elements: list[str] = []
        self._text = ""

    def start(self, name: str) -> None:
        """An element begins."""
        self._elements.append(name)
        self._text = ""

    def text(self, text: str) -> None:
        """Text within an element."""
        if self._elements[1:2] == ["meta"]:
            self._text = (self._text + text)[:MAX_TEXT]

    def end(self) -> None:
        """An element ends."""
        if self._elements[1:2] == ["meta"]:
            self.texts.setdefault("/".join(self._elements[3:]), self._text.strip())
        self._elements.pop()


@dataclass(frozen=True)
class TaskFrames:
    """The frames of a task.

    Attributes:
        length: how many there are.
        first: number of the first.
        step: from one number to the next, at least 1.
    """

    length: int
    first: int = 0
    step: int = 1

    def number(self, index: int) -> int:
        """What the file calls a frame of the task."""
        return self.first + index * self.step

    def index(self, number: int) -> int | None:
        """Which frame of the task, from 0, a number means; None: none of them."""
        index, rest = divmod(number - self.first, self.step)
        return index if rest == 0 and 0 <= index < self.length else None


def task_frames(texts: Mapping[str, str], place: str) -> TaskFrames | None:
    """The frames of a task.

    Args:
        texts: of a ``MetaReader``.
        place: for the message.

    Returns:
        None where the file does not say how many there are.

    Raises:
        InputError: one of the numbers is none.
    """
    length = _number(texts, "size", place)
    step_text = texts.get("frame_filter") or "step=1"
    step = _STEP.fullmatch(step_text)
    if not step or int(step[1]) < 1:
        raise InputError(f"{place}: frame_filter is {shown(step_text)}: must be step=N")
    return TaskFrames(length, _number(texts, "start_frame", place), int(step[1])) if length else None


def _number(texts: Mapping[str, str], key: str, place: str) -> int:
    text = texts.get(key) or "0"
    if not _WHOLE.fullmatch(text):
        raise InputError(f"{place}: {key} is {shown(text)}: must be a whole number below 1,000,000,000")
    return int(text)
