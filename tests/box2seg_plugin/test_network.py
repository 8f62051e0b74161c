"""The Box2Seg network: variants, ablations, windows, cached codes, and the box it is given."""

import json

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from box2seg_plugin.network import (
    ABLATIONS,
    RESNET50,
    SMALL,
    VARIANTS,
    Box2SegConfig,
    Box2SegNet,
    FrameCode,
    box2seg_resnet50,
    box2seg_small,
    build_box2seg,
)
from box2seg_plugin.object_encoder import draw_boxes
from ltr.models.normalisation import CAFFE2

SIZE = (64, 96)


def tiny(**changes: object) -> Box2SegNet:
    """The small network in eval mode with lively weights: as built, its output hardly heeds its input."""
    network = box2seg_small(**changes)
    for name, parameter in network.named_parameters():
        if parameter.ndim == 4:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        elif "confidence" not in name:
            parameter.data += 0.05 * torch.randn_like(parameter)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0  # the running statistics become those of the next batch
    run(network.train(), *clips(2, 2))
    return network.eval()


def random_images(*shape: int) -> Tensor:
    """Blotches of colour, (*shape, 3, H, W) uint8: noise of single pixels would look alike in all frames."""
    coarse = torch.rand(*shape, 3, 4, 6).flatten(0, -4) * 255
    return F.interpolate(coarse, SIZE, mode="bilinear").to(torch.uint8).unflatten(0, shape)


def clips(batch: int = 1, frames: int = 3) -> tuple[Tensor, Tensor]:
    """Images (B, T, 3, H, W) and boxes (B, T, 4) that lie inside."""
    corner, extent = torch.rand(batch, frames, 2) * 20, 20 + torch.rand(batch, frames, 2) * 20
    return random_images(batch, frames), torch.cat((corner, extent), dim=2)


@torch.inference_mode()
def run(network: Box2SegNet, images: Tensor, boxes: Tensor, **options: object) -> list[Tensor]:
    return network(images, boxes, **options)


def assert_same(ours: list[Tensor], other: list[Tensor]) -> None:
    for a, b in zip(ours, other, strict=True):
        assert difference(a, b) < 1e-4


