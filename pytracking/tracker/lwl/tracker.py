"""The tracker "lwl".

Source: Bhat, Lawin, Danelljan, Robinson, Felsberg, Van Gool, Timofte, "Learning What to Learn for Video
Object Segmentation", ECCV 2020, section 3.6, and the authors' implementation. In every frame:

1. a crop around each target's last place is encoded and segmented with the target's own model;
2. the logits of all targets, back in the frame, are merged, so that each pixel is one target's at most;
3. each target's place and size are measured in its merged mask, its crop and merged probabilities enter its
   memory, and its model takes a few descent steps.

A target that is lost (:func:`~pytracking.tracker.lwl.followed_target.sight`) is looked for where it was, with
the model it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ltr.data.crops import Crop, crop_inside_major, sample_image, sample_mask
from ltr.device import choose_device, use_bfloat16
from ltr.errors import InputError
from ltr.models.lwl_variants import load_lwl
from pytracking.object_merging import ObjectLogits, merge_objects
from pytracking.tracker.interface import Image, Labels, Target, TrackResult
from pytracking.tracker.lwl.crop_maps import Map, logits_in_frame, map_in_crop
from pytracking.tracker.lwl.first_masks import first_labels
from pytracking.tracker.lwl.followed_target import FollowedTarget, sight
from pytracking.tracker.lwl.memory import SampleMemory, SampleWeights
from pytracking.tracker.lwl.merged_probabilities import merged_probabilities
from pytracking.tracker.lwl.parameters import LWLParameters
from pytracking.tracker.lwl.target_network import TargetNetwork
from pytracking.tracker.lwl.target_state import TargetState, measure


@dataclass(frozen=True)
class View:
    """What the network says of one target in one frame.

    Attributes:
        crop: where it looked.
        x: features of the crop, (D, h, w).
        claim: logits on the part of the crop that lies in the frame.
    """

    crop: Crop
    x: Tensor
    claim: ObjectLogits


class LWLTracker:
    """Follows any number of targets by their masks (:class:`pytracking.tracker.interface.Tracker`).

    Args:
        parameters: what to do and how.

    Raises:
        InputError: there is no such device, or no such network or no weights for it.
    """

    needs_masks = True

    def __init__(self, parameters: LWLParameters) -> None:
        self.parameters = parameters
        device = choose_device(parameters.device)
        bfloat16 = use_bfloat16(parameters.precision, device)
        self._network = TargetNetwork(load_lwl(parameters.model), device, bfloat16)
        self._targets: dict[int, FollowedTarget] = {}
        self._frame_hw = (0, 0)
        self._frame = 0

    @torch.inference_mode()
    def initialize(self, image: Image, targets: Mapping[int, Target]) -> TrackResult:
        """Forget everything and begin with the first frame of a video.

        Args:
            image: (H, W, 3) uint8 RGB.
            targets: object id (1..254) -> target with a mask, at least one. Where masks overlap, the smaller
                one lies in front.

        Returns:
            The given boxes and masks.

        Raises:
            InputError: no image, no targets, or targets that cannot be started.
        """
        self._targets, self._frame = {}, 0
        self._frame_hw = _frame_size(image, 0)
        if not targets:
            raise InputError("there are no targets to follow: give at least one")
        labels = first_labels(targets, self._frame_hw)
        return self._result(labels, self._start(image, targets, labels))

    @torch.inference_mode()
    def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
        """Go on to the next frame.

        Args:
            image: (H, W, 3) uint8 RGB, of the first one's size.
            new: targets that appear in this frame, with masks, under ids not used before. Their pixels are
                nobody else's.

        Raises:
            InputError: no image, one of another size, or targets that cannot be started. The tracker stays as
                it was.
            RuntimeError: nothing was initialized.
        """
        if not self._targets:
            raise RuntimeError("track() before initialize(): no targets are known")
        self._check_frame(image)
        new = new or {}
        if used := sorted(new.keys() & self._targets.keys()):
            raise InputError(
                f"object {used[0]} cannot start in frame {self._frame + 1}: it has started before"
            )
        started = first_labels(new, self._frame_hw)
        self._frame += 1
        views = self._look(image)
        claims = [view.claim for view in views.values()]
        labels = merge_objects(claims, *self._frame_hw).mask
        labels[started > 0] = started[started > 0]
        probabilities = merged_probabilities(claims, *self._frame_hw)
        for claim, probability in zip(claims, probabilities, strict=True):
            probability[started[claim.region] > 0] = 0
        maps = self._go_on(views, dict(zip(views, probabilities, strict=True)), labels)
        return self._result(labels, maps | self._start(image, new, started))

    def _look(self, image: Image) -> dict[int, View]:
        """Segment every target in a frame, by itself."""
        views: dict[int, View] = {}
        ids = list(self._targets)
        for first in range(0, len(ids), self.parameters.batch):
            group = ids[first : first + self.parameters.batch]
            crops = [self._crop(self._targets[object_id].state) for object_id in group]
            code = self._network.encode([sample_image(image, crop) for crop in crops])
            logits = self._network.segment(code, torch.cat([self._targets[i].z for i in group]))
            for object_id, crop, x, answer in zip(group, crops, code.x, logits, strict=True):
                claim = logits_in_frame(object_id, answer, crop, self._frame_hw)
                views[object_id] = View(crop, x, claim)
        return views

    def _go_on(
        self, views: Mapping[int, View], probabilities: Mapping[int, Map], labels: Labels
    ) -> dict[int, Map]:
        """Update all targets with what was seen in a frame.

        Args:
            views: object id -> what the network said.
            probabilities: object id -> merged probabilities on the rectangle of the view's claim.
            labels: (H, W) the merged mask.

        Returns:
            object id -> merged probabilities in its crop.
        """
        masks = {}
        for object_id, view in views.items():
            target, claim, probability = self._targets[object_id], view.claim, probabilities[object_id]
            masks[object_id] = map_in_crop(probability, view.crop, self._frame_hw)
            mask, corner = labels[claim.region] == object_id, (claim.left, claim.top)
            seen = sight(probability, mask, corner, view.crop, self.parameters.min_mask_sum)
            target.age += 1
            target.score = 0.0 if seen is None else seen.score
            if seen is not None:
                target.state = target.state.follow(seen.state, self.parameters.scale_limits)
                target.box = seen.box
                self._learn(target, view.x, masks[object_id])
        return masks

    def _learn(self, target: FollowedTarget, x: Tensor, mask: Map) -> None:
        """Take a crop and its mask into memory, and let the target's model learn from all that is there."""
        e, w = self._network.encode_masks([mask])
        target.memory.add(x, e[0], w[0])
        if target.age % self.parameters.update_every == 0:
            target.z = self._network.update(target.z, target.memory, self.parameters.update_steps)

    def _start(self, image: Image, targets: Mapping[int, Target], labels: Labels) -> dict[int, Map]:
        """Start targets on their masks; returns object id -> mask in its crop."""
        settings = self.parameters
        masks = {}
        for object_id, given in targets.items():
            mask = labels == object_id
            if not mask.any() and given.mask is not None:  # wholly behind others
                mask = given.mask
            state = measure(mask)
            crop = self._crop(state)
            masks[object_id] = sample_mask(mask.astype(np.uint8), crop).astype(np.float32)
            code = self._network.encode([sample_image(image, crop)])
            e, w = self._network.encode_masks([masks[object_id]])
            weights = SampleWeights(1, settings.memory_size, settings.learning_rate, settings.first_weight)
            z = self._network.learn(code.x, e, w, settings.first_steps)
            box = np.array(given.box, dtype=np.float64)
            self._targets[object_id] = FollowedTarget(state, box, SampleMemory(code.x, e, w, weights), z)
        return masks

    def _crop(self, state: TargetState) -> Crop:
        """Where a target is looked for."""
        config, scale = self._network.config, self.parameters.search_scale
        scale = config.crop_scale if scale is None else scale
        return crop_inside_major(self._frame_hw, state.box, scale, config.input_size, config.crop_cover)

    def _check_frame(self, image: Image) -> None:
        size, first = _frame_size(image, self._frame + 1), self._frame_hw
        if size != first:
            raise InputError(
                f"frame {self._frame + 1} is {size[1]} x {size[0]}, the first one {first[1]} x {first[0]}: "
                "all must have one size"
            )

    def _result(self, labels: Labels, masks: Mapping[int, Map]) -> TrackResult:
        return TrackResult(
            boxes={object_id: target.box.copy() for object_id, target in self._targets.items()},
            scores={object_id: target.score for object_id, target in self._targets.items()},
            mask=labels,
            maps={f"object {object_id}": mask for object_id, mask in masks.items()},
        )


def _frame_size(image: Image, frame: int) -> tuple[int, int]:
    """(H, W) of a frame. InputError when it is no image."""
    if getattr(image, "dtype", None) != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        shown = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"frame {frame} is {shown}: must be a uint8 array (H, W, 3) in RGB")
    return image.shape[0], image.shape[1]
