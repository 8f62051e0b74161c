"""Clips from still images: masked objects and their backgrounds, moved apart.

A still and its mask become T frames in which the object and what lies behind it follow different smooth paths,
while other stills' objects pass behind it (distractors, often of the target's own texture) or in front of it
(occluders). So what stays inside the box is the object, and the background moves through the box: the signal that
the aggregation is to mine (Zhao et al., ICCV 2021, section 3.1). In some clips the whole still moves as one, which
keeps pictures without cut-out edges in the mix; then only size, place and distractors change.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from ltr.data.boxes import absent_box, mask_to_box
from ltr.dataset.interface import Clip, StillDataset

MIN_VISIBLE = 48
"""Pixels of the target that must be visible in every frame."""

ATTEMPTS = 6


@dataclass(frozen=True)
class ClipStyle:
    """What happens in a clip. Probabilities are per clip; lengths are in sizes of the target or shares of the frame.

    Attributes:
        whole: the target keeps its own background, which moves with it.
        own_background: (else) the background is the target's own still with the target painted over, not another.
        distractor: another object moves behind the target; ``lookalike`` of these have the target's own pixels.
        occluder: another object passes in front of the target.
        travel, camera: standard deviation of an object's path (in object sizes) and of the camera's (in frame sizes)
            over the clip.
        zoom, turn, stretch: standard deviations of log scale, angle (radians) and shear over the clip.
        deform: the target's outline bends, by this much of its size.
        blur, noise, jpeg, relight: motion blur, sensor noise, JPEG artefacts, changing light.
    """

    whole: float = 0.4
    own_background: float = 0.35
    distractor: float = 0.65
    lookalike: float = 0.35
    occluder: float = 0.3
    travel: float = 0.35
    camera: float = 0.12
    zoom: float = 0.12
    turn: float = 0.12
    stretch: float = 0.06
    deform: float = 0.5
    blur: float = 0.2
    noise: float = 0.25
    jpeg: float = 0.3
    relight: float = 0.5


@dataclass
class _Layer:
    """A picture and its opacity, (H, W, 3) uint8 and (H, W) uint8 0..255, and an affine (2, 3) per frame."""

    image: np.ndarray
    alpha: np.ndarray
    motion: list[np.ndarray]
    bend: np.ndarray | None = None
    bend_phase: tuple[float, float] = (0.0, 0.0)


class SyntheticClips:
    """A source of endless clips made from stills.

    Args:
        stills: targets, distractors and backgrounds are all drawn from here.
        style: what happens in the clips.
    """

    def __init__(self, stills: StillDataset, style: ClipStyle | None = None) -> None:
        self.stills = stills
        self.style = style or ClipStyle()
        self.name = f"clips of {stills.name}"

    def sample(self, rng: Generator, frames: int) -> Clip:
        """One clip of ``frames`` frames in which the target is always visible. The same state of ``rng`` always gives
        the same clip."""
        for _ in range(ATTEMPTS):
            index = int(rng.integers(len(self.stills)))
            clip = self._compose(rng, index, frames)
            if clip is not None:
                return clip
        image, mask = self.stills[index]
        boxes = np.stack([mask_to_box(mask)] * frames)
        return Clip([image] * frames, [mask] * frames, boxes, f"{self.name} {index}, still")

    def _compose(self, rng: Generator, index: int, frames: int) -> Clip | None:
        style = self.style
        image, mask = self.stills[index]
        if int(mask.sum()) < 4 * MIN_VISIBLE:
            return None
        times = _frame_times(rng, frames)
        box = mask_to_box(mask)
        whole = rng.random() < style.whole
        target = _Layer(image, _soft(mask), _path(rng, times, box, style.travel, style))
        camera = _path(rng, times, _frame_box(image), style.camera, style)
        if whole:
            # The camera moves the target too: apply its path to both and leave the target's own path out.
            target.motion = camera
        else:
            target.motion = [_after(own, cam) for own, cam in zip(target.motion, camera, strict=True)]
            if rng.random() < style.deform:
                target.bend = rng.normal(0, 0.06 * np.sqrt(box[2] * box[3]), (2, 4, 4, 2)).astype(np.float32)
                target.bend_phase = (float(rng.uniform(0, 6.3)), float(rng.uniform(2, 6)))
        background = image if whole else self._background(rng, image, mask)
        front, behind = self._others(rng, times, target, box, image.shape[:2])
        images, masks, boxes = [], [], []
        for t in range(frames):
            frame = cv2.warpAffine(
                background, _centred(camera[t], background, image), image.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101
            )
            for layer in behind:
                frame = _paste(frame, *_render(layer, t, times[t], image.shape[:2]))
            pixels, alpha = _render(target, t, times[t], image.shape[:2])
            if not whole or behind:
                frame = _paste(frame, pixels, alpha)
            visible = alpha
            for layer in front:
                over, cover = _render(layer, t, times[t], image.shape[:2])
                frame = _paste(frame, over, cover)
                visible = cv2.multiply(visible, 255 - cover, scale=1 / 255)
            seen = (visible > 127).astype(np.uint8)
            area = int(seen.sum())
            if area < MIN_VISIBLE or area < 0.15 * int((alpha > 127).sum()):
                return None
            images.append(frame)
            masks.append(seen)
            boxes.append(mask_to_box(seen))
        images = photograph(rng, images, times, style)
        return Clip(images, masks, np.stack(boxes) if boxes else absent_box()[None], f"{self.name} {index}")

    def _background(self, rng: Generator, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if rng.random() < self.style.own_background:
            return _paint_over(image, mask)
        other, _ = self.stills[int(rng.integers(len(self.stills)))]
        zoom = max(image.shape[0] / other.shape[0], image.shape[1] / other.shape[1]) * rng.uniform(1.0, 1.4)
        size = (round(other.shape[1] * zoom), round(other.shape[0] * zoom))
        other = cv2.resize(other, size, interpolation=cv2.INTER_LINEAR)
        return other[:, ::-1].copy() if rng.random() < 0.5 else other

    def _others(
        self, rng: Generator, times: np.ndarray, target: _Layer, box: np.ndarray, size: tuple[int, int]
    ) -> tuple[list[_Layer], list[_Layer]]:
        """Layers in front of the target and behind it."""
        front, behind = [], []
        if rng.random() < self.style.distractor:
            if rng.random() < self.style.lookalike:
                behind.append(self._other(rng, times, box, size, (target.image, target.alpha)))
            else:
                behind.append(self._other(rng, times, box, size, None))
        if rng.random() < self.style.occluder:
            twin = (target.image, target.alpha) if rng.random() < 0.5 * self.style.lookalike else None
            front.append(self._other(rng, times, box, size, twin))
        return front, behind

    def _other(
        self,
        rng: Generator,
        times: np.ndarray,
        box: np.ndarray,
        size: tuple[int, int],
        twin: tuple[np.ndarray, np.ndarray] | None,
    ) -> _Layer:
        """Another object (or the target's twin), about as large as the target and beside it."""
        if twin is None:
            image, mask = self.stills[int(rng.integers(len(self.stills)))]
            alpha = _soft(mask)
        else:
            image, alpha = twin
            image, alpha = (image[:, ::-1], alpha[:, ::-1]) if rng.random() < 0.5 else (image, alpha)
        x, y, w, h = mask_to_box(alpha > 127)
        if w <= 0:
            return _Layer(image, alpha, [np.eye(2, 3)] * len(times))
        zoom = np.sqrt(box[2] * box[3] / (w * h)) * np.exp(rng.normal(0, 0.35))
        angle = rng.uniform(0, 2 * np.pi)
        reach = rng.uniform(0.45, 1.1)
        centre = box[:2] + box[2:] / 2 + reach * np.array([np.cos(angle), np.sin(angle)]) * (box[2:] + zoom * np.array([w, h])) / 2
        place = np.array(
            [[zoom, 0, centre[0] - zoom * (x + w / 2)], [0, zoom, centre[1] - zoom * (y + h / 2)]], dtype=np.float64
        )
        placed = np.array([centre[0] - zoom * w / 2, centre[1] - zoom * h / 2, zoom * w, zoom * h])
        motion = [_after(place, step) for step in _path(rng, times, placed, 1.3 * self.style.travel, self.style)]
        return _Layer(np.ascontiguousarray(image), np.ascontiguousarray(alpha), motion)


def _frame_times(rng: Generator, frames: int) -> np.ndarray:
    """Increasing times in [0, 1] with uneven gaps; the clip's length in time varies."""
    if frames == 1:
        return np.zeros(1)
    steps = np.cumsum(rng.uniform(0.5, 1.5, frames))
    return (steps - steps[0]) / (steps[-1] - steps[0])


def _frame_box(image: np.ndarray) -> np.ndarray:
    return np.array([0, 0, image.shape[1], image.shape[0]], dtype=np.float64)


def _path(rng: Generator, times: np.ndarray, box: np.ndarray, travel: float, style: ClipStyle) -> list[np.ndarray]:
    """A smooth affine path about the box's centre: parameters are quadratic in time."""
    size = np.sqrt(box[2] * box[3])
    spread = np.array([travel * size, travel * size, style.zoom, style.turn, style.stretch])
    start, speed, curve = (rng.normal(0, 1, 5) * spread * share for share in (0.4, 1.0, 0.5))
    centred = times - 0.5
    motion = []
    for t in centred:
        dx, dy, zoom, turn, shear = start + speed * t + curve * (t * t - 1 / 12)
        cos, sin = np.cos(turn) * np.exp(zoom), np.sin(turn) * np.exp(zoom)
        linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]])
        centre = box[:2] + box[2:] / 2
        motion.append(np.hstack([linear, (centre + (dx, dy) - linear @ centre)[:, None]]))
    return motion


