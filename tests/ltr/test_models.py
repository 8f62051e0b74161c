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
from ltr.models.resize import convolve_enlarged, enlarge_bicubic, resize_bilinear


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
    logits = net(net.reduce(backbone_maps(*size)), torch.randn(2, 3, 4, 6), size)
    assert logits.shape == (2, *size)


def published_logits(
    net: Decoder, maps: list[torch.Tensor], scores: torch.Tensor, size: tuple[int, int]
) -> torch.Tensor:
    """The decoder as published: maps and scores joined before they are convolved, all channels enlarged
    before the last convolution."""
    h: torch.Tensor | None = None
    for layer, m in zip(reversed(net.layers), reversed(maps), strict=True):
        reduced = layer.reduce(m)  # type: ignore[operator]
        deeper = reduced.mean((2, 3), keepdim=True) if h is None else F.relu(layer.project(h))  # type: ignore[operator]
        resized = F.interpolate(scores, size=reduced.shape[-2:], mode="bilinear", align_corners=False)
        h = layer.transform(torch.cat((reduced, resized), dim=1))  # type: ignore[operator]
        h = layer.refine2(layer.attention(layer.refine1(h), deeper))  # type: ignore[operator]
    assert h is not None
    if net.half_resolution:
        h = F.relu(net.output1(F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)))
        return F.interpolate(net.output2(h), size=size, mode="bilinear", align_corners=False)[:, 0]
    h = F.relu(net.output1(F.interpolate(h, scale_factor=2, mode="bicubic", align_corners=False)))
    return net.output2(F.interpolate(h, size=size, mode="bicubic", align_corners=False))[:, 0]


@pytest.mark.parametrize("half_resolution", [False, True])
@pytest.mark.parametrize("size", [(64, 96), (70, 45)])
def test_the_order_of_operations_changes_nothing(half_resolution: bool, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    net = decoder(half_resolution=half_resolution).double()
    maps, scores = [m.double() for m in backbone_maps(*size)], torch.randn(2, 3, 4, 6, dtype=torch.float64)
    torch.testing.assert_close(net(net.reduce(maps), scores, size), published_logits(net, maps, scores, size))


def test_many_frames_are_decoded_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    net, maps, scores = decoder(), backbone_maps(64, 96), torch.randn(2, 3, 4, 6)
    together = net(net.reduce(maps), scores, (64, 96))
    decoded = []
    net.layers[0].register_forward_pre_hook(lambda _, args: decoded.append(len(args[0])))
    monkeypatch.setattr("ltr.models.decoder.CPU_PIXELS", 64 * 96 + 1)
    torch.testing.assert_close(net(net.reduce(maps), scores, (64, 96)), together)
    assert decoded == [1, 1]
    decoded.clear()
    net.train()(net.reduce(maps), scores, (64, 96))  # batch norm must see the whole batch
    assert decoded == [2]


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


@pytest.mark.parametrize("size", [(10, 14), (11, 9), (5, 7)])
def test_enlarging_by_matrices_is_bicubic(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 6, 5, 7, dtype=torch.float64, requires_grad=True)
    plain, ours = F.interpolate(x, size=size, mode="bicubic"), enlarge_bicubic(x, size)
    torch.testing.assert_close(ours, plain)
    weights = torch.randn_like(plain)
    (a,), (b,) = (torch.autograd.grad((y * weights).sum(), x) for y in (ours, plain))
    torch.testing.assert_close(a, b)


@pytest.mark.parametrize("size", [(10, 14), (11, 9), (5, 7)])
@pytest.mark.parametrize("bias", [True, False])
def test_convolving_while_enlarging_is_enlarging_and_then_convolving(
    size: tuple[int, int], bias: bool
) -> None:
    """In values, at the borders too, and in gradients."""
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 1, 3, padding=1, bias=bias).double()
    x = torch.randn(2, 6, 5, 7, dtype=torch.float64, requires_grad=True)
    plain = conv(F.interpolate(x, size=size, mode="bicubic", align_corners=False))[:, 0]
    ours = convolve_enlarged(x, size, conv)
    torch.testing.assert_close(ours, plain)
    weights = torch.randn_like(plain)
    for a, b in zip(
        torch.autograd.grad((ours * weights).sum(), [x, *conv.parameters()]),
        torch.autograd.grad((plain * weights).sum(), [x, *conv.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(a, b)
