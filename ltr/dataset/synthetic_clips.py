"""Clips from still images: masked objects and their backgrounds, moved apart.

A still and its mask become T frames in which the object and what lies behind it follow different smooth
paths, while other stills' objects pass behind it (distractors, often of the target's own texture) or in front
of it (occluders). So what stays inside the box is the object, and the background moves through the box: the
signal that the aggregation is to mine (Zhao et al., ICCV 2021, section 3.1). In some clips the whole still
moves as one, which keeps pictures without cut-out edges in the mix; then only size, place and distractors
change.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from ltr.data.boxes import mask_to_box
from ltr.dataset.attachments import with_attachment
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.interface import Clip, StillDataset
from ltr.dataset.moving_layers import (
    GRID,
    Bend,
    Layer,
    followed_by,
    frame_times,
    paint_over,
    paste,
    smooth_path,
    soft_opacity,
)
from ltr.dataset.photograph import photograph
from ltr.errors import InputError

MIN_VISIBLE = 48
"""Pixels of the target that must be visible in every frame."""

MIN_VISIBLE_SHARE = 0.15
"""Share of the target that occluders must leave visible in every frame."""

COMPOSITIONS = 6
"""Stills that are tried before one is taken as it is, without motion."""

DRAWS = 100
"""Stills that are tried before giving up, where even the mask of the last one is empty."""


class SyntheticClips:
    """A source of endless clips made from stills.

    Args:
        stills: targets, distractors and backgrounds are all drawn from here.
        style: what happens in the clips.

    Raises:
        InputError: there are no stills.
    """

    def __init__(self, stills: StillDataset, style: ClipStyle | None = None) -> None:
        if len(stills) == 0:
            raise InputError(f"{stills.name or 'the mix of stills'}: no still to make clips from")
        self.stills = stills
        self.style = style or ClipStyle()
        self.name = f"clips of {stills.name}"

    def sample(self, rng: Generator, frames: int) -> Clip:
        """One clip of ``frames`` frames in which the target is always visible.

        The same state of ``rng`` always gives the same clip.

        Raises:
            InputError: one mask after another is empty.
        """
        for attempt in range(DRAWS):
            index = self._draw(rng)
            clip = self._compose(rng, index, frames) if attempt < COMPOSITIONS else None
            if clip is None and attempt >= COMPOSITIONS - 1:
                clip = self._unmoved(index, frames)
            if clip is not None:
                return clip
        raise InputError(f"{self.name}: no visible object in {DRAWS} draws; are its masks empty?")

    def _draw(self, rng: Generator) -> int:
        """The number of a still."""
        index = int(rng.integers(len(self.stills)))
        if not self.style.sparse or rng.random() >= self.style.sparse:
            return index
        other = int(rng.integers(len(self.stills)))
        return min((index, other), key=lambda i: _filled_share(self.stills[i][1]))

    def _unmoved(self, index: int, frames: int) -> Clip | None:
        """A still as a clip in which nothing moves; None when its mask is empty."""
        image, mask = self.stills[index]
        if not mask.any():
            return None
        boxes = np.stack([mask_to_box(mask)] * frames)
        return Clip([image] * frames, [mask] * frames, boxes, f"{self.name} {index}, still")

    def _compose(self, rng: Generator, index: int, frames: int) -> Clip | None:
        """A still in motion; None when its object is too small or gets hidden."""
        image, mask = self.stills[index]
        if int(mask.sum()) < 4 * MIN_VISIBLE:
            return None
        if self.style.attachment and rng.random() < self.style.attachment:
            other = self.stills[int(rng.integers(len(self.stills)))]
            image, mask = with_attachment(rng, image, mask, other, self.style.far_attachment)
        times = frame_times(rng, frames)
        scene = self._scene(rng, image, mask, times)
        images, masks = [], []
        for frame in range(frames):
            picture, seen, whole_area = scene.shoot(frame)
            if int(seen.sum()) < max(MIN_VISIBLE, MIN_VISIBLE_SHARE * whole_area):
                return None
            images.append(picture)
            masks.append(seen)
        boxes = np.stack([mask_to_box(seen) for seen in masks])
        return Clip(photograph(rng, images, times, self.style), masks, boxes, f"{self.name} {index}")

    def _scene(self, rng: Generator, image: np.ndarray, mask: np.ndarray, times: np.ndarray) -> _Scene:
        style, box = self.style, mask_to_box(mask)
        whole = rng.random() < style.whole
        own = smooth_path(rng, times, box, style.travel, style)
        camera = smooth_path(rng, times, (0, 0, image.shape[1], image.shape[0]), style.camera, style)
        target = Layer(image, soft_opacity(mask), camera)
        if not whole:
            target.motion = [followed_by(step, moved) for step, moved in zip(own, camera, strict=True)]
            if rng.random() < style.deform:
                waves = rng.normal(0, 0.06 * np.sqrt(box[2] * box[3]), (2, GRID, GRID, 2))
                target.bend = Bend(
                    waves.astype(np.float32), float(rng.uniform(0, 6.3)), float(rng.uniform(2, 6))
                )
        background = image if whole else self._background(rng, image, mask)
        behind, front = [], []
        if rng.random() < style.distractor:
            twin = rng.random() < style.lookalike
            behind.append(self._other(rng, times, target, box, twin))
        if rng.random() < style.occluder:
            twin = rng.random() < 0.5 * style.lookalike
            front.append(self._other(rng, times, target, box, twin))
        return _Scene(times, background, camera, behind, target, front, whole)

    def _background(self, rng: Generator, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """The target's own still without it, or another still, at least as large as the frame."""
        if rng.random() < self.style.own_background:
            return paint_over(image, mask)
        other, _ = self.stills[int(rng.integers(len(self.stills)))]
        zoom = max(image.shape[0] / other.shape[0], image.shape[1] / other.shape[1]) * rng.uniform(1.0, 1.4)
        size = (round(other.shape[1] * zoom), round(other.shape[0] * zoom))
        other = cv2.resize(other, size, interpolation=cv2.INTER_LINEAR)
        return other[:, ::-1].copy() if rng.random() < 0.5 else other

    def _other(self, rng: Generator, times: np.ndarray, target: Layer, box: np.ndarray, twin: bool) -> Layer:
        """Another object (or the target's twin), about as large as the target and beside it."""
        if twin:
            image, opacity = target.image, target.opacity
            if rng.random() < 0.5:
                image, opacity = image[:, ::-1], opacity[:, ::-1]
        else:
            image, mask = self.stills[int(rng.integers(len(self.stills)))]
            opacity = soft_opacity(mask)
        x, y, w, h = mask_to_box(opacity > 127)
        if w <= 0:
            return Layer(image, opacity, [np.eye(2, 3)] * len(times))
        zoom = np.sqrt(box[2] * box[3] / (w * h)) * np.exp(rng.normal(0, 0.35))
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.45, 1.1)
        direction = np.array([np.cos(angle), np.sin(angle)])
        centre = box[:2] + box[2:] / 2 + reach * direction * (box[2:] + zoom * np.array([w, h])) / 2
        place = np.array(
            [[zoom, 0, centre[0] - zoom * (x + w / 2)], [0, zoom, centre[1] - zoom * (y + h / 2)]],
            dtype=np.float64,
        )
        placed = (centre[0] - zoom * w / 2, centre[1] - zoom * h / 2, zoom * w, zoom * h)
        path = smooth_path(rng, times, placed, 1.3 * self.style.travel, self.style)
        motion = [followed_by(place, step) for step in path]
        return Layer(np.ascontiguousarray(image), np.ascontiguousarray(opacity), motion)


