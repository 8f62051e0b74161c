"""Short clips that come with the package, their masks known because our own renderer drew them.

``goat``: 40 frames, one object with a box. It passes a look-alike and a tree. ``ponies``: 24 frames, two
objects with boxes that overlap all the time. ``python -m pytracking.bundled.render`` draws them again.
"""

from dataclasses import dataclass
from pathlib import Path

from ltr.errors import InputError
from ltr.registry import unknown_name


@dataclass(frozen=True)
class BundledClip:
    """Where a clip's files are.

    Attributes:
        frames: folder of the frames, ``00000.jpg`` and on.
        boxes: boxes in every frame: a text file with one line x,y,w,h a frame, or, for several objects, a CSV
            with the columns frame, object, x, y, w, h.
        masks: folder of the true masks, ``00000.png`` and on, palette PNGs of object ids.
    """

    frames: Path
    boxes: Path
    masks: Path


def bundled_names() -> list[str]:
    """Return the names of the clips, sorted."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/frames"))


def bundled_clip(name: str) -> BundledClip:
    """Find a clip.

    Raises:
        InputError: there is none of this name (the message lists those there are), or its files are missing.
    """
    folder = Path(__file__).parent / name
    if name not in bundled_names():
        raise unknown_name("bundled clip", name, bundled_names())
    boxes = next((path for path in (folder / "boxes.txt", folder / "boxes.csv") if path.is_file()), None)
    if boxes is None or not (folder / "masks").is_dir():
        raise InputError(
            f"bundled clip {folder} is incomplete: python -m pytracking.bundled.render draws it again"
        )
    return BundledClip(folder / "frames", boxes, folder / "masks")
