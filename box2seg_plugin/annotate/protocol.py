"""How each data set is annotated: which frames get masks, how far windows reach, what the files are called.

Source: Zhao et al., "Generating Masks from Boxes by Mining Spatio-Temporal Consistencies in Videos" (ICCV
2021), for GOT-10k and LaSOT. Their names are those that pytracking's readers of both sets with masks look for
below ``pregenerated_masks``. The other sets have no such readers: there a mask is called as its frame, which
is what a reader that goes by names expects (TrackingNet: 0.jpg -> 0.png; YouTube-VOS: 00005.png).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.errors import InputError


@dataclass(frozen=True)
class Protocol:
    """What ``box2seg annotate`` does with a data set unless it is told otherwise.

    Attributes:
        masks_name: folder of the masks; see ``AnnotationFolder``.
        frames: T, frames of a window.
        interval: distance between them, in frames that there are files of.
        every: of how many frames one gets a mask.
        max_masks: how many masks a video gets at most; None: no limit.
        numbered: whether masks are called by the frame's number, 00000001 ..., whatever its file is called.
    """

    masks_name: str
    frames: int = 5
    interval: int = 15
    every: int = 1
    max_masks: int | None = None
    numbered: bool = False

    def mask_names(self, files: Sequence[Path]) -> tuple[str, ...]:
        """What the mask of each frame is called, without suffix.

        Args:
            files: the frames of a video in order, no two of one name.
        """
        if self.numbered:
            return tuple(f"{number:08d}" for number in range(1, len(files) + 1))
        return tuple(file.stem for file in files)


PROTOCOLS: dict[str, Protocol] = {
    "got10k": Protocol("got10k_masks", numbered=True),
    "lasot": Protocol("lasot_masks", every=5, max_masks=200, numbered=True),
    "trackingnet": Protocol("trackingnet_masks"),
    "youtube_vos": Protocol("youtube_vos_masks", interval=3),  # there are files of every fifth frame
    "folder": Protocol("masks", interval=5),
}
"""Data set -> its protocol."""


def wanted_frames(
    present_any: npt.NDArray[np.bool_], every: int, max_masks: int | None
) -> npt.NDArray[np.bool_]:
    """Which frames of a video get a mask: one of ``every``, from the first on.

    Of those only frames with a box count as masks. The others get an empty mask, but none follows the last
    that ``max_masks`` allows.

    Args:
        present_any: (N,) bool, the frames in which an object has a box.
        every: at least 1.
        max_masks: at least 1; None: no limit.

    Returns:
        (N,) bool.

    Raises:
        InputError: ``every`` or ``max_masks`` is less than 1.
    """
    for option, value in (("--every", every), ("--max-masks", max_masks)):
        if value is not None and value < 1:
            raise InputError(f"{option} is {value}: must be at least 1")
    wanted = np.zeros(len(present_any), dtype=np.bool_)
    wanted[::every] = True
    if max_masks is not None:
        with_masks = np.flatnonzero(wanted & present_any)
        if len(with_masks) >= max_masks:
            wanted[with_masks[max_masks - 1] + 1 :] = False
    return wanted
