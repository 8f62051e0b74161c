"""How a video ended: one small JSON file, which says that its masks are there and whole.

Nothing in it depends on the time or the machine: equal runs leave equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from box2seg_plugin.annotate.output import AnnotationFolder

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class VideoState:
    """What came of a video.

    Attributes:
        video: its name.
        status: ``DONE`` or ``FAILED``.
        settings: hash of the manifest under which it was made.
        reason: why it failed, one line; "" else.
        frames: of the video.
        masks: files that were written.
        objects: their ids.
        tracks: (id, what the file of the boxes calls the object, its class or ""), where that is another.
        absent: boxes, of all frames and objects, that show nothing of their object.
        refused: those of them that were meant to show something, but lie outside the frame, have no area or
            are not finite: (name of the frame, object).
        records: masks of single objects that were made; each has a record of its quality.
        fallbacks: those of them that are stand-ins, because nothing was found.
        left_out: those of them that are not in the files, because of their score.
        claimed_twice: pixels that several objects claimed before each was given to one.
    """

    video: str
    status: str
    settings: str
    reason: str = ""
    frames: int = 0
    masks: int = 0
    objects: Sequence[int] = ()
    tracks: Sequence[tuple[int, int, str]] = ()
    absent: int = 0
    refused: Sequence[tuple[str, int]] = ()
    records: int = 0
    fallbacks: int = 0
    left_out: int = 0
    claimed_twice: int = 0

    def write(self, path: Path) -> None:
        """Write the file in place."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_state(path: Path) -> VideoState | None:
    """Read a state; None where there is none, or a file that is no state: then the video is not done."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return VideoState(**{field.name: content[field.name] for field in fields(VideoState)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_states(folder: AnnotationFolder) -> Iterator[VideoState]:
    """All states that there are, by name."""
    for path in state_files(folder):
        if (state := read_state(path)) is not None:
            yield state


def state_files(folder: AnnotationFolder) -> list[Path]:
    """The files of all states, by the videos' names. Hidden files are not ours."""
    pattern = folder.state_of("*")
    files = (path for path in pattern.parent.glob(pattern.name) if not path.name.startswith("."))
    return sorted(files, key=lambda path: path.stem)


def done_state(folder: AnnotationFolder, video: str, settings: str) -> VideoState | None:
    """The state of a video whose masks are there, made under the manifest of this hash; None of others."""
    state = read_state(folder.state_of(video))
    if state is None or (state.status, state.settings) != (DONE, settings):
        return None
    return state if folder.masks_of(video).is_dir() and folder.quality_of(video).is_file() else None
