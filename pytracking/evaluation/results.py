"""Where the results of a tracker are, and how they are written.

    <results>/<tracker>/<parameters>/<sequence>.txt         x,y,w,h of every frame, pixels, a frame a line
                                     <sequence>_<id>.txt    one for each object, where there are several
                                     <sequence>_time.txt    seconds of every frame, one a line
                                     <sequence>/<frame>.png object ids, of trackers that make masks

Numbers have at most four decimals, seconds six: a box read back lies within 0.00005 pixels. An absent target
is -1,-1,-1,-1. ``pytracking.analysis`` reads these files.

What belongs to a sequence is written to a hidden folder beside its place and moved there when all of it is
there, the boxes last: where there are boxes, the sequence is done.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ltr.data.boxes import absent_box, is_absent
from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from ltr.output_folder import make_folder
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.tracking import TrackedFrame
from pytracking.tracker.interface import Box

DELIMITERS = {"comma": ",", "tab": "\t"}
"""What may stand between the numbers of a box."""

FROM_BOXES = "-from_boxes"
BOX_DECIMALS, TIME_DECIMALS = 4, 6


@dataclass(frozen=True)
class ResultsFolder:
    """The results of a tracker with its parameters.

    Attributes:
        path: the folder.
        delimiter: a key of ``DELIMITERS``.
    """

    path: Path
    delimiter: str = "comma"

    @classmethod
    def of(
        cls, results: Path, tracker: str, parameters: str, from_boxes: bool = False, delimiter: str = "comma"
    ) -> ResultsFolder:
        """``<results>/<tracker>/<parameters>``; ``<parameters>-from_boxes`` for runs that start from boxes
        where there are masks, so that they stand beside the others."""
        return cls(results / tracker / f"{parameters}{FROM_BOXES if from_boxes else ''}", delimiter)

    def make(self) -> None:
        """Make the folder with its parents, and see that files can be written there.

        Raises:
            InputError: they cannot.
        """
        make_folder(self.path, "--results or PYTRACKING_RESULTS_DIR")

    def box_files(self, sequence: Sequence) -> dict[int, Path]:
        """Object id -> file of its boxes, for every object of a sequence."""
        ids = sequence.object_ids
        if len(ids) == 1:
            return {ids[0]: self.path / f"{sequence.name}.txt"}
        return {object_id: self.path / f"{sequence.name}_{object_id}.txt" for object_id in ids}

    def time_file(self, sequence: Sequence) -> Path:
        """The file of a sequence's seconds."""
        return self.path / f"{sequence.name}_time.txt"

    def is_done(self, sequence: Sequence) -> bool:
        """Whether all results of a sequence are there."""
        return all(path.is_file() for path in self.box_files(sequence).values())

    def holds_others(self, sequences: Iterable[Sequence]) -> bool:
        """Whether there are results of other sequences than these."""
        ours = {path for sequence in sequences for path in self.box_files(sequence).values()}
        return any(path not in ours for path in self.path.glob("*.txt") if not path.stem.endswith("_time"))

    def check_names(self, sequences: Iterable[Sequence]) -> None:
        """Refuse sequences whose files would be one: those of one name, or "a_1" beside "a" of two objects.

        Raises:
            InputError: there are such; the message names two.
        """
        owners: dict[Path, str] = {}
        for sequence in sequences:
            for path in (*self.box_files(sequence).values(), self.time_file(sequence)):
                if path in owners:
                    raise InputError(
                        f'sequences "{owners[path]}" and "{sequence.name}" would both write {path.name}: '
                        "rename one"
                    )
                owners[path] = sequence.name