def _after(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The affine map that does ``first``, then ``second``."""
    return np.hstack([second[:, :2] @ first[:, :2], (second[:, :2] @ first[:, 2] + second[:, 2])[:, None]])


def _centred(motion: np.ndarray, background: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The camera's motion for a background of another size than the frame: centres first laid on each other."""
    dy, dx = (np.array(frame.shape[:2]) - background.shape[:2]) / 2
    return _after(np.array([[1, 0, dx], [0, 1, dy]], dtype=np.float64), motion)


def _soft(mask: np.ndarray) -> np.ndarray:
    """0/1 mask -> opacity 0..255 with an edge one pixel soft."""
    return cv2.GaussianBlur(mask * np.uint8(255), (3, 3), 0.8)


def _render(layer: _Layer, t: int, time: float, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A layer's pixels and opacity in frame t."""
    matrix = layer.motion[t]
    if layer.bend is None:
        shape = (size[1], size[0])
        return cv2.warpAffine(layer.image, matrix, shape), cv2.warpAffine(layer.alpha, matrix, shape)
    inverse = cv2.invertAffineTransform(matrix).astype(np.float32)
    phase, speed = layer.bend_phase
    grid = np.sin(phase + speed * time) * layer.bend[0] + np.cos(phase + speed * time) * layer.bend[1]
    shift = cv2.resize(grid.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    xs = np.arange(size[1], dtype=np.float32)[None, :]
    ys = np.arange(size[0], dtype=np.float32)[:, None]
    map_x = inverse[0, 0] * xs + inverse[0, 1] * ys + inverse[0, 2] + shift[..., 0]
    map_y = inverse[1, 0] * xs + inverse[1, 1] * ys + inverse[1, 2] + shift[..., 1]
    return (
        cv2.remap(layer.image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        cv2.remap(layer.alpha, map_x, map_y, cv2.INTER_LINEAR),
    )


def _paste(frame: np.ndarray, pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """pixels over frame, by opacity."""
    weight = alpha.astype(np.float32) * np.float32(1 / 255)
    return cv2.blendLinear(pixels, frame, weight, 1 - weight)


def _paint_over(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The still without its object: inpainted at a quarter of the size, which motion and blur make good enough."""
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(cv2.dilate(mask, np.ones((9, 9), np.uint8)), small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    filled = cv2.resize(cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA), image.shape[1::-1])
    return _paste(image, filled, _soft(cv2.dilate(mask, np.ones((7, 7), np.uint8))))


def photograph(rng: Generator, images: list[np.ndarray], times: np.ndarray, style: ClipStyle) -> list[np.ndarray]:
    """What camera and codec do to a clip: light and colour (drifting), motion blur, noise, JPEG.

    Args:
        images: H x W x 3 uint8 RGB frames; not changed.
        times: in [0, 1], when each was taken.
    """
    gain, bias = np.exp(rng.normal(0, 0.12, 3) + rng.normal(0, 0.15)), rng.normal(0, 12)
    drift = rng.normal(0, 0.12) if rng.random() < style.relight else 0.0
    gamma = np.exp(rng.normal(0, 0.15))
    kernel = _motion_kernel(rng) if rng.random() < style.blur else None
    noise = rng.uniform(2, 8) if rng.random() < style.noise else 0.0
    quality = int(rng.integers(25, 85)) if rng.random() < style.jpeg else 0
    grey = rng.random() < 0.05
    ramp = np.arange(256, dtype=np.float64) / 255
    result = []
    for image, time in zip(images, times, strict=True):
        table = 255 * ramp[:, None] ** gamma * gain * (1 + drift * (time - 0.5)) + bias
        image = cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8).reshape(256, 1, 3))
        if kernel is not None:
            image = cv2.filter2D(image, -1, kernel)
        if noise:
            image = cv2.add(image, rng.normal(0, noise, image.shape[:2]).astype(np.int8)[..., None].repeat(3, 2), dtype=cv2.CV_8U)
        if grey:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        if quality:
            _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            image = cv2.imdecode(code, cv2.IMREAD_COLOR)
        result.append(image)
    return result


def _motion_kernel(rng: Generator) -> np.ndarray:
    """A line through the middle of a 3x3 to 9x9 kernel."""
    length = int(rng.integers(1, 5)) * 2 + 1
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length // 2)
    middle = length // 2
    ends = [(round(middle + sign * reach[0]), round(middle + sign * reach[1])) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return kernel / kernel.sum()
