"""The LWL network at work, from crops to logits: on its device, in its precision, without autograd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ltr.models.encoded_frames import EncodedFrames
from ltr.models.inference import ready_for_inference
from ltr.models.lwl import LWLNet
from pytracking.tracker.lwl.crop_maps import Map
from pytracking.tracker.lwl.memory import SampleMemory


class TargetNetwork:
    """A network made ready for tracking. What it returns as tensors is to be used in inference mode.

    Args:
        network: it is copied, so that the caller's stays as it is.
        device: where to compute.
        bfloat16: compute in bfloat16 (autocast) instead of float32. Target models are learned in float32 in
            either case.
    """

    def __init__(self, network: LWLNet, device: torch.device, bfloat16: bool = False) -> None:
        self.config = network.config
        self.device = device
        self.bfloat16 = bfloat16
        self._network = ready_for_inference(network, device, bfloat16)

    def encode(self, crops: Sequence[npt.NDArray[np.uint8]]) -> EncodedFrames:
        """Crops, each (H, W, 3) uint8 RGB of the network's input size -> their codes."""
        with self._computing():
            images = torch.from_numpy(np.stack(crops)).to(self.device).permute(0, 3, 1, 2)
            return self._network.encode(images)

    def encode_masks(self, masks: Sequence[Map]) -> tuple[Tensor, Tensor]:
        """Probabilities in crops, each (H, W) float32 -> e and w, each (N, C, h, w) float32."""
        with self._computing():
            e, w = self._network.encode_masks(torch.from_numpy(np.stack(masks)).to(self.device))
            return e.float(), w.float()

    def learn(self, x: Tensor, e: Tensor, w: Tensor, steps: int | None) -> Tensor:
        """A target model (1, C, D, K, K) from zero, from F samples x (F, D, h, w), e and w (F, C, h, w)."""
        with self._computing():
            return self._network.learn(x[None], e[None], w[None], steps)

    def update(self, z: Tensor, memory: SampleMemory, steps: int | None) -> Tensor:
        """Go on learning a target model from what is in memory."""
        with self._computing():
            return self._network.update(z, *memory.samples(), memory.weights(), steps)

    def segment(self, code: EncodedFrames, z: Tensor) -> list[Map]:
        """Logits (H, W) float32 of N crops, the i-th one with the i-th of N target models z."""
        with self._computing():
            logits = self._network.segment(code, z, self._network.input_hw)
            return list(logits.float().cpu().numpy())

    @contextmanager
    def _computing(self) -> Iterator[None]:
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            yield
