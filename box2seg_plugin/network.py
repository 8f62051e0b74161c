"""Box2Seg: per-frame boxes -> per-frame masks, by mining what stays the same inside the boxes of several
frames.

Source: Zhao, Bhat, Danelljan, Van Gool, Timofte, "Generating Masks from Boxes by Mining Spatio-Temporal
Consistencies in Videos", ICCV 2021, arXiv 2101.02196, section 3. In the paper's symbols:

    x_t = F(I_t)                        features                        TargetFeatures
    e_t, w_t = B(b_t, x_t)              embedding and confidence        ObjectEncoder
    m_t = B'(b_t, x_t)                  single-frame embedding          ObjectEncoder without confidence
    z* = S(x, e, w), s_t = x_t * z*     spatio-temporal aggregation     FilterLearner, apply_filter
    y_t = D(m_t, s_t)                   first logits                    Decoder
    e^_t, w^_t = B^(sigmoid(y_t))       then S with its own lambda and D again: refinement
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from box2seg_plugin.box_network import BoxNet, BoxNetConfig, FrameCode, check_shapes, split_batch
from box2seg_plugin.object_encoder import ObjectEncoder, draw_boxes
from ltr.models.few_shot import FilterLearner, apply_filter
from ltr.models.mask_encoder import MaskEncoder
from ltr.models.normalisation import IMAGENET
from ltr.models.segmentation_network import SegmentationConfig, SegmentationNet


@dataclass(frozen=True)
class Box2SegConfig(SegmentationConfig, BoxNetConfig):
    """Everything that decides the network's shape and its input. Stored with the weights.

    Attributes:
        encoder_dims: channels of the object encoder; the mask encoder takes the first three.
        antialias_box: see :func:`box2seg_plugin.object_encoder.draw_boxes`.
        use_single_frame, use_aggregation, refinements: the paper's ablation (its Table 2). SingleImage has m
            alone, MultiFrame s alone, MultiFrame+ both, MultiFrameIterative both and one refinement.
        train_steps, test_steps: descent steps of S.
    """

    variant: str = "box2seg_resnet50"
    crop_scale: float = 4.0
    encoder_dims: tuple[int, ...] = (16, 32, 64, 128)
    antialias_box: bool = False
    use_single_frame: bool = True
    use_aggregation: bool = True
    refinements: int = 1
    train_steps: int = 5
    test_steps: int = 15


class Box2SegNet(SegmentationNet, BoxNet):
    """The network; :func:`box2seg_resnet50`, :func:`box2seg_small` and :func:`build_box2seg` make one."""

    config: Box2SegConfig

    def __init__(self, config: Box2SegConfig) -> None:
        if not (config.use_single_frame or config.use_aggregation):
            raise ValueError("the decoder needs m (use_single_frame), s (use_aggregation) or both")
        if config.refinements and not config.use_aggregation:
            raise ValueError(
                f"refinements is {config.refinements}: refinement aggregates, so it needs use_aggregation"
            )
        super().__init__(config)
        encoder = (config.feature_dim, config.encoder_dims, config.embedding_dim, config.encoder_strides)
        if config.use_single_frame:
            self.single_frame_encoder = ObjectEncoder(*encoder, confidence=False)
        if config.use_aggregation:
            self.object_encoder = ObjectEncoder(*encoder)
            self.aggregation = FilterLearner()
        if config.refinements:
            self.mask_encoder = MaskEncoder(
                config.encoder_dims[:3], config.embedding_dim, config.encoder_strides
            )
            self.refined_aggregation = FilterLearner()
        score_dim = config.embedding_dim * (int(config.use_single_frame) + int(config.use_aggregation))
        self.decoder = self.make_decoder(score_dim)

    def encode(self, images: Tensor, boxes: Tensor) -> FrameCode:
        """See :meth:`BoxNet.encode`."""
        check_shapes(images, boxes)
        return self.encode_maps(self.backbone_maps(images), boxes, images.shape[-2:])

    def encode_maps(self, maps: dict[str, Tensor], boxes: Tensor, size: Sequence[int]) -> FrameCode:
        """:meth:`encode` from the backbone's maps on, for a backbone that is frozen or shared."""
        x = self.target_features(maps)
        m = e = w = None
        drawn = draw_boxes(boxes, size, self.config.antialias_box)
        if self.config.use_single_frame:
            m, _ = self.single_frame_encoder(drawn, x)
        if self.config.use_aggregation:
            e, w = self.object_encoder(drawn, x)
        return FrameCode(self.decoder_inputs(maps), x, m, e, w)

    def aggregate(self, x: Tensor, e: Tensor, w: Tensor, steps: int, refined: bool = False) -> Tensor:
        """z* of windows: x (B, T, D, h, w), e and w (B, T, C, h, w) -> (B, C, D, 3, 3). Paper eq. 2-4."""
        learner = self.refined_aggregation if refined else self.aggregation
        return learner(x, e, w, steps)

    def decode(self, code: FrameCode, s: Tensor | None, size: Sequence[int]) -> Tensor:
        """See :meth:`BoxNet.decode`."""
        parts = [t for t in (code.m, s) if t is not None]
        return self.decoder(code.reduced, torch.cat([p.to(parts[0].dtype) for p in parts], dim=1), size)

    def encode_mask(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """B-hat: logits (N, H, W) -> refined e and w, each (N, C, h, w)."""
        return self.mask_encoder(torch.sigmoid(logits.float())[:, None])

    def aggregate_window(
        self, code: FrameCode, frames: int, size: Sequence[int], steps: int, refinements: int
    ) -> tuple[list[Tensor], Tensor | None]:
        """See :meth:`BoxNet.aggregate_window`."""
        if not self.config.use_aggregation:
            return [], None
        assert code.e is not None and code.w is not None
        x = split_batch(code.x, frames)

        def scores(e: Tensor, w: Tensor, refined: bool = False) -> Tensor:
            z = self.aggregate(x, split_batch(e, frames), split_batch(w, frames), steps, refined)
            return apply_filter(x, z).flatten(0, 1)

        s, logits = scores(code.e, code.w), list[Tensor]()
        for _ in range(refinements):
            logits.append(self.decode(code, s, size))
            s = scores(*self.encode_mask(logits[-1]), refined=True)
        return logits, s


RESNET50 = Box2SegConfig()

SMALL = replace(
    RESNET50,
    variant="box2seg_small",
    backbone="small",
    pixels=IMAGENET,
    input_size=(256, 256),
    crop_scale=1.6,
    crop_cover=1.2,
    feature_layers=("layer2", "layer3", "layer4"),
    feature_dim=64,
    encoder_dims=(16, 24, 32, 64),
    encoder_strides=(2, 1),
    decoder_dims=(16, 48, 64, 96),
    half_resolution=True,
    antialias_box=True,
)

VARIANTS = {config.variant: config for config in (RESNET50, SMALL)}

ABLATIONS: dict[str, dict[str, Any]] = {
    "SingleImage": {"use_single_frame": True, "use_aggregation": False, "refinements": 0},
    "MultiFrame": {"use_single_frame": False, "use_aggregation": True, "refinements": 0},
    "MultiFrame+": {"use_single_frame": True, "use_aggregation": True, "refinements": 0},
    "MultiFrameIterative": {"use_single_frame": True, "use_aggregation": True, "refinements": 1},
}
"""The paper's Table 2, as options of the config."""


def build_box2seg(config: Box2SegConfig, **changes: Any) -> Box2SegNet:
    """A network with random weights; ``changes`` replace config fields, as ``**ABLATIONS["MultiFrame"]``."""
    return Box2SegNet(replace(config, **changes))


def network_from_config(config: dict[str, Any]) -> Box2SegNet:
    """A network with random weights, from a stored config (:meth:`Box2SegConfig.to_dict`)."""
    return Box2SegNet(Box2SegConfig.from_dict(config))


def box2seg_resnet50(**changes: Any) -> Box2SegNet:
    """The authors' network: ResNet-50, 832 x 480, D = 512. 40.3 M parameters."""
    return build_box2seg(RESNET50, **changes)


def box2seg_small(**changes: Any) -> Box2SegNet:
    """The embedded default: the same method sized for a CPU."""
    return build_box2seg(SMALL, **changes)
