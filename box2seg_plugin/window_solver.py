"""The network at work: crops -> codes, once per frame; codes of a window -> logits of its targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from box2seg_plugin.box_network import BoxNet, FrameCode, split_batch
from ltr.errors import InputError
from ltr.models.inference import ready_for_inference

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """What the network says of one frame of a window.

    Attributes:
        logits: (H, W) of the last pass.
        first: (H, W) of the first pass; None when it was not asked for, or is the last.
    """

    logits: Logits
    first: Logits | None = None


class WindowSolver:
    """A network made ready for inference.

    Args:
        network: it is copied, so that the caller's stays as it is.
        device: where to compute.
        bfloat16: compute in bfloat16 (autocast) instead of float32.
        refinements: passes through B-hat; None is the network's own number.
        flip: also segment the mirrored crops and average the logits. Twice the work.

    Raises:
        InputError: a negative number of refinements, or some asked of a network built without.
    """

    def __init__(
        self,
        network: BoxNet,
        device: torch.device,
        bfloat16: bool = False,
        refinements: int | None = None,
        flip: bool = False,
    ) -> None:
        available = network.config.refinements
        self.refinements = available if refinements is None else refinements
        if self.refinements < 0 or (self.refinements and not available):
            raise InputError(
                f"refinements is {self.refinements}: must be "
                + ("at least 0" if available else f"0, {network.config.variant} was built without refinement")
            )
        self.device = device
        self.bfloat16 = bfloat16
        self.flip = flip
        self.network = ready_for_inference(network, device, bfloat16)

    def encode(self, crops: npt.NDArray[np.uint8], boxes: npt.NDArray[np.floating]) -> list[FrameCode]:
        """What is kept of frames.

        Args:
            crops: (N, H, W, 3) RGB; H and W multiples of 32.
            boxes: (N, 4) x, y, w, h in crop pixels.

        Returns:
            N codes, each with one entry, or two (as it is, mirrored) with ``flip``.
        """
        with self._computing():
            images = torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2)
            places = torch.as_tensor(boxes, dtype=torch.float32, device=self.device)
            if self.flip:
                x, y, w, h = places.unbind(1)
                mirrored = torch.stack((images.shape[3] - x - w, y, w, h), dim=1)
                images, places = torch.cat((images, images.flip(3))), torch.cat((places, mirrored))
            code = self.network.encode(images, places)
            return [code[index :: len(crops)] for index in range(len(crops))]

    def solve(
        self,
        windows: Sequence[Sequence[FrameCode]],
        targets: Sequence[Sequence[int]],
        size: Sequence[int],
        first_pass: bool = False,
    ) -> list[list[Answer]]:
        """Segment windows of one length.

        Args:
            windows: for each window the codes of its frames.
            targets: for each window the positions in it whose logits are wanted.
            size: (H, W) of the crops.
            first_pass: also give the logits of the first pass.

        Returns:
            for each window and target what the network says of it.
        """
        frames, views = len(windows[0]), len(windows[0][0])
        with self._computing():
            code = FrameCode.concatenate(
                [item[view : view + 1] for window in windows for view in range(views) for item in window]
            )
            wanted = [
                (index * views + view) * frames + position
                for index, positions in enumerate(targets)
                for position in positions
                for view in range(views)
            ]
            passes = self._decode(code, frames, wanted, size, first_pass)
            merged = [_merge_views(logits, views) for logits in passes]
        answers = iter([Answer(*of_target) for of_target in zip(*merged, strict=True)])
        return [[next(answers) for _ in positions] for positions in targets]

    def _decode(
        self, code: FrameCode, frames: int, wanted: list[int], size: Sequence[int], first_pass: bool
    ) -> list[Tensor]:
        """Logits (len(wanted), H, W) for some of the frames in ``code``, of which ``frames`` in a row are a
        window: those of the last pass, then those of the first where they are asked for and others.

        As :meth:`BoxNet.decode_window`, but the last pass decodes what is asked for alone. The passes
        before it need every frame: their masks say what the next filter is to predict.
        """
        steps = self.network.config.test_steps
        earlier, s = self.network.aggregate_window(code, frames, size, steps, self.refinements)
        last = self.network.decode(_select(code, wanted), None if s is None else s[wanted], size)
        return [last, earlier[0][wanted]] if first_pass and earlier else [last]

    @contextmanager
    def _computing(self) -> Iterator[None]:
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            yield


def _merge_views(logits: Tensor, views: int) -> Logits:
    """(N * views, H, W) of any type -> (N, H, W): the mean of a frame and its mirrored view."""
    both = split_batch(logits.float(), views)
    merged = (both[:, 0] + both[:, 1].flip(-1)) / 2 if views == 2 else both[:, 0]
    return np.asarray(merged.cpu().numpy(), dtype=np.float32)


def _select(code: FrameCode, wanted: list[int]) -> FrameCode:
    """Some of a code's frames; the code itself when all are wanted in order."""
    return code if wanted == list(range(len(code))) else code[wanted]
