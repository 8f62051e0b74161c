"""Paints a creature: a smooth body around the bones, lit from above, in a coat that moves with it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ltr.rendering.coats import COAT_SIZE, PIXELS_PER_UNIT
from ltr.rendering.noise import FloatField, Picture
from ltr.rendering.patches import Patch
from ltr.rendering.skeletons import BODY, DETAIL, FAR, TOP, Pose, Skeleton

COARSE_CELLS = 3500
"""The body's shape is computed at about so many points and interpolated: it is smooth."""


@dataclass(frozen=True)
class Placement:
    """Where a body stands in a frame: pixels = (x, y) + scale * body units, x mirrored if it faces left."""

    x: float
    y: float
    scale: float
    facing: int = 1


class Creature:
    """A body in a coat.

    Args:
        skeleton: its bones.
        coat: its texture, from ``make_coat``.
        light: (3,) unit vector towards the light, x right, y down, z to the viewer.
        ragged: how far hair stands off the outline, body units.
    """

    def __init__(
        self, skeleton: Skeleton, coat: Picture, light: npt.NDArray[np.float32], ragged: float = 0.012
    ) -> None:
        self.skeleton = skeleton
        self._coat = coat
        self._light = light
        self._ragged = ragged
        self._rest = skeleton.pose(None)
        self._radii = np.array([(bone.start_radius, bone.end_radius) for bone in skeleton.bones], np.float32)
        self._tints = np.array([bone.tint for bone in skeleton.bones], np.float32)
        layers = np.array([bone.layer for bone in skeleton.bones])
        self._layers = [
            np.flatnonzero(layers == layer) for layer in (FAR, BODY, DETAIL, TOP) if (layers == layer).any()
        ]

    def covers(self, pose: Pose, place: Placement, xs: FloatField, ys: FloatField) -> npt.NDArray[np.bool_]:
        """Tell which points of the frame the body covers, ragged outline aside.

        Args:
            pose, place: where it is.
            xs, ys: (...) pixel coordinates, of equal shape.

        Returns:
            (...) bool.
        """
        every = np.arange(len(self._radii))
        left, top, right, bottom = self._window(pose, every, place, int(xs.max()) + 1, int(ys.max()) + 1)
        near = (xs >= left) & (xs < right) & (ys >= top) & (ys < bottom)
        covered = np.zeros(xs.shape, bool)
        if near.any():
            distances, _ = self._distances(pose, every, self._to_body(place, xs[near], ys[near]))
            covered[near] = distances.min(axis=0) < 0
        return covered

    def paint(self, pose: Pose, place: Placement, width: int, height: int) -> list[Patch]:
        """Paint the creature in a frame of width x height pixels.

        Returns:
            Patches to lay over the frame one after the other; those wholly outside are left out.
        """
        patches = (self._paint_layer(pose, bones, place, width, height) for bones in self._layers)
        return [patch for patch in patches if patch is not None]

    def _to_body(self, place: Placement, xs: FloatField, ys: FloatField) -> FloatField:
        """Frame coordinates (n,) and (n,) as body coordinates (n, 2)."""
        body = np.stack([(xs - place.x) * (place.facing / place.scale), (ys - place.y) / place.scale], axis=1)
        return body.astype(np.float32)

    def _window(
        self, pose: Pose, bones: npt.NDArray[np.int64], place: Placement, width: int, height: int
    ) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the pixels that some bones can touch."""
        reach = self._radii[bones].max(axis=1) + self._ragged + 0.5 * self.skeleton.smooth
        xs = np.stack([pose.start[bones, 0], pose.end[bones, 0]]) * place.facing
        ys = np.stack([pose.start[bones, 1], pose.end[bones, 1]])
        left = max(0, int(np.floor(place.x + place.scale * (xs - reach).min())))
        right = min(width, int(np.ceil(place.x + place.scale * (xs + reach).max())) + 1)
        top = max(0, int(np.floor(place.y + place.scale * (ys - reach).min())))
        bottom = min(height, int(np.ceil(place.y + place.scale * (ys + reach).max())) + 1)
        return left, top, right, bottom

    def _distances(
        self, pose: Pose, bones: npt.NDArray[np.int64], points: FloatField
    ) -> tuple[FloatField, FloatField]:
        """Distance of points (n, 2) to each bone, negative inside, and its radius there: (bones, n)."""
        start, end = pose.start[bones].astype(np.float32), pose.end[bones].astype(np.float32)
        axis = end - start
        dx, dy = points[None, :, 0] - start[:, :1], points[None, :, 1] - start[:, 1:]
        squared = np.maximum((axis**2).sum(axis=1), 1e-8)[:, None]
        along = np.clip((dx * axis[:, :1] + dy * axis[:, 1:]) / squared, 0, 1)
        radius = self._radii[bones, :1] + along * (self._radii[bones, 1:] - self._radii[bones, :1])
        dx -= along * axis[:, :1]
        dy -= along * axis[:, 1:]
        return np.sqrt(dx * dx + dy * dy) - radius, radius

    def _paint_layer(
        self, pose: Pose, bones: npt.NDArray[np.int64], place: Placement, width: int, height: int
    ) -> Patch | None:
        """One layer of the body as a patch; None if it is wholly outside the frame."""
        left, top, right, bottom = self._window(pose, bones, place, width, height)
        if right - left < 2 or bottom - top < 2:
            return None
        size = (right - left, bottom - top)
        xs, ys = _coarse_grid(left, top, *size)
        points = self._to_body(place, xs.ravel(), ys.ravel())
        distances, radii = self._distances(pose, bones, points)
        smooth = np.float32(self.skeleton.smooth)
        nearest = distances.min(axis=0)
        weights = np.exp((nearest - distances) / smooth)
        total = weights.sum(axis=0)
        distance = nearest - smooth * np.log(total)
        weights /= total

        across, down = self._rest_coordinates(pose, bones, points, weights)
        coarse = np.stack([distance, across, down], axis=1).reshape(*xs.shape, 3)
        shade = self._shade(coarse[..., 0], (weights * radii).sum(axis=0).reshape(xs.shape))
        tint = np.ones((*xs.shape, 4), np.float32)
        tint[..., :3] = (weights.T @ self._tints[bones]).reshape(*xs.shape, 3) * shade[..., None]

        outline, across, down = cv2.split(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR))
        coat = cv2.remap(self._coat, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        coat = cv2.multiply(coat, cv2.resize(tint, size, interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U)
        relief = coat[..., 3].astype(np.float32) / 127 - 1
        cover = np.clip(0.5 - (outline - self._ragged * relief) * place.scale, 0, 1)
        return Patch(left, top, np.ascontiguousarray(coat[..., :3]), cover.astype(np.float32))

    def _rest_coordinates(
        self, pose: Pose, bones: npt.NDArray[np.int64], points: FloatField, weights: FloatField
    ) -> tuple[FloatField, FloatField]:
        """Where on the coat points lie, (n,) and (n,) pixels: the bones' motion taken back, blended."""
        turn = (self._rest.heading[bones] - pose.heading[bones]).astype(np.float32)
        cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
        dx = points[None, :, 0] - pose.start[bones, :1].astype(np.float32)
        dy = points[None, :, 1] - pose.start[bones, 1:].astype(np.float32)
        across = cos * dx - sin * dy + self._rest.start[bones, :1].astype(np.float32)
        down = sin * dx + cos * dy + self._rest.start[bones, 1:].astype(np.float32)
        unit, middle = np.float32(PIXELS_PER_UNIT), np.float32(COAT_SIZE / 2)
        return (weights * across).sum(axis=0) * unit + middle, (weights * down).sum(axis=0) * unit + middle

    def _shade(self, distance: FloatField, radius: FloatField) -> FloatField:
        """Light on the body, as if it were round: factor on the colour, same shape as `distance`."""
        depth = np.clip(-distance / np.maximum(radius, 1e-4), 0, 1)
        slope_y, slope_x = np.gradient(distance)
        norm = np.maximum(np.hypot(slope_x, slope_y), 1e-6)
        tilt = 1 - depth  # sine of the angle between the surface's normal and the viewer
        facing_viewer = np.sqrt(np.maximum(1 - tilt * tilt, 0))
        lit = (
            slope_x * self._light[0] + slope_y * self._light[1]
        ) / norm * tilt + facing_viewer * self._light[2]
        shade = 0.42 + 0.75 * np.maximum(lit, 0) + 0.1 * np.minimum(lit, 0)
        return cv2.GaussianBlur(shade.astype(np.float32), (3, 3), 0)


def _coarse_grid(left: int, top: int, width: int, height: int) -> tuple[FloatField, FloatField]:
    """Frame coordinates of the cells that a window of width x height pixels is divided into, x and y: (rows,
    columns).

    Interpolating the cells to the window's size with ``cv2.resize`` puts them where they were taken.
    """
    step = max(1.0, (width * height / COARSE_CELLS) ** 0.5)
    columns, rows = max(1, round(width / step)), max(1, round(height / step))
    xs = left - 0.5 + (np.arange(columns, dtype=np.float32) + 0.5) * np.float32(width / columns)
    ys = top - 0.5 + (np.arange(rows, dtype=np.float32) + 0.5) * np.float32(height / rows)
    grid_x, grid_y = np.meshgrid(xs, ys)
    return grid_x, grid_y
