"""A scene: a stage, a camera, creatures that walk and props that stand, rendered with known masks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from ltr.rendering.creatures import Creature, Placement
from ltr.rendering.noise import FloatField, Picture
from ltr.rendering.patches import Patch, Sprite, lay_label, lay_over
from ltr.rendering.stage import Stage

COARSE_STEP = 4
"""Distance of the points at which ``Scene.visible_points`` looks, pixels."""

SHUTTER = 0.5
"""Share of the time between two frames during which the shutter is open."""


@dataclass(frozen=True)
class Camera:
    """Where the camera is and how the picture is moved and enlarged, by frame; arrays of length T.

    Attributes:
        x: sideways, pixels at depth 1.
        shift_x, shift_y: shake, pixels.
        zoom: factor.
    """

    x: FloatField
    shift_x: FloatField
    shift_y: FloatField
    zoom: FloatField


@dataclass(frozen=True)
class Actor:
    """A creature and its walk.

    Attributes:
        creature: who.
        label: its id in the masks, from 1; 0 for one that is scenery.
        size: pixels a body unit at depth 1.
        x: (T,) sideways place, pixels at depth 1.
        ground: (T,) where it stands (or floats above): height in the frame before zoom and shake, pixels.
        altitude: (T,) how far above the ground its lowest point is, pixels at depth 1.
        phase: (T,) phase of the gait, radians.
        facing: 1 looks right, -1 left.
    """

    creature: Creature
    label: int
    size: float
    x: FloatField
    ground: FloatField
    altitude: FloatField
    phase: FloatField
    facing: int


@dataclass(frozen=True)
class Prop:
    """A sprite at x (pixels at depth 1), its foot at a height of the frame (may lie below the frame)."""

    sprite: Sprite
    x: float
    ground: float


@dataclass(frozen=True)
class Frame:
    """A rendered frame: image H x W x 3 uint8 RGB, labels H x W uint8 (ids of the actors, 0 elsewhere)."""

    image: Picture
    labels: Picture


class Scene:
    """Everything there is, ready to be rendered; rendering a frame depends on nothing but its index.

    Args:
        stage, camera, actors, props: what is seen and how.
        width, height: size of the frames, pixels.
        tone: (256, 3) uint8, brightness curve of each channel, as a camera's.
        grain: standard deviation of the sensor's noise, grey levels.
        seed: of the noise.
    """

    def __init__(
        self,
        stage: Stage,
        camera: Camera,
        actors: list[Actor],
        props: list[Prop],
        width: int,
        height: int,
        tone: Picture,
        grain: float,
        seed: int,
    ) -> None:
        self._stage, self._camera, self._actors, self._props = stage, camera, actors, props
        self._width, self._height = width, height
        self._tone, self._grain, self._seed = tone, grain, seed

    def __len__(self) -> int:
        return len(self._camera.x)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames, pixels."""
        return self._width, self._height

    @property
    def labels(self) -> list[int]:
        """Ids of the actors that have masks."""
        return sorted(actor.label for actor in self._actors if actor.label)

    def render(self, frame: int) -> Frame:
        """Render one frame, 0 <= frame < len(self)."""
        camera, t = self._camera, frame
        image = self._stage.view(camera.x[t], (camera.shift_x[t], camera.shift_y[t]), camera.zoom[t])
        pan = float(np.gradient(camera.x)[t])
        backdrop_blur = round(SHUTTER * abs(pan) * self._stage.theme.far)
        if backdrop_blur >= 2:
            image = cv2.blur(image, (backdrop_blur, 1))
        labels = np.zeros((self._height, self._width), np.uint8)
        for item in self._back_to_front(t):
            if isinstance(item, Actor):
                self._render_actor(image, labels, item, t, pan)
            else:
                patch = item.sprite.at(*self._project(item.x, item.ground, t), self._width, self._height)
                if patch is not None:
                    depth = float(self._stage.depth(item.ground))
                    lay_over(image, patch, round(SHUTTER * abs(pan) * depth))
                    lay_label(labels, patch, 0)
        image = cv2.LUT(cv2.GaussianBlur(image, (3, 3), 0.55), self._tone[None])
        return Frame(self._add_grain(image, t), labels)

    def visible_points(self, frame: int) -> dict[int, int]:
        """Count, for each id, the points of a grid of ``COARSE_STEP`` pixels at which the actor is seen.

        It is a quick estimate of the area of the masks, an outline's raggedness aside.
        """
        middle = COARSE_STEP / 2
        xs, ys = np.meshgrid(
            np.arange(middle, self._width, COARSE_STEP, dtype=np.float32),
            np.arange(middle, self._height, COARSE_STEP, dtype=np.float32),
        )
        labels = np.zeros(xs.shape, np.uint8)
        for item in self._back_to_front(frame):
            if isinstance(item, Actor):
                pose = item.creature.skeleton.pose(float(item.phase[frame]))
                hidden, label = item.creature.covers(pose, self._place(item, frame), xs, ys), item.label
            else:
                hidden, label = item.sprite.covers(*self._project(item.x, item.ground, frame), xs, ys), 0
            labels[hidden] = label
        return {label: int((labels == label).sum()) for label in self.labels}

    def _back_to_front(self, t: int) -> Iterator[Actor | Prop]:
        things: list[Actor | Prop] = [*self._props, *self._actors]
        yield from sorted(
            things, key=lambda thing: thing.ground[t] if isinstance(thing, Actor) else thing.ground
        )

    def _project(self, x: float, ground: float, t: int) -> tuple[float, float, float]:
        """Frame coordinates of the foot of a prop, and its scale against the size it was painted in."""
        camera, depth = self._camera, float(self._stage.depth(ground))
        zoom = float(camera.zoom[t])
        across = zoom * (x - float(camera.x[t])) * depth + self._width / 2 + float(camera.shift_x[t])
        down = zoom * (ground - self._height / 2) + self._height / 2 + float(camera.shift_y[t])
        return across, down, zoom

    def _place(self, actor: Actor, t: int) -> Placement:
        x, y, zoom = self._project(float(actor.x[t]), float(actor.ground[t]), t)
        scale = zoom * actor.size * float(self._stage.depth(actor.ground[t]))
        lift = actor.creature.skeleton.extent[3] + float(actor.altitude[t]) / actor.size
        return Placement(x, y - scale * lift, scale, actor.facing)

    def _render_actor(self, image: Picture, labels: Picture, actor: Actor, t: int, pan: float) -> None:
        place = self._place(actor, t)
        depth = float(self._stage.depth(actor.ground[t]))
        shadow = self._shadow(actor, place, t)
        if shadow is not None:
            lay_over(image, shadow, strength=0.55 / (1 + float(actor.altitude[t]) / 40))
        speed = (float(np.gradient(actor.x)[t]) - pan) * depth
        pose = actor.creature.skeleton.pose(float(actor.phase[t]))
        for patch in actor.creature.paint(pose, place, self._width, self._height):
            lay_over(image, patch, round(SHUTTER * abs(speed)))
            lay_label(labels, patch, actor.label)

    def _shadow(self, actor: Actor, place: Placement, t: int) -> Patch | None:
        """The soft dark spot under an actor."""
        foot_y = place.y + place.scale * (
            actor.creature.skeleton.extent[3] + float(actor.altitude[t]) / actor.size
        )
        left, _, right, _ = actor.creature.skeleton.extent
        wide = place.scale * (right - left) * 1.25
        middle = place.x + actor.facing * place.scale * (left + right) / 2
        spot = _shadow_sprite()
        scale = wide / spot.cover.shape[1]
        return spot.at(middle, foot_y + 0.5 * scale * spot.cover.shape[0], scale, self._width, self._height)

    def _add_grain(self, image: Picture, t: int) -> Picture:
        if self._grain <= 0:
            return image
        tile = _grain_tile()
        rng = np.random.default_rng([self._seed, t])
        height, width = image.shape[:2]
        if height > tile.shape[0] // 2 or width > tile.shape[1] // 2:
            grain = rng.standard_normal(image.shape, np.float32)
        else:
            top = rng.integers(0, tile.shape[0] - height)
            left = rng.integers(0, tile.shape[1] - width)
            grain = tile[top : top + height, left : left + width]
        return cv2.scaleAdd(grain, self._grain, image.astype(np.float32)).clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _grain_tile() -> FloatField:
    """Noise of standard deviation 1 to cut pieces from: drawing fresh noise for every frame is slow."""
    noise = np.random.default_rng(0).standard_normal((640, 1024, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (3, 3), 0.6)
    return (soft / soft.std()).astype(np.float32)


@lru_cache(maxsize=1)
def _shadow_sprite() -> Sprite:
    """A dark, flat, soft spot."""
    ys, xs = np.mgrid[-1:1:24j, -1:1:96j].astype(np.float32)
    fall: npt.NDArray[np.float32] = np.clip(1 - (xs**2 + ys**2), 0, 1) ** 1.5
    return Sprite(np.full((24, 96, 3), (18, 18, 24), np.uint8), fall)