class SequenceWriter:
    """Collects the results of a sequence; a context manager.

        with SequenceWriter(folder, sequence) as writer:
            for frame in track_sequence(tracker, sequence):
                writer.add(frame)
            writer.finish()

    When the context is left without ``finish``, nothing is left. What a killed process left behind is removed
    by the next writer of the sequence on the same machine.
    """

    def __init__(self, folder: ResultsFolder, sequence: Sequence) -> None:
        self.folder, self.sequence = folder, sequence
        self.hidden = folder.path / f".{sequence.name}.{_this_process()}.part"
        """Files that others write here are moved beside the results by ``finish``."""
        self._boxes: dict[int, list[Box]] = {i: [] for i in sequence.object_ids}
        self._seconds: list[float] = []

    def __enter__(self) -> Self:
        try:
            _remove_leftovers(self.folder.path, self.sequence.name)
            self._masks.mkdir(parents=True)
        except OSError as error:
            raise self._failed(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.hidden, ignore_errors=True)

    def add(self, frame: TrackedFrame) -> None:
        """Take the results of the next frame.

        Raises:
            InputError: its mask cannot be written, or files that are no masks are where masks are to be.
        """
        if frame.result.mask is not None and not self._seconds:
            self._check_place_of_masks()
        for object_id, boxes in self._boxes.items():
            box = frame.result.boxes.get(object_id, absent_box())
            boxes.append(_written(box))
        self._seconds.append(frame.seconds)
        if frame.result.mask is not None:
            write_mask(self._masks / f"{self.sequence.frame_names[frame.index]}.png", frame.result.mask)

    def finish(self) -> None:
        """Put everything in its place, instead of what is there.

        Raises:
            InputError: something cannot be written or moved.
            ValueError: not all frames were added.
        """
        if len(self._seconds) != len(self.sequence):
            raise ValueError(
                f'sequence "{self.sequence.name}": {len(self._seconds)} results, {len(self.sequence)} frames'
            )
        box_files = self.folder.box_files(self.sequence)
        try:
            others = [path for path in self.hidden.iterdir() if path != self._masks]
            self._write_texts(box_files)
            for path in box_files.values():
                path.unlink(missing_ok=True)  # from here on the sequence is not done
            self._move_masks()
            for name in (*(path.name for path in others), self._time_file.name):
                (self.hidden / name).replace(self.folder.path / name)
            for path in box_files.values():
                (self.hidden / path.name).replace(path)
        except OSError as error:
            raise self._failed(error) from None

    @property
    def _masks(self) -> Path:
        return self.hidden / "masks"

    @property
    def _place_of_masks(self) -> Path:
        return self.folder.path / self.sequence.name

    @property
    def _time_file(self) -> Path:
        return self.folder.time_file(self.sequence)

    def _write_texts(self, box_files: Mapping[int, Path]) -> None:
        delimiter = DELIMITERS[self.folder.delimiter]
        for object_id, path in box_files.items():
            lines = (delimiter.join(_number(v, BOX_DECIMALS) for v in box) for box in self._boxes[object_id])
            (self.hidden / path.name).write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        seconds = "".join(f"{_number(value, TIME_DECIMALS)}\n" for value in self._seconds)
        (self.hidden / self._time_file.name).write_text(seconds, encoding="ascii")

    def _move_masks(self) -> None:
        """Replace the masks that are there; files that are no masks are never removed."""
        for old in self._place_of_masks.glob("*.png"):
            old.unlink()
        if any(self._masks.iterdir()):
            self._masks.replace(self._place_of_masks)  # an empty folder is replaced

    def _check_place_of_masks(self) -> None:
        place = self._place_of_masks
        if place.is_dir() and any(path.suffix != ".png" for path in place.iterdir()):
            raise InputError(f"{place} is for masks and holds other files: move them")

    def _failed(self, error: OSError) -> InputError:
        return InputError(
            f"results cannot be written to {self.folder.path} ({error.strerror or error}): make room there, "
            "or choose another folder with --results"
        )


def _this_process() -> str:
    """Machine and process: folders of results are shared between machines."""
    return f"{socket.gethostname()}-{os.getpid()}"


def _remove_leftovers(folder: Path, sequence: str) -> None:
    """Remove the hidden folders of a sequence whose process, on this machine, has ended."""
    start, end = f".{sequence}.{socket.gethostname()}-", ".part"
    for path in folder.iterdir():
        number = path.name.removeprefix(start).removesuffix(end)
        if path.name == f"{start}{number}{end}" and number.isdecimal() and not _runs(int(number)):
            shutil.rmtree(path)


def _runs(process: int) -> bool:
    """Whether another process of this number runs; our own has begun none of this sequence yet."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _written(box: Box) -> Box:
    """A box as it is written: a target that is there keeps a width and a height when numbers are rounded."""
    if is_absent(box):
        return absent_box()
    return np.array([*box[:2], *np.maximum(box[2:], 10.0**-BOX_DECIMALS)], np.float64)


def _number(value: float, decimals: int) -> str:
    """The shortest text of a number, with at most so many decimals: 12, 0.5, 3.1416."""
    return np.format_float_positional(round(float(value), decimals) + 0.0, decimals, trim="-")
