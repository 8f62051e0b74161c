"""Box2Seg as a segmentation initializer: a first mask from one image and one box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from box2seg_plugin.segmenter import DEFAULT_MODEL, VideoSegmenter
from box2seg_plugin.variants import load_network
from ltr.checkpoint import weights_digest
from ltr.data.boxes import BoxLike


class Box2SegInitializer:
    """A segmentation initializer of pytracking; the arguments are :class:`VideoSegmenter`'s."""

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        device: str = "auto",
        precision: str = "auto",
        refinements: int | None = None,
        flip: bool = False,
    ) -> None:
        self._segmenter = VideoSegmenter(
            model, frames=1, refinements=refinements, device=device, precision=precision, flip=flip
        )

    @staticmethod
    def weights_digests(model: str | Path = DEFAULT_MODEL, **_: object) -> dict[str, str]:
        """SHA-256 of the weights that an initializer with these arguments reads."""
        return {"model": weights_digest(load_network(model))}

    def __call__(self, image: npt.NDArray[np.uint8], box: BoxLike) -> npt.NDArray[np.bool_]:
        """Segment the object in a box.

        Args:
            image: H x W x 3 uint8 RGB.
            box: x, y, w, h pixels; some of it lies in the image.

        Returns:
            (H, W) bool, inside the box; empty where the network finds nothing, so that the caller can tell.
        """
        result = next(self._segmenter.segment([image], np.asarray(box, dtype=np.float64)))
        return np.zeros_like(result.mask, dtype=bool) if result.fallbacks else result.mask > 0
