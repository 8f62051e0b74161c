"""LWL: a mask on the first frame -> masks on the others, by learning what to learn.

Source: Bhat, Lawin, Danelljan, Robinson, Felsberg, Van Gool, Timofte, "Learning What to Learn for Video
Object Segmentation", ECCV 2020, arXiv 2003.11540, section 3. In the symbols of Zhao et al. (ICCV 2021):

    x_t = F(I_t)                          features                        TargetFeatures
    e_t, w_t = B^(mask_t)                 embedding and confidence        MaskEncoder
    z = argmin sum_t ||w_t (x_t * z - e_t)||^2 + lambda^2 ||z||^2         FilterLearner
    s_t = x_t * z,  y_t = D(s_t)          encoding and logits             apply_filter, Decoder

z starts at zero on the frames whose masks are known (:meth:`LWLNet.learn`) and goes on from there as
predictions join them (:meth:`LWLNet.update`). What depends on a frame alone is an
:class:`~ltr.models.encoded_frames.EncodedFrames`, the target model is z and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ltr.models.encoded_frames import EncodedFrames
from ltr.models.few_shot import FilterLearner, apply_filter
from ltr.models.mask_encoder import MaskEncoder
from ltr.models.normalisation import IMAGENET
from ltr.models.segmentation_network import SegmentationConfig, SegmentationNet


@dataclass(frozen=True)
class LWLConfig(SegmentationConfig):
    """Everything that decides the network's shape and its input.

    Attributes:
        first_steps, update_steps: descent steps when z starts from zero, and when it goes on.
        train_first_steps, train_update_steps: the same in training mode.
    """

    variant: str = "lwl_resnet50"
    first_steps: int = 20
    update_steps: int = 3
    train_first_steps: int = 5
    train_update_steps: int = 2


class LWLNet(SegmentationNet):
    """The network; :func:`lwl_resnet50`, :func:`lwl_small` and :func:`build_lwl` make one."""

    config: LWLConfig

    def __init__(self, config: LWLConfig) -> None:
        super().__init__(config)
        self.mask_encoder = MaskEncoder(config.encoder_dims, config.embedding_dim, config.encoder_strides)
        self.learner = FilterLearner()
        self.decoder = self.make_decoder(config.embedding_dim)

    def encode(self, images: Tensor) -> EncodedFrames:
        """All that depends on a frame alone.

        Args:
            images: (N, 3, H, W) RGB in 0..255, uint8 or float; H and W multiples of 32.
        """
        return self.encode_maps(self.backbone_maps(images))

    def encode_maps(self, maps: dict[str, Tensor]) -> EncodedFrames:
        """:meth:`encode` from the backbone's maps on, for a backbone that is frozen or shared."""
        return EncodedFrames(self.decoder_inputs(maps), self.target_features(maps))

    def encode_masks(self, masks: Tensor) -> tuple[Tensor, Tensor]:
        """Masks (N, H, W), 0 or 1 or probabilities, at input size -> e and w, each (N, C, h, w)."""
        if masks.ndim != 3:
            raise ValueError(f"masks have shape {tuple(masks.shape)}: must be (N, H, W)")
        return self.mask_encoder(masks.float()[:, None])

    def learn(self, x: Tensor, e: Tensor, w: Tensor, steps: int | None = None) -> Tensor:
        """Learn the target model of each sequence from zero.

        Args:
            x: features (B, T, D, h, w).
            e, w: of :meth:`encode_masks`, each (B, T, C, h, w).
            steps: descent steps; None is the config's for the current mode (train or eval).

        Returns:
            z: (B, C, D, 3, 3).
        """
        if steps is None:
            steps = self.config.train_first_steps if self.training else self.config.first_steps
        return self.learner(x, e, w, steps)

    def learn_from_masks(self, code: EncodedFrames, masks: Tensor, steps: int | None = None) -> Tensor:
        """:meth:`learn` from frames and their masks.

        Args:
            code: of B * T frames, sequence after sequence.
            masks: (B, T, H, W) at input size, in [0, 1].
            steps: see :meth:`learn`.
        """
        e, w = self.encode_masks(masks.flatten(0, 1))
        x, e, w = (_by_sequence(t, masks.shape[0]) for t in (code.x, e, w))
        return self.learn(x, e, w, steps)

    def update(
        self,
        z: Tensor,
        x: Tensor,
        e: Tensor,
        w: Tensor,
        sample_weights: Tensor | None = None,
        steps: int | None = None,
    ) -> Tensor:
        """Go on learning the target model, with the frames that are in memory by now.

        Args:
            z: where to start, (B, C, D, 3, 3); it stays as it is.
            x, e, w: as for :meth:`learn`, of all T frames in memory.
            sample_weights: (B, T), or (T,) for all sequences alike; they multiply w. None is 1 for each.
            steps: descent steps; None is the config's for the current mode.

        Raises:
            ValueError: shapes that do not belong together.
        """
        if sample_weights is not None:
            if sample_weights.shape not in (w.shape[:2], w.shape[1:2]):
                raise ValueError(
                    f"sample_weights have shape {tuple(sample_weights.shape)}: must be {tuple(w.shape[:2])} "
                    f"or {tuple(w.shape[1:2])}"
                )
            w = w * sample_weights[..., None, None, None].to(w.dtype)
        if steps is None:
            steps = self.config.train_update_steps if self.training else self.config.update_steps
        return self.learner(x, e, w, steps, start=z)

    def segment(self, code: EncodedFrames, z: Tensor, size: Sequence[int]) -> Tensor:
        """Segment frames.

        Args:
            code: of B * T frames, sequence after sequence.
            z: target models (B, C, D, 3, 3).
            size: (H, W) of the input that the code was made of.

        Returns:
            logits (B * T, H, W); 0 is the threshold.
        """
        if len(code) % z.shape[0]:
            raise ValueError(f"{len(code)} frames cannot be those of {z.shape[0]} sequences of equal length")
        s = apply_filter(_by_sequence(code.x, z.shape[0]), z).flatten(0, 1)
        return self.decoder(code.reduced, s.to(code.reduced[0].dtype), size)

    def forward(
        self,
        images: Tensor,
        masks: Tensor,
        first_steps: int | None = None,
        update_steps: int | None = None,
    ) -> Tensor:
        """Go through clips as a tracker does: learn from the given masks, then frame by frame predict, put
        the prediction into memory and update.

        Predictions are detached before they are put there, so that a step learns from them, not them.

        Args:
            images: (B, T, 3, H, W) RGB in 0..255.
            masks: (B, F, H, W) in [0, 1], of the first F frames, 1 <= F < T.
            first_steps, update_steps: descent steps; None is the config's for the current mode.

        Returns:
            logits (B, T - F, H, W) of the frames without a mask.
        """
        batch, frames, given = *images.shape[:2], masks.shape[1]
        if not 1 <= given < frames or masks.shape[0] != batch:
            raise ValueError(
                f"masks {tuple(masks.shape)} and images {tuple(images.shape)}: the first frames of every "
                "clip must have masks, at least one frame must have none"
            )
        size = images.shape[-2:]
        # Frame after frame, so that the frames of one moment lie together.
        code = self.encode(images.transpose(0, 1).flatten(0, 1))
        e, w = (_by_sequence(t, batch) for t in self.encode_masks(masks.flatten(0, 1)))
        x = code.x.view(frames, batch, *code.x.shape[1:]).transpose(0, 1)
        z = self.learn(x[:, :given], e, w, first_steps)
        outputs = []
        for t in range(given, frames):
            if t > given:
                z = self.update(z, x[:, :t], e, w, steps=update_steps)
            logits = self.segment(code[t * batch : (t + 1) * batch], z, size)
            outputs.append(logits)
            if t + 1 < frames:
                seen = self.encode_masks(torch.sigmoid(logits.detach().float()))
                e, w = (torch.cat((old, new[:, None]), dim=1) for old, new in zip((e, w), seen, strict=True))
        return torch.stack(outputs, dim=1)


