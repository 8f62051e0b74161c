"""Made-up videos with known masks, for training when no data set is at hand and for tests."""

from collections.abc import Sequence

import numpy as np

from ltr.data.boxes import mask_to_box
from ltr.dataset.interface import Clip
from ltr.errors import InputError
from ltr.rendering.casting import LOOK_ALIKE, MAIN, make_scene
from ltr.rendering.scene import Scene

TRACKS_PER_SEQUENCE = 2
SEEN_POINTS = 6
"""An object counts as visible from so many points of the scene's coarse grid on (16 pixels each)."""

KEPT_SCENES = 4


class ProceduralClips:
    """Textured creatures that walk, swim, fly or drive past look-alikes and behind things, drawn when they
    are read.

    Every sequence has two tracks: the main actor (object 1) and one that looks like it (object 2). A frame
    depends on the seed, the sequence and its own number only, so that every process reads the same. The few
    scenes used last are kept (about 2 MB each); no frame is.

    Args:
        sequences: how many.
        frames: of each.
        width, height: of the frames, pixels, at least 64.
        seed: another seed gives other sequences.

    Raises:
        InputError: a number is too small.
    """

    def __init__(
        self, sequences: int = 500, frames: int = 60, width: int = 480, height: int = 270, seed: int = 0
    ) -> None:
        for what, value, least in (
            ("number of sequences", sequences, 1),
            ("number of frames", frames, 2),
            ("width", width, 64),
            ("height", height, 64),
            ("seed", seed, 0),
        ):
            if value < least:
                raise InputError(f"{what} of the procedural clips is {value}: must be at least {least}")
        self.name = "procedural"
        self._sequences, self._frames, self._size, self._seed = sequences, frames, (width, height), seed
        self._scenes: dict[int, Scene] = {}
        self._visible: dict[int, dict[int, np.ndarray]] = {}

    def __len__(self) -> int:
        return TRACKS_PER_SEQUENCE * self._sequences

    def sequence(self, index: int) -> str:
        """Return the name of the sequence a track belongs to."""
        return f"{self._seed}-{index // TRACKS_PER_SEQUENCE:05d}"

    def object_id(self, index: int) -> int:
        """Return the object's id within its sequence: 1 is the main actor, 2 its look-alike."""
        return (MAIN, LOOK_ALIKE)[index % TRACKS_PER_SEQUENCE]

    def visible_frames(self, index: int) -> np.ndarray:
        """Return the frames (increasing int64 indices) in which more than a speck of the object is seen.

        The first call for a sequence looks at all its frames coarsely (about a tenth of a second).
        """
        number = index // TRACKS_PER_SEQUENCE
        if number not in self._visible:
            scene = self._scene(number)
            seen = [scene.visible_points(frame) for frame in range(self._frames)]
            self._visible[number] = {
                label: np.flatnonzero([points[label] >= SEEN_POINTS for points in seen])
                for label in scene.labels
            }
        return self._visible[number][self.object_id(index)].copy()

    def read(self, index: int, frames: Sequence[int]) -> Clip:
        """Render the given frames of a track, in the given order.

        Raises:
            InputError: a frame does not exist.
        """
        name = f"{self.name}/{self.sequence(index)}:{self.object_id(index)}"
        for frame in frames:
            if not 0 <= frame < self._frames:
                raise InputError(f"{name} has no frame {frame}: it has {self._frames}, counted from 0")
        scene = self._scene(index // TRACKS_PER_SEQUENCE)
        rendered = [scene.render(int(frame)) for frame in frames]
        masks = [(frame.labels == self.object_id(index)).astype(np.uint8) for frame in rendered]
        boxes = np.array([mask_to_box(mask) for mask in masks]).reshape(-1, 4)
        return Clip([frame.image for frame in rendered], masks, boxes, name)

    def _scene(self, number: int) -> Scene:
        """The scene of a sequence, made if it is not among those kept."""
        if not 0 <= number < self._sequences:
            raise IndexError(f"track {TRACKS_PER_SEQUENCE * number} of {len(self)}")
        scene = self._scenes.pop(number, None) or make_scene([self._seed, number], *self._size, self._frames)
        self._scenes[number] = scene  # now the last: dicts keep the order of insertion
        if len(self._scenes) > KEPT_SCENES:
            del self._scenes[next(iter(self._scenes))]
        return scene