@dataclass
class _Scene:
    """A clip before it is photographed.

    Attributes:
        times: (T,) in [0, 1].
        background: (H', W', 3) uint8, of the target still's size or larger.
        camera: affine map of the background for every frame.
        behind, target, front: layers from far to near.
        whole: the background holds the target already.
    """

    times: np.ndarray
    background: np.ndarray
    camera: list[np.ndarray]
    behind: list[Layer]
    target: Layer
    front: list[Layer]
    whole: bool

    def shoot(self, frame: int) -> tuple[np.ndarray, np.ndarray, int]:
        """The picture (H, W, 3), the target's visible mask (H, W) 0/1, and its pixels in front of nothing."""
        size, time = self.target.image.shape[:2], self.times[frame]
        picture = cv2.warpAffine(
            self.background,
            _centred(self.camera[frame], self.background, size),
            (size[1], size[0]),
            borderMode=cv2.BORDER_REFLECT_101,
        )
        for layer in self.behind:
            picture = paste(picture, *layer.render(frame, time, size))
        pixels, opacity = self.target.render(frame, time, size)
        if not self.whole or self.behind:
            picture = paste(picture, pixels, opacity)
        visible = opacity
        for layer in self.front:
            over, cover = layer.render(frame, time, size)
            picture = paste(picture, over, cover)
            visible = cv2.multiply(visible, 255 - cover, scale=1 / 255)
        return picture, (visible > 127).astype(np.uint8), int((opacity > 127).sum())


def _filled_share(mask: np.ndarray) -> float:
    """Share of its box that an object fills; 1 without an object."""
    box = mask_to_box(mask)
    return float(np.count_nonzero(mask) / (box[2] * box[3])) if box[2] > 0 else 1.0


def _centred(motion: np.ndarray, background: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The camera's motion for a background of another size than the frame (H, W): their centres meet."""
    dy, dx = (np.array(size) - background.shape[:2]) / 2
    return followed_by(np.array([[1, 0, dx], [0, 1, dy]], dtype=np.float64), motion)
