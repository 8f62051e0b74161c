"""What the segmenter and the training ask of a network that segments frames from their boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ltr.errors import InputError
from ltr.models.crop_network import CropConfig, CropNet
from ltr.models.encoded_frames import EncodedFrames


@dataclass(frozen=True)
class BoxNetConfig(CropConfig):
    """A network's shape and input, with the answers of one that looks at each frame by itself."""

    @property
    def use_aggregation(self) -> bool:
        """Whether it learns from the other frames of a window."""
        return False

    @property
    def refinements(self) -> int:
        """Refinement passes that it was trained with."""
        return 0

    @property
    def train_steps(self) -> int:
        """Descent steps in training."""
        return 0

    @property
    def test_steps(self) -> int:
        """Descent steps at inference."""
        return 0


@dataclass
class FrameCode(EncodedFrames):
    """What the network keeps of N frames: all that depends on one frame and its box alone.

    Attributes:
        m: single-frame embedding (N, C, h, w), or None without that branch.
        e, w: embedding and confidence (N, C, h, w), or None without aggregation.
    """

    m: Tensor | None
    e: Tensor | None
    w: Tensor | None


class BoxNet(CropNet):
    """Boxes of frames -> logits. A network adds :meth:`encode` and :meth:`decode`, and
    :meth:`aggregate_window` if it learns from several frames.
    """

    config: BoxNetConfig

    def encode(self, images: Tensor, boxes: Tensor) -> FrameCode:
        """All that depends on a frame alone.

        Args:
            images: (N, 3, H, W) RGB in 0..255, uint8 or float; H and W multiples of 32.
            boxes: (N, 4) x, y, w, h in input pixels.

        Raises:
            ValueError: other shapes.
        """
        raise NotImplementedError

    def decode(self, code: FrameCode, s: Tensor | None, size: Sequence[int]) -> Tensor:
        """Logits (N, H, W) of frames from their code and s (N, C, h, w); None without aggregation."""
        raise NotImplementedError

    def aggregate_window(
        self, code: FrameCode, frames: int, size: Sequence[int], steps: int, refinements: int
    ) -> tuple[list[Tensor], Tensor | None]:
        """:meth:`decode_window` up to the last decoding, which may then be of some of the frames alone.

        Returns:
            the logits (N, H, W) of all passes but the last, and s (N, C, h, w) of the last; None without
            aggregation.

        Raises:
            InputError: several frames or refinements are asked of a network that has no use for them.
        """
        for name, value, most in (("frames", frames, 1), ("refinements", refinements, 0)):
            if value != most:
                raise InputError(
                    f"{name} is {value}: must be {most}, {self.config.variant} looks at each frame by itself"
                )
        return [], None

    def decode_window(
        self, code: FrameCode, frames: int, size: Sequence[int], steps: int, refinements: int
    ) -> list[Tensor]:
        """All predictions for windows whose frames lie one after another in ``code`` (N = B * frames).

        Returns:
            1 + refinements tensors of logits (B, T, H, W), first to last.
        """
        earlier, s = self.aggregate_window(code, frames, size, steps, refinements)
        return [split_batch(logits, frames) for logits in (*earlier, self.decode(code, s, size))]

    def forward(
        self,
        images: Tensor,
        boxes: Tensor,
        steps: int | None = None,
        refinements: int | None = None,
        keep_single_frame: Tensor | None = None,
    ) -> list[Tensor]:
        """Segment windows.

        Args:
            images: (B, T, 3, H, W) RGB in 0..255.
            boxes: (B, T, 4) x, y, w, h in input pixels.
            steps: descent steps; None is the config's for the current mode (train or eval).
            refinements: refinement passes; None is the config's.
            keep_single_frame: (B,) 0 or 1; m of windows with 0 is blanked out. Trains the decoder to listen
                to s.

        Returns:
            1 + refinements tensors of logits (B, T, H, W), first to last.
        """
        if steps is None:
            steps = self.config.train_steps if self.training else self.config.test_steps
        if refinements is None:
            refinements = self.config.refinements
        if refinements and not self.config.refinements:
            raise InputError(f"{refinements} refinements asked of a network built without")
        code = self.encode(images.flatten(0, 1), boxes.flatten(0, 1))
        frames = images.shape[1]
        if keep_single_frame is not None and code.m is not None:
            code.m = code.m * keep_single_frame.repeat_interleave(frames).view(-1, 1, 1, 1).to(code.m.dtype)
        return self.decode_window(code, frames, images.shape[-2:], steps, refinements)


def check_shapes(images: Tensor, boxes: Tensor) -> None:
    """ValueError where images (N, 3, H, W) and boxes (N, 4) do not belong together."""
    if boxes.shape != (len(images), 4):
        raise ValueError(
            f"images {tuple(images.shape)} and boxes {tuple(boxes.shape)}: must be (N, 3, H, W) and (N, 4)"
        )


def split_batch(tensor: Tensor, count: int) -> Tensor:
    """(N * count, ...) -> (N, count, ...)."""
    return tensor.reshape(-1, count, *tensor.shape[1:])
