"""Boxes in, masks out, for a whole video.

from box2seg_plugin import VideoSegmenter

masks = list(VideoSegmenter()(frames, boxes))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.frame_result import FrameResult
from box2seg_plugin.variants import load_network
from box2seg_plugin.video_run import Image, RunSettings, VideoRun
from box2seg_plugin.window_solver import WindowSolver
from box2seg_plugin.windows import check_window
from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.device import choose_device, use_bfloat16
from ltr.errors import InputError
from pytracking.evaluation.box_files import Boxes

DEFAULT_MODEL = "box2seg_small"

BoxesOfVideo = npt.ArrayLike | Mapping[int, npt.ArrayLike]


class VideoSegmenter:
    """Segments the objects of videos from one box per object and frame.

    One segmenter serves any number of videos, one after the other or side by side: it keeps nothing of them.

    Args:
        network: a network (it is copied), or the name or file of one, see
            :func:`box2seg_plugin.variants.load_network`.
        frames: T, frames that are looked at together; odd. 1 segments each frame by itself.
        interval: distance between them: 5 for 25-30 frames/s with a box in every frame.
        refinements: refinement passes; None is the network's own number.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".
        precision: "auto" (bf16 where the device has instructions for it), "fp32" or "bf16".
        flip: also segment every crop mirrored, and average: twice the work.
        batch: frames read, crops encoded and windows solved at a time. More than 1 pays on GPUs; it costs
            memory.
        crop_scale: side of the crop over side of the box; None is the network's own.
        windows: "exact", the paper's, each frame in the middle of its own; or "shared", one for ``frames``
            frames, a good deal faster (see :mod:`box2seg_plugin.windows`).
        read_ahead: frames that a thread reads ahead while the network computes; 0 reads in between.

    Raises:
        InputError: a setting is out of range, there is no such device or network.
    """

    def __init__(
        self,
        network: BoxNet | str | Path = DEFAULT_MODEL,
        frames: int = 5,
        interval: int = 5,
        refinements: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        flip: bool = False,
        batch: int = 1,
        crop_scale: float | None = None,
        windows: str = "exact",
        read_ahead: int = 0,
    ) -> None:
        check_window(frames, interval, windows)
        if batch < 1:
            raise InputError(f"batch is {batch}: must be at least 1")
        if read_ahead < 0:
            raise InputError(f"read_ahead is {read_ahead}: must be at least 0")
        if crop_scale is not None and not 1 <= crop_scale <= 100:
            raise InputError(f"crop scale is {crop_scale}: must be from 1 to 100")
        self.device = choose_device(device)
        self.bfloat16 = use_bfloat16(precision, self.device)
        loaded = network if isinstance(network, BoxNet) else load_network(network, self.device)
        self.solver = WindowSolver(loaded, self.device, self.bfloat16, refinements, flip)
        self.settings = RunSettings(
            frames,
            interval,
            batch,
            loaded.config.crop_scale if crop_scale is None else crop_scale,
            windows,
            read_ahead,
        )

    def __call__(self, frames: Iterable[Image], boxes: BoxesOfVideo) -> Iterator[npt.NDArray[np.uint8]]:
        """The masks alone of :meth:`segment`."""
        return (result.mask for result in self.segment(frames, boxes))

    def segment(
        self,
        frames: Iterable[Image],
        boxes: BoxesOfVideo,
        probabilities: bool = False,
        wanted: npt.NDArray[np.bool_] | None = None,
        measures: bool = False,
    ) -> Iterator[FrameResult]:
        """Segment a video.

        Frames are read one by one, and a result is given as soon as its windows have been read. In between at
        most (T - 1) * interval + 1 frames are kept, in reduced form (batch - 1 more with a batch).

        A box that leaves its frame is cut at the border before the network sees it, because the network has
        learned from boxes around what is visible.

        Args:
            frames: H x W x 3 uint8 RGB, all of one size. Of a sequence (with ``__len__`` and ``__getitem__``)
                only those frames are asked for that the windows of wanted frames need.
            boxes: (N, 4) x, y, w, h in pixels for a single object (its id is 1), or object id -> (N, 4); N is
                the number of frames. w <= 0 or h <= 0: the object is absent from that frame, and its mask
                empty.
            probabilities: also give each object's probability map.
            wanted: (N,) bool, the frames whose results are asked for; None is all.
            measures: also measure how far each mask can be trusted.

        Returns:
            Results of the wanted frames in order, computed as they are asked for.

        Raises:
            InputError: boxes of another shape, not finite or wholly outside the frame, ids outside 1..254,
                frames that are no images or differ in size, more or fewer frames than boxes, ``wanted`` of
                another shape. What concerns frames is raised when they are met.
        """
        arrays = _boxes_by_object(boxes)
        if wanted is not None:
            wanted = np.asarray(wanted)
            count = len(next(iter(arrays.values())))
            if wanted.dtype != np.bool_ or wanted.shape != (count,):
                raise InputError(
                    f"wanted is {wanted.dtype} {wanted.shape}: must be bool ({count},), one for each frame"
                )
        run = VideoRun(self.solver, arrays, self.settings, wanted, probabilities, measures)
        return run.results(frames)


def _boxes_by_object(boxes: BoxesOfVideo) -> dict[int, Boxes]:
    """(N, 4) float64 by rising object id."""
    given = boxes if isinstance(boxes, Mapping) else {1: boxes}
    result: dict[int, Boxes] = {}
    for object_id in sorted(given):
        if not 1 <= object_id <= MAX_OBJECT_ID:
            raise InputError(f"object id is {object_id}: must be from 1 to {MAX_OBJECT_ID}")
        array = np.atleast_2d(np.asarray(given[object_id], dtype=np.float64))
        if array.ndim != 2 or array.shape[1] != 4:
            raise InputError(f"boxes of object {object_id} have shape {array.shape}: must be (frames, 4)")
        broken = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if broken.size:
            shown = ", ".join(f"{value:g}" for value in array[broken[0]])
            raise InputError(
                f"box of object {object_id} in frame {broken[0]} is ({shown}): must be finite "
                "(use -1, -1, -1, -1 for an absent target)"
            )
        result[int(object_id)] = array
    if not result:
        raise InputError("there are no boxes: give (frames, 4) for at least one object")
    if len({len(array) for array in result.values()}) > 1:
        counts = ", ".join(f"object {object_id}: {len(array)}" for object_id, array in result.items())
        raise InputError(f"objects have different numbers of boxes ({counts}): must be one for each frame")
    return result
