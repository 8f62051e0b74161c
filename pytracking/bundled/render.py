"""Draws the bundled clips again: ``python -m pytracking.bundled.render [--out FOLDER]``."""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.data.boxes import mask_to_box
from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from ltr.rendering.casting import LOOK_ALIKE, MAIN, Plot, make_scene
from ltr.rendering.scene import Frame, Scene

logger = logging.getLogger(__name__)

JPEG_QUALITY = 85


@dataclass(frozen=True)
class Script:
    """What is drawn: a scene, and which of its actors have boxes and masks, in the order of their ids."""

    seed: tuple[int, ...]
    frames: int
    plot: Plot
    actors: tuple[int, ...]
    width: int = 480
    height: int = 270

    def scene(self) -> Scene:
        """Set the scene."""
        return make_scene(list(self.seed), self.width, self.height, self.frames, self.plot)

    def labels(self, frame: Frame) -> np.ndarray:
        """The frame's labels, H x W uint8: ids 1 and on of the actors that have masks."""
        ids = np.zeros(256, np.uint8)
        ids[list(self.actors)] = np.arange(1, len(self.actors) + 1)
        return ids[frame.labels]


SCRIPTS = {
    "goat": Script(
        (7, 7),
        40,
        Plot("quadruped", "savanna", meeting="cross", hide=True, follow=0.6, size=0.42, in_front=False),
        (MAIN,),
    ),
    "ponies": Script(
        (7, 6),
        24,
        Plot("quadruped", "cliffs", meeting="together", hide=False, follow=0.8, size=0.45),
        (MAIN, LOOK_ALIKE),
    ),
}


def write_clip(script: Script, folder: Path) -> None:
    """Draw a clip: ``frames/``, ``masks/`` and ``boxes.txt`` (one object) or ``boxes.csv`` (several).

    Args:
        script: what to draw.
        folder: made if need be; files in it are overwritten.

    Raises:
        InputError: the folder cannot be written.
    """
    scene = script.scene()
    rows: list[str] = []
    try:
        for name in ("frames", "masks"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(len(scene)):
            frame = scene.render(index)
            labels = script.labels(frame)
            _, encoded = cv2.imencode(
                ".jpg", frame.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            )
            (folder / "frames" / f"{index:05d}.jpg").write_bytes(encoded.tobytes())
            write_mask(folder / "masks" / f"{index:05d}.png", labels)
            for object_id in range(1, len(script.actors) + 1):
                box = ",".join(f"{value:g}" for value in mask_to_box(labels == object_id))
                rows.append(box if len(script.actors) == 1 else f"{index:05d},{object_id},{box}")
        if len(script.actors) > 1:
            rows.insert(0, "frame,object,x,y,w,h")
        file = folder / ("boxes.txt" if len(script.actors) == 1 else "boxes.csv")
        file.write_text("\n".join(rows) + "\n", encoding="ascii")
    except OSError as error:
        raise InputError(f"cannot write the clip to {folder}: {error}") from error


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = OneLineParser(
        prog="python -m pytracking.bundled.render",
        description="Draw the bundled clips again.",
        epilog="example: python -m pytracking.bundled.render --out /tmp/clips",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent,
        help="folder for the clips (default: the package's own)",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        for name, script in SCRIPTS.items():
            write_clip(script, options.out / name)
            logger.info("%s: %d frames in %s", name, script.frames, options.out / name)
    except InputError as error:
        print_error("pytracking.bundled.render", error)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