def _by_sequence(t: Tensor, batch: int) -> Tensor:
    """(B * T, ...), sequence after sequence -> (B, T, ...)."""
    return t.reshape(batch, -1, *t.shape[1:])


RESNET50 = LWLConfig()

SMALL = replace(
    RESNET50,
    variant="lwl_small",
    backbone="small",
    pixels=IMAGENET,
    input_size=(256, 256),
    crop_scale=3.0,
    crop_cover=1.5,
    feature_layers=("layer2", "layer3", "layer4"),
    feature_dim=64,
    encoder_dims=(16, 24, 32),
    encoder_strides=(2, 1),
    decoder_dims=(16, 48, 64, 96),
    half_resolution=True,
)

VARIANTS = {config.variant: config for config in (RESNET50, SMALL)}


def build_lwl(config: LWLConfig, **changes: Any) -> LWLNet:
    """A network with random weights; ``changes`` replace config fields."""
    return LWLNet(replace(config, **changes))


def network_from_config(config: dict[str, Any]) -> LWLNet:
    """A network with random weights, from a stored config (:meth:`LWLConfig.to_dict`)."""
    return LWLNet(LWLConfig.from_dict(config))


def lwl_resnet50(**changes: Any) -> LWLNet:
    """The authors' network: ResNet-50, 832 x 480, D = 512."""
    return build_lwl(RESNET50, **changes)


def lwl_small(**changes: Any) -> LWLNet:
    """The embedded default: the same method sized for a CPU."""
    return build_lwl(SMALL, **changes)