def difference(a: Tensor, b: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    assert a.shape == b.shape
    return float((a - b).abs().max() / b.abs().max())


# variants and their configs


@pytest.mark.parametrize("name", ABLATIONS)
@pytest.mark.parametrize("frames", [1, 3])
def test_ablations_give_their_predictions(name: str, frames: int) -> None:
    network = tiny(**ABLATIONS[name])
    outputs = run(network, *clips(2, frames))
    assert [tuple(y.shape) for y in outputs] == [(2, frames, *SIZE)] * (1 + ABLATIONS[name]["refinements"])
    assert all(y.isfinite().all() for y in outputs)


def test_resnet50_runs_and_has_the_authors_size() -> None:
    network = box2seg_resnet50().eval()
    millions = sum(p.numel() for p in network.parameters()) / 1e6
    assert 40.2 < millions < 40.4
    (first, final) = run(network, *clips(1, 2), steps=2)
    assert first.shape == final.shape == (1, 2, *SIZE)
    assert not torch.equal(first, final)


def test_more_refinements_than_it_was_built_with_may_be_asked_for() -> None:
    network, (images, boxes) = tiny(), clips()
    three, one, none = (run(network, images, boxes, refinements=n) for n in (3, 1, 0))
    assert (len(three), len(one), len(none)) == (4, 2, 1)
    assert_same(three[:2], one)
    with pytest.raises(ValueError, match="2 refinements asked of a network built without"):
        run(tiny(refinements=0), images, boxes, refinements=2)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("ablation", ABLATIONS.values(), ids=ABLATIONS)
def test_config_survives_json(config: Box2SegConfig, ablation: dict[str, object]) -> None:
    changed = Box2SegConfig(**{**config.__dict__, **ablation})  # type: ignore[arg-type]
    assert Box2SegConfig.from_dict(json.loads(json.dumps(changed.to_dict()))) == changed


def test_config_with_unknown_fields_is_refused() -> None:
    with pytest.raises(TypeError, match="head_count"):
        Box2SegConfig.from_dict({**SMALL.to_dict(), "head_count": 8})


def test_pixel_format_and_stride_travel_with_the_variant() -> None:
    assert RESNET50.pixels == CAFFE2
    assert RESNET50.backbone == "resnet50"
    assert RESNET50.input_size == (832, 480)
    network = box2seg_resnet50(backbone="resnet50_3x3")
    assert network.backbone.layer2[0].conv1.stride == (1, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone": "vgg"}, '"vgg": known are resnet50, resnet50_3x3, small'),
        ({"use_single_frame": False, "use_aggregation": False, "refinements": 0}, "decoder needs"),
        ({"use_aggregation": False, "refinements": 1}, "refinement aggregates"),
    ],
)
def test_impossible_configs(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_box2seg(SMALL, **changes)


@pytest.mark.parametrize(
    ("images", "boxes"),
    [((2, 1, *SIZE), (2, 4)), ((2, 3, *SIZE), (3, 4)), ((2, 3, *SIZE), (2, 5)), ((3, *SIZE), (1, 4))],
)
def test_shapes_that_do_not_fit(images: tuple[int, ...], boxes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be"):
        tiny().encode(torch.zeros(images), torch.zeros(boxes))


# what a frame's prediction depends on


def changed_elsewhere(images: Tensor) -> Tensor:
    other = images.clone()
    other[:, 1:] = random_images(*other[:, 1:].shape[:2])
    return other


def test_single_image_looks_at_one_frame_alone() -> None:
    network, (images, boxes) = tiny(**ABLATIONS["SingleImage"]), clips()
    before, after = (run(network, i, boxes)[0] for i in (images, changed_elsewhere(images)))
    assert_same([after[:, 0]], [before[:, 0]])
    assert difference(after[:, 1], before[:, 1]) > 0.01


@pytest.mark.parametrize("name", ["MultiFrame", "MultiFrame+", "MultiFrameIterative"])
def test_multi_frame_looks_at_all_frames(name: str) -> None:
    network, (images, boxes) = tiny(**ABLATIONS[name]), clips()
    before, after = (run(network, i, boxes) for i in (images, changed_elsewhere(images)))
    for b, a in zip(before, after, strict=True):
        assert difference(a[:, 0], b[:, 0]) > 0.01


def test_windows_of_a_batch_do_not_see_each_other() -> None:
    network, (images, boxes) = tiny(), clips(batch=3)
    together = run(network, images, boxes)
    assert_same([y[1:2] for y in together], run(network, images[1:2], boxes[1:2]))


def test_order_of_frames_does_not_matter() -> None:
    network, (images, boxes) = tiny(), clips(frames=4)
    order = [3, 0, 2, 1]
    assert_same(
        run(network, images[:, order], boxes[:, order]), [y[:, order] for y in run(network, images, boxes)]
    )


def test_box_decides_which_object() -> None:
    network, (images, boxes) = tiny(), clips(frames=1)
    other = torch.tensor([[[50.0, 5.0, 40.0, 30.0]]])
    assert difference(run(network, images, other)[0], run(network, images, boxes)[0]) > 0.01


def test_steps_default_to_the_mode() -> None:
    network, (images, boxes) = tiny(), clips()
    assert_same(run(network, images, boxes), run(network, images, boxes, steps=15))
    seen = []
    network.aggregation.register_forward_pre_hook(lambda _, args: seen.append(args[3]))
    run(network, images, boxes)
    run(network.train(), images, boxes)
    assert seen == [15, 5]


def test_training_reaches_every_parameter() -> None:
    network = box2seg_small().train()
    images, boxes = clips(2, 2)
    sum(y.square().mean() for y in network(images, boxes)).backward()
    unreached = [name for name, p in network.named_parameters() if p.grad is None]
    assert not unreached


# cached codes


def test_cached_codes_of_single_frames_give_the_same_windows() -> None:
    network, (images, boxes) = tiny(), clips(batch=1, frames=3)
    with torch.inference_mode():
        codes = [network.encode(images[0, t : t + 1], boxes[0, t : t + 1]) for t in range(3)]
        windows = network.decode_window(FrameCode.concatenate(codes), 3, SIZE, steps=15, refinements=1)
    assert_same(windows, run(network, images, boxes))


def test_codes_are_cut_and_joined_like_lists() -> None:
    network, (images, boxes) = tiny(), clips(frames=4)
    with torch.inference_mode():
        code = network.encode(images[0], boxes[0])
    assert len(code) == 4
    joined = FrameCode.concatenate([code[:1], code[1:4]])
    again = FrameCode.from_tensors(joined.tensors())
    for ours, theirs in zip(again.tensors(), code.tensors(), strict=True):
        assert ours is not None
        assert theirs is not None
        assert torch.equal(ours, theirs)
    assert torch.equal(code[[2, 0]].x, code.x[[2, 0]])


def test_codes_keep_only_what_the_network_uses() -> None:
    images, boxes = clips(frames=2)
    with torch.inference_mode():
        single = tiny(**ABLATIONS["SingleImage"]).encode(images[0], boxes[0])
        multi = tiny(**ABLATIONS["MultiFrame"]).encode(images[0], boxes[0])
    assert (single.e, single.w) == (None, None)
    assert multi.m is None
    assert len(FrameCode.concatenate([single, single])) == 4


def test_blanking_m_is_per_window() -> None:
    network, (images, boxes) = tiny(), clips(batch=2, frames=2)
    full = run(network, images, boxes)
    assert_same(run(network, images, boxes, keep_single_frame=torch.ones(2)), full)
    mixed = run(network, images, boxes, keep_single_frame=torch.tensor([1.0, 0.0]))
    assert_same([y[:1] for y in mixed], [y[:1] for y in full])
    with torch.inference_mode():
        code = network.encode(images[1], boxes[1])
        assert code.m is not None
        code.m = torch.zeros_like(code.m)
        blank = network.decode_window(code, 2, SIZE, steps=15, refinements=1)
    assert_same([y[1:] for y in mixed], blank)
    assert difference(mixed[0][1], full[0][1]) > 0.01


# boxes as masks


def drawn(box: tuple[float, float, float, float], antialias: bool) -> Tensor:
    return draw_boxes(torch.tensor([box]), (6, 8), antialias)[0, 0]


@pytest.mark.parametrize(
    ("box", "columns", "rows"),
    [
        ((2, 1, 3, 2), (2, 5), (1, 3)),
        ((2.9, 1.9, 3.9, 2.9), (2, 5), (1, 3)),  # every number is cut to an integer by itself
        ((5, 4, 9, 9), (5, 8), (4, 6)),  # cut off at the right and below
        ((-2, 1, 5, 2), (0, 4), (1, 3)),  # the authors' extra pixel of boxes that begin outside
        ((8, 1, 3, 2), (0, 0), (1, 3)),
        ((2, 1, 0, 2), (0, 0), (1, 3)),
    ],
)
def test_boxes_are_drawn_as_the_authors_do(
    box: tuple[float, float, float, float], columns: tuple[int, int], rows: tuple[int, int]
) -> None:
    expected = torch.zeros(6, 8)
    expected[rows[0] : rows[1], columns[0] : columns[1]] = 1
    assert torch.equal(drawn(box, antialias=False), expected)


def test_antialiased_boxes_cover_their_area() -> None:
    mask = drawn((1.25, 0.5, 3.5, 2.75), antialias=True)
    torch.testing.assert_close(mask.sum(), torch.tensor(3.5 * 2.75))
    assert mask[0, 1] == 0.75 * 0.5
    assert mask[1, 2] == 1
    torch.testing.assert_close(drawn((-2.0, -1.0, 5.0, 3.0), antialias=True).sum(), torch.tensor(3.0 * 2.0))
