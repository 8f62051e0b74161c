"""Backbones, decoder, mask encoder and pixel formats."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ltr.models.backbone import LAYERS, ResNet50, SmallResNet
from ltr.models.decoder import Decoder
from ltr.models.mask_encoder import MaskEncoder, confidence_head
from ltr.models.normalisation import CAFFE2, IMAGENET, PixelFormat, PixelNormalisation
from ltr.models.resize import resize_bilinear


@pytest.mark.parametrize("backbone", [ResNet50, SmallResNet])
def test_backbone_gives_four_layers(backbone: type[nn.Module], device: torch.device) -> None:
    net = backbone().eval().to(device)
    with torch.inference_mode():
        maps = net(torch.randn(1, 3, 64, 96, device=device))
    assert tuple(maps) == LAYERS
    for name, dim, stride in zip(LAYERS, net.dims, (4, 8, 16, 32), strict=True):
        assert maps[name].shape == (1, dim, 64 // stride, 96 // stride)


def test_place_of_the_stride_is_no_matter_of_names_but_of_numbers() -> None:
    caffe2, torchvision = ResNet50(stride_in_1x1=True).eval(), ResNet50(stride_in_1x1=False).eval()
    torchvision.load_state_dict(caffe2.state_dict())
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        ours, theirs = caffe2(images), torchvision(images)
    assert torch.equal(ours["layer1"], theirs["layer1"])
    assert ours["layer2"].shape == theirs["layer2"].shape
    assert not torch.allclose(ours["layer2"], theirs["layer2"], rtol=0.1)


def decoder(**options: bool) -> Decoder:
    return Decoder(in_dims=(4, 6, 8, 10), dims=(8, 8, 12, 16), score_dim=3, **options).eval()


def backbone_maps(height: int, width: int) -> list[torch.Tensor]:
    strides = zip((4, 6, 8, 10), (4, 8, 16, 32), strict=True)
    return [torch.randn(2, dim, -(-height // s), -(-width // s)) for dim, s in strides]


@pytest.mark.parametrize("half_resolution", [False, True])
@pytest.mark.parametrize("size", [(64, 96), (70, 45)])
def test_decoder_gives_logits_at_the_input_s_size(half_resolution: bool, size: tuple[int, int]) -> None:
    net = decoder(half_resolution=half_resolution)
    reduced = net.reduce(backbone_maps(*size))
    assert [r.shape[1] for r in reduced] == [8, 8, 12, 16]
    logits = net(reduced, torch.randn(2, 3, 4, 6), size)
    assert logits.shape == (2, *size)


def test_decoder_listens_to_the_scores_and_to_each_layer() -> None:
    net, maps, scores = decoder(), backbone_maps(64, 96), torch.randn(2, 3, 4, 6)
    logits = net(net.reduce(maps), scores, (64, 96))
    assert not torch.allclose(net(net.reduce(maps), scores + 1, (64, 96)), logits)
    for layer in range(4):
        other = [m + (i == layer) for i, m in enumerate(maps)]
        assert not torch.allclose(net(net.reduce(other), scores, (64, 96)), logits), LAYERS[layer]


def test_decoder_refuses_a_missing_layer() -> None:
    with pytest.raises(ValueError, match="zip"):
        decoder().reduce(backbone_maps(64, 96)[:3])


@pytest.mark.parametrize(("strides", "stride"), [((2, 2), 16), ((2, 1), 8)])
def test_mask_encoder_gives_embedding_and_confidence(strides: tuple[int, int], stride: int) -> None:
    e, w = MaskEncoder((4, 6, 8), 5, strides)(torch.rand(2, 1, 64, 96))
    assert e.shape == w.shape == (2, 5, 64 // stride, 96 // stride)
    assert (e >= 0).all()


def test_confidence_starts_at_one() -> None:
    assert torch.equal(confidence_head(4, 2)(torch.randn(1, 4, 5, 5)), torch.ones(1, 2, 5, 5))


def test_pixels_become_the_weights_format() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    batch = torch.from_numpy(image).permute(2, 0, 1)[None]
    bgr = image[..., ::-1].astype(np.float64) - (102.9801, 115.9465, 122.7717)
    rgb = (image / 255.0 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    for pixel_format, expected in ((CAFFE2, bgr), (IMAGENET, rgb)):
        for pixels in (batch, batch.float()):
            ours = PixelNormalisation(pixel_format)(pixels)
            assert ours.dtype == torch.float32
            np.testing.assert_allclose(ours[0].permute(1, 2, 0), expected, atol=2e-5)


def test_pixel_format_is_no_part_of_the_weights() -> None:
    assert not PixelNormalisation(CAFFE2).state_dict()


def test_unknown_colour_order() -> None:
    with pytest.raises(ValueError, match='"gbr"'):
        PixelNormalisation(PixelFormat((0, 0, 0), (1, 1, 1), colour="gbr"))


def test_resize_is_bilinear_and_leaves_equal_sizes_alone() -> None:
    x = torch.randn(1, 2, 5, 6)
    assert resize_bilinear(x, (5, 6)) is x
    expected = F.interpolate(x, size=(9, 4), mode="bilinear", align_corners=False)
    assert torch.equal(resize_bilinear(x, (9, 4)), expected)
