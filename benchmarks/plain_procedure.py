"""The published procedure, built from our own modules: what the speed of the engine is compared with.

For each frame all frames of its window go through the backbone and everything behind it, both passes decode
every one of them, the decoder joins maps and scores before it convolves them and enlarges all its channels
before the last convolution. Nothing is kept from one frame to the next. float32, PyTorch's ordinary memory
layout.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from box2seg_plugin.frame_result import ObjectPrediction
from box2seg_plugin.network import Box2SegNet
from box2seg_plugin.windows import WindowPlan
from ltr.data.boxes import clip_box, is_absent
from ltr.data.crops import Crop, crop_inside_major, sample_image
from ltr.models.decoder import Decoder
from ltr.models.resize import resize_bilinear

Image = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]


def reduce_as_published(decoder: Decoder, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The reduced maps of the backbone, and nothing more."""
    return tuple(layer.reduce(m) for layer, m in zip(decoder.layers, maps, strict=True))  # type: ignore[operator]


def decode_as_published(
    decoder: Decoder, reduced: Sequence[Tensor], scores: Tensor, size: Sequence[int]
) -> Tensor:
    """Logits (N, H, W) in the published order of operations."""
    h: Any = None
    for layer, r in zip(reversed(decoder.layers), reversed(reduced), strict=True):
        parts: Any = layer
        deeper = r.mean((2, 3), keepdim=True) if h is None else F.relu(parts.project(h))
        h = parts.transform(torch.cat((r, resize_bilinear(scores, r.shape[-2:])), dim=1))
        h = parts.refine2(parts.attention(parts.refine1(h), deeper))
    if decoder.half_resolution:
        h = F.relu(decoder.output1(F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)))
        return resize_bilinear(decoder.output2(h), size)[:, 0]
    h = F.relu(decoder.output1(F.interpolate(h, scale_factor=2, mode="bicubic", align_corners=False)))
    return decoder.output2(F.interpolate(h, size=tuple(size), mode="bicubic", align_corners=False))[:, 0]


class PlainProcedure:
    """Segments one object, frame by frame.

    Args:
        network: it is copied.
        frames, interval: of a window.
    """

    def __init__(self, network: Box2SegNet, frames: int, interval: int) -> None:
        self.network = copy.deepcopy(network).eval()
        self.frames, self.interval = frames, interval
        decoder = self.network.decoder
        decoder.reduce = partial(reduce_as_published, decoder)  # type: ignore[method-assign]
        decoder.forward = partial(decode_as_published, decoder)  # type: ignore[method-assign]

    @torch.inference_mode()
    def predict(self, video: Sequence[Image], boxes: Boxes, target: int) -> ObjectPrediction:
        """What the network says of a frame with a box.

        Args:
            video: N frames, read when they are asked for.
            boxes: (N, 4).
            target: the frame.
        """
        network, config = self.network, self.network.config
        window = WindowPlan(~is_absent(boxes), self.frames, self.interval).window(target)
        shown = [self._crop(video[frame], boxes[frame]) for frame in window]
        images = torch.from_numpy(np.stack([image for image, _, _ in shown])).permute(0, 3, 1, 2).contiguous()
        places = torch.from_numpy(np.stack([box for _, box, _ in shown])).float()
        maps = network.backbone(network.normalise(images))
        code = network.encode_maps(maps, places, network.input_hw)
        passes = network.decode_window(
            code, len(window), network.input_hw, config.test_steps, config.refinements
        )
        place = window.index(target)
        return ObjectPrediction(boxes[target], shown[place][2], passes[-1][0, place].numpy())

    def _crop(self, image: Image, box: Boxes) -> tuple[Image, Boxes, Crop]:
        """The crop's pixels, the box in it, and where it lies."""
        height, width = image.shape[:2]
        config, seen = self.network.config, clip_box(box, width, height)
        crop = crop_inside_major(
            (height, width), seen, config.crop_scale, config.input_size, config.crop_cover
        )
        return sample_image(image, crop), crop.box_to_crop(seen), crop
