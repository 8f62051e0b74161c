"""The LWL tracker: against a plain loop over a tiny random network, and, where geometry is asked for, with a
network that knows its target by colour."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ltr.checkpoint import save_weights
from ltr.data.boxes import box_iou, box_mask, mask_to_box
from ltr.data.mask_io import read_mask
from ltr.errors import InputError
from ltr.models import lwl_variants
from ltr.models.encoded_frames import EncodedFrames
from ltr.models.lwl import SMALL, LWLNet, lwl_small
from ltr.models.lwl_variants import load_lwl
from pytracking.analysis.davis import region_similarity
from pytracking.bundled import bundled_clip
from pytracking.evaluation.frames import open_frames
from pytracking.tracker.interface import Target, TrackResult
from pytracking.tracker.lwl import tracker as tracker_module
from pytracking.tracker.lwl.memory import SampleMemory, SampleWeights
from pytracking.tracker.lwl.parameters import LWLParameters
from pytracking.tracker.lwl.target_network import TargetNetwork
from pytracking.tracker.lwl.tracker import LWLTracker

HEIGHT, WIDTH = 64, 96
"""Of the random network's input, and of the frames it is shown."""


# a tiny random network


def lively_network() -> LWLNet:
    """Random weights whose logits have both signs: as built, the output hardly heeds the input."""
    network = lwl_small(input_size=(WIDTH, HEIGHT), first_steps=4, update_steps=2)
    for name, parameter in network.named_parameters():
        if parameter.ndim == 4 and "confidence" not in name:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # the running statistics become those of the next batch
    video = torch.from_numpy(np.stack(make_video(4))).permute(0, 3, 1, 2)[None]
    mask = torch.from_numpy(first_mask(0)).float()[None, None]
    with torch.no_grad():
        network.train()(video, mask)
        logits = network.eval()(video, mask)
        network.decoder.output2.bias -= logits.median()
        for parameter in network.decoder.output2.parameters():
            parameter *= 2 / logits.std()
    return network.eval()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of a lively network."""
    torch.manual_seed(0)
    network, path = lively_network(), tmp_path_factory.mktemp("lwl") / "tiny.safetensors"
    save_weights(path, network.state_dict(), "lwl", network.config.to_dict())
    return str(path)


@pytest.fixture
def parameters(weights: str) -> LWLParameters:
    """Of a tracker that looks at the whole frame and finds something in it whatever it is."""
    return LWLParameters(weights, device="cpu", precision="fp32", search_scale=100.0, min_mask_sum=0)


def make_video(frames: int, seed: int = 0) -> list[np.ndarray]:
    """Blotches of colour that drift."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (1, 3, 6, 9)) + np.cumsum(rng.normal(0, 12, (frames, 3, 6, 9)), axis=0)
    fine = F.interpolate(torch.from_numpy(coarse), (HEIGHT, WIDTH), mode="bilinear").clamp(0, 255)
    return list(fine.permute(0, 2, 3, 1).to(torch.uint8).numpy())


def first_mask(index: int) -> np.ndarray:
    """One of three that do not overlap."""
    return box_mask([(8, 10, 30, 40), (50, 5, 20, 30), (60, 40, 30, 20)][index], HEIGHT, WIDTH)


def first_targets(*indices: int) -> dict[int, Target]:
    """Object ids 1, 2 ... for the masks."""
    masks = {index + 1: first_mask(index) for index in indices}
    return {object_id: Target(mask_to_box(mask), mask) for object_id, mask in masks.items()}


def run(tracker: LWLTracker, video: list[np.ndarray], targets: dict[int, Target]) -> list[TrackResult]:
    return [tracker.initialize(video[0], targets), *(tracker.track(image) for image in video[1:])]


def assert_same(ours: list[TrackResult], others: list[TrackResult]) -> None:
    assert len(ours) == len(others)
    for a, b in zip(ours, others, strict=True):
        assert a.boxes.keys() == b.boxes.keys() and a.scores == b.scores
        assert all(np.array_equal(a.boxes[i], b.boxes[i]) for i in a.boxes)
        assert a.mask is not None and b.mask is not None and np.array_equal(a.mask, b.mask)


@torch.inference_mode()
def plain_probabilities(weights: str, video: list[np.ndarray], mask: np.ndarray) -> list[np.ndarray]:
    """A network that is shown whole frames, its memory a list, the samples weighed by their closed form."""
    network = load_lwl(weights)
    codes = [network.encode(torch.from_numpy(image).permute(2, 0, 1)[None]) for image in video]
    seen = [network.encode_masks(torch.from_numpy(mask)[None])]
    z = network.learn(codes[0].x[None], seen[0][0][None], seen[0][1][None])
    outputs = []
    for count, code in enumerate(codes[1:], start=1):
        probability = torch.sigmoid(network.segment(code, z, (HEIGHT, WIDTH)))
        outputs.append(probability[0].numpy())
        seen.append(network.encode_masks(probability))
        growing = 0.09 / 0.9 ** torch.arange(count)
        sample_weights = torch.cat((torch.ones(1), growing)) / (1 + growing.sum())
        x = torch.cat([code.x for code in codes[: count + 1]])[None]
        e, w = (torch.cat(parts)[None] for parts in zip(*seen, strict=True))
        z = network.update(z, x, e, w, sample_weights)
    return outputs


def test_equals_a_plain_loop_where_the_crop_is_the_frame(weights: str, parameters: LWLParameters) -> None:
    video, target = make_video(8), first_targets(0)
    results = run(LWLTracker(parameters), video, target)
    assert results[0].mask is not None and np.array_equal(results[0].mask, first_mask(0))
    assert np.array_equal(results[0].boxes[1], (8, 10, 30, 40)) and results[0].scores == {1: 1.0}
    areas = []
    expected = plain_probabilities(weights, video, first_mask(0))
    for result, probability in zip(results[1:], expected, strict=True):
        assert result.mask is not None
        np.testing.assert_allclose(result.maps["object 1"], probability, atol=2e-3)
        sure = np.abs(probability - 0.5) > 2e-3
        assert np.array_equal(result.mask[sure] > 0, (probability > 0.5)[sure])
        assert np.array_equal(result.boxes[1], mask_to_box(result.mask))
        assert result.scores[1] == pytest.approx(probability[probability > 0.5].mean(), abs=5e-3)
        areas.append((probability > 0.5).mean())
    assert min(areas) > 0.02 and max(areas) < 0.98  # the network says something of every frame


def test_updates_may_be_rarer_and_steps_chosen(parameters: LWLParameters) -> None:
    video = make_video(7)

    def steps_of(changed: LWLParameters) -> list[int]:
        tracker, seen = LWLTracker(changed), []
        tracker._network._network.learner.register_forward_pre_hook(lambda _, args: seen.append(args[3]))
        run(tracker, video, first_targets(0))
        return seen

    assert steps_of(parameters) == [4] + [2] * 6
    rarer = replace(parameters, first_steps=5, update_steps=1, update_every=3)
    assert steps_of(rarer) == [5, 1, 1]


def test_every_pixel_is_one_targets_and_memories_hold_what_was_merged(parameters: LWLParameters) -> None:
    tracker, learned = LWLTracker(parameters), []
    encoder = tracker._network._network.mask_encoder
    encoder.register_forward_pre_hook(lambda _, args: learned.extend(args[0][:, 0].numpy()))
    results = run(tracker, make_video(5), first_targets(0, 1, 2))
    contested = 0
    for result in results:
        for object_id, score in result.scores.items():
            if score:
                assert np.array_equal(result.maps[f"object {object_id}"], learned.pop(0))
    for result in results[1:]:
        probabilities = np.stack([result.maps[f"object {i}"] for i in (1, 2, 3)])
        assert probabilities.sum(axis=0).max() <= 1 + 1e-5
        assert result.mask is not None
        sure = probabilities.max(axis=0) > 0.501
        assert np.array_equal(result.mask[sure], probabilities.argmax(axis=0)[sure] + 1)
        contested += np.count_nonzero((probabilities > 0.1).sum(axis=0) > 1)
        for object_id, box in result.boxes.items():
            if result.scores[object_id]:
                assert np.array_equal(box, mask_to_box(result.mask == object_id))
    assert not learned and contested > 100  # they do quarrel


def test_targets_in_batches_are_the_same(parameters: LWLParameters) -> None:
    video, targets = make_video(4), first_targets(0, 1, 2)
    together, apart = (run(LWLTracker(replace(parameters, batch=n)), video, targets) for n in (8, 1))
    for ours, others in zip(together[1:], apart[1:], strict=True):
        for name in ours.maps:
            np.testing.assert_allclose(ours.maps[name], others.maps[name], atol=5e-3)


def test_the_same_twice_and_after_another_video(parameters: LWLParameters) -> None:
    video, targets = make_video(6), first_targets(0, 1)
    tracker = LWLTracker(parameters)
    fresh = run(tracker, video, targets)
    run(tracker, [image[:50, :70] for image in make_video(4, seed=1)], first_targets_of_a_smaller_video())
    assert_same(run(tracker, video, targets), fresh)
    assert_same(run(LWLTracker(parameters), video, targets), fresh)


def first_targets_of_a_smaller_video() -> dict[int, Target]:
    mask = box_mask((20, 20, 20, 20), 50, 70)
    return {9: Target(mask_to_box(mask), mask)}


def test_the_future_does_not_matter(parameters: LWLParameters) -> None:
    video, targets = make_video(6), first_targets(0, 1)
    garbage = np.random.default_rng(5).integers(0, 256, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)
    ours, others = (run(LWLTracker(parameters), v, targets) for v in (video, [*video[:4], *garbage]))
    assert_same(ours[:4], others[:4])
    assert ours[5].mask is not None and not np.array_equal(ours[5].mask, others[5].mask)


def test_what_is_given_back_is_the_callers(parameters: LWLParameters) -> None:
    video, targets = make_video(5), first_targets(0, 1)
    kept = run(LWLTracker(parameters), video, targets)
    tracker, results = LWLTracker(parameters), []
    for index, image in enumerate(video):
        result = tracker.track(image) if index else tracker.initialize(image, targets)
        results.append(
            replace(result, mask=result.mask.copy(), boxes={i: b.copy() for i, b in result.boxes.items()})
        )
        result.mask.fill(7)
        for array in (*result.boxes.values(), *result.maps.values()):
            array.fill(7)
    assert_same(results, kept)
    assert np.array_equal(targets[1].box, (8, 10, 30, 40))


def test_bfloat16_sees_the_same(parameters: LWLParameters) -> None:
    video, target = make_video(3), first_targets(0)
    half, full = (run(LWLTracker(replace(parameters, precision=p)), video, target) for p in ("bf16", "fp32"))
    assert np.abs(half[1].maps["object 1"] - full[1].maps["object 1"]).mean() < 0.05


def test_a_gpu_sees_the_same(parameters: LWLParameters, device: torch.device) -> None:
    video, target = make_video(3), first_targets(0)
    there = run(LWLTracker(replace(parameters, device=device.type)), video, target)
    here = run(LWLTracker(parameters), video, target)
    assert np.abs(there[2].maps["object 1"] - here[2].maps["object 1"]).mean() < 0.01


# a network that knows its target by colour


class ColourNetwork(TargetNetwork):
    """Features are pixels, a target model is a colour, logits say how near a pixel is to it."""

    def __init__(self, *_: object) -> None:
        self.config = replace(SMALL, input_size=(96, 64))

    def encode(self, crops: list[np.ndarray]) -> EncodedFrames:
        return EncodedFrames((), torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float())

    def encode_masks(self, masks: list[np.ndarray]) -> tuple[Tensor, Tensor]:
        e = torch.from_numpy(np.stack(masks))[:, None]
        return e, torch.ones_like(e)

    def learn(self, x: Tensor, e: Tensor, w: Tensor, steps: int | None) -> Tensor:
        return (x * e).sum((0, 2, 3))[None] / e.sum()

    def update(self, z: Tensor, memory: SampleMemory, steps: int | None) -> Tensor:
        return z

    def segment(self, code: EncodedFrames, z: Tensor) -> list[np.ndarray]:
        distance = (code.x - z[:, :, None, None]).norm(dim=1)
        return list((80 - distance).numpy() / 8)


FRAME = (150, 220)
COLOURS = {1: (225, 40, 40), 2: (40, 225, 40)}


@pytest.fixture
def by_colour(monkeypatch: pytest.MonkeyPatch) -> LWLTracker:
    """A tracker with the colour network and everything else as it is."""
    monkeypatch.setattr(tracker_module, "TargetNetwork", ColourNetwork)
    monkeypatch.setattr(tracker_module, "load_lwl", lambda _: None)
    return LWLTracker(LWLParameters(device="cpu", precision="fp32"))


def draw(
    objects: dict[int, tuple[float, float, float, float]], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Textured rectangles on a textured ground: image and labels."""
    rng = np.random.default_rng(seed)
    image = np.full((*FRAME, 3), (60, 60, 160), np.float64)
    labels = np.zeros(FRAME, np.uint8)
    for object_id, box in objects.items():
        inside = box_mask(box, *FRAME)
        image[inside], labels[inside] = COLOURS[object_id], object_id
    return (image + rng.uniform(-25, 25, image.shape)).clip(0, 255).astype(np.uint8), labels


def colour_targets(labels: np.ndarray, *ids: int) -> dict[int, Target]:
    return {i: Target(mask_to_box(labels == i), labels == i) for i in ids}


def path_of_a_square(kind: str, frame: int) -> tuple[float, float, float, float]:
    """Boxes in whole pixels, so that their masks are exact."""
    x, y, side = {
        "straight": (30 + 4 * frame, 40 + 2 * frame, 27),
        "out at the right": (120 + 5 * frame, 60, 29),
        "out at the top left": (60 - 3 * frame, 50 - 3 * frame, 31),
        "growing": (60 - frame, 50 - frame, 21 + 2 * frame),
        "shrinking": (60 + frame, 30 + frame, 61 - 2 * frame),
    }[kind]
    return x, y, side, side


@pytest.mark.parametrize(
    "kind", ["straight", "out at the right", "out at the top left", "growing", "shrinking"]
)
def test_a_moving_square_is_followed(by_colour: LWLTracker, kind: str) -> None:
    """Crops of many sizes, few of them whole multiples of the input, return to their place in the frame."""
    offsets = []
    for frame in range(20):
        image, labels = draw({1: path_of_a_square(kind, frame)}, seed=frame)
        result = by_colour.track(image) if frame else by_colour.initialize(image, colour_targets(labels, 1))
        assert result.mask is not None
        ours, truth = result.mask == 1, labels == 1
        if truth.sum() < 100:
            break
        assert (ours & truth).sum() / (ours | truth).sum() > 0.85
        assert box_iou(result.boxes[1], mask_to_box(truth)) > 0.85
        assert result.scores[1] > 0.8
        offsets.append(
            [
                np.mean(axis) - np.mean(true)
                for axis, true in zip(np.nonzero(ours), np.nonzero(truth), strict=True)
            ]
        )
    assert len(offsets) >= 15
    assert np.abs(np.mean(offsets, axis=0)).max() < 0.15  # half a pixel off would be a wrong convention


def test_the_search_region_is_the_networks_or_as_asked(by_colour: LWLTracker) -> None:
    """A rectangle's state has 4 / sqrt(12) of its sides; the crop's area is scale^2 times that."""
    image, labels = draw({1: (90, 60, 20, 20)})
    by_colour.initialize(image, colour_targets(labels, 1))
    for scale, expected in ((None, SMALL.crop_scale), (2.0, 2.0)):
        by_colour.parameters = replace(by_colour.parameters, search_scale=scale)
        crop = by_colour._crop(by_colour._targets[1].state)
        side = expected * 20 * 4 / np.sqrt(12)
        assert np.sqrt(crop.width * crop.height) == pytest.approx(side, abs=1.5)
        assert crop.width / crop.height == pytest.approx(96 / 64, abs=0.05)
        assert (crop.x + crop.width / 2, crop.y + crop.height / 2) == pytest.approx((100, 70), abs=1)


def test_a_lost_target_keeps_place_box_and_memory(by_colour: LWLTracker) -> None:
    box = (60.0, 40.0, 30.0, 24.0)
    shown, labels = draw({1: box})
    hidden, _ = draw({})
    by_colour.initialize(shown, colour_targets(labels, 1))
    before = by_colour.track(shown)
    target = by_colour._targets[1]
    state, samples = target.state, len(target.memory)
    for _ in range(3):
        result = by_colour.track(hidden)
        assert result.mask is not None and not result.mask.any()
        assert np.array_equal(result.boxes[1], before.boxes[1]) and result.scores[1] == 0.0
        assert target.state == state and len(target.memory) == samples
    again = by_colour.track(draw({1: (64, 42, 30, 24)})[0])
    assert again.scores[1] > 0.8 and box_iou(again.boxes[1], (64, 42, 30, 24)) > 0.85
    assert len(target.memory) == samples + 1


def test_a_target_of_few_pixels_is_not_lost(by_colour: LWLTracker) -> None:
    """36 pixels of the frame, several hundred of the network's input."""
    for frame in range(10):
        box = (50 + frame, 60, 6, 6)
        image, labels = draw({1: box}, seed=frame)
        result = by_colour.track(image) if frame else by_colour.initialize(image, colour_targets(labels, 1))
        assert result.scores[1] > 0.5 and box_iou(result.boxes[1], box) > 0.5


def test_two_objects_that_cross(by_colour: LWLTracker) -> None:
    for frame in range(15):
        boxes = {1: (20 + 8 * frame, 40, 30, 30), 2: (150 - 6 * frame, 55, 26, 40)}
        image, labels = draw(boxes, seed=frame)
        result = (
            by_colour.track(image) if frame else by_colour.initialize(image, colour_targets(labels, 1, 2))
        )
        assert result.mask is not None
        for object_id in (1, 2):
            ours, truth = result.mask == object_id, labels == object_id
            assert (ours & truth).sum() / (ours | truth).sum() > 0.75
            assert (result.mask[truth] == 3 - object_id).mean() < 0.1


def test_an_object_that_appears_later(by_colour: LWLTracker) -> None:
    image, labels = draw({1: (30, 40, 30, 30)})
    assert by_colour.initialize(image, colour_targets(labels, 1)).boxes.keys() == {1}
    image, labels = draw({1: (34, 40, 30, 30), 2: (50, 50, 40, 30)})
    given = colour_targets(labels, 2)
    result = by_colour.track(image, given)
    assert result.mask is not None and np.array_equal(result.mask == 2, given[2].mask)
    assert np.array_equal(result.boxes[2], given[2].box) and result.scores[2] == 1.0
    assert box_iou(result.boxes[1], mask_to_box(labels == 1)) > 0.85
    image, labels = draw({1: (38, 40, 30, 30), 2: (56, 50, 40, 30)}, seed=1)
    result = by_colour.track(image)
    assert result.mask is not None and ((result.mask == 2) & (labels == 2)).sum() > 0.9 * (labels == 2).sum()
    assert result.boxes.keys() == result.scores.keys() == {1, 2}


def test_given_pixels_are_nobody_elses(by_colour: LWLTracker) -> None:
    """Half of what the first object would claim is said to be the second."""
    image, labels = draw({1: (60, 40, 40, 40)})
    by_colour.initialize(image, colour_targets(labels, 1))
    half, crop = box_mask((80, 40, 20, 40), *FRAME), by_colour._crop(by_colour._targets[1].state)
    result = by_colour.track(image, {2: Target(mask_to_box(half), half)})
    assert result.mask is not None and np.array_equal(result.mask == 2, half)
    assert box_iou(result.boxes[1], (60, 40, 20, 40)) > 0.85
    assert by_colour._targets[1].state.centre == pytest.approx((70, 60), abs=1)
    learned = result.maps["object 1"].sum() * crop.width * crop.height / (96 * 64)
    assert learned == pytest.approx(20 * 40, rel=0.1)


def test_masks_that_overlap_start_apart(by_colour: LWLTracker) -> None:
    image, labels = draw({1: (60, 40, 60, 60), 2: (70, 50, 20, 20)})
    around = box_mask((60, 40, 60, 60), *FRAME)
    targets = {1: Target(mask_to_box(around), around), **colour_targets(labels, 2)}
    result = by_colour.initialize(image, targets)
    assert result.mask is not None and np.array_equal(result.mask, labels)
    assert np.array_equal(result.boxes[1], (60, 40, 60, 60))
    red = by_colour._targets[1].z[0]
    assert (red - torch.tensor(COLOURS[1])).abs().max() < 6


def test_two_targets_with_one_mask(by_colour: LWLTracker) -> None:
    """The one behind has no pixel of its own, and starts on what it was given."""
    image, labels = draw({1: (60, 40, 30, 30)})
    targets = colour_targets(labels, 1)
    by_colour.initialize(image, {1: targets[1], 2: targets[1]})
    result = by_colour.track(image)
    assert result.mask is not None and (result.mask == 1).sum() > 800
    assert box_iou(result.boxes[2], (60, 40, 30, 30)) > 0.85


def test_memory_is_bounded(by_colour: LWLTracker) -> None:
    image, labels = draw({1: (60, 40, 30, 30), 2: (120, 80, 30, 30)})
    by_colour.initialize(image, colour_targets(labels, 1, 2))
    for _ in range(45):
        by_colour.track(image)
    for target in by_colour._targets.values():
        x, e, _ = target.memory.samples()
        assert x.shape == (1, 32, 3, 64, 96) and e.shape == (1, 32, 1, 64, 96)
        rule = SampleWeights(1, 32, 0.1, 0.25)
        for _ in range(45):
            rule.next_place()
        np.testing.assert_allclose(target.memory.weights().numpy(), rule.values, rtol=1e-6)


# what is refused


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((*FRAME, 3)), r"frame 1 is float64 \(150, 220, 3\): must be a uint8 array"),
        (np.zeros(FRAME, np.uint8), "frame 1 is uint8"),
        (np.zeros((*FRAME, 4), np.uint8), "frame 1 is uint8"),
        (None, "frame 1 is NoneType"),
        (np.zeros((220, 150, 3), np.uint8), "frame 1 is 150 x 220, the first one 220 x 150"),
    ],
)
def test_frames_that_do_not_fit(by_colour: LWLTracker, image: np.ndarray, message: str) -> None:
    shown, labels = draw({1: (60, 40, 30, 30)})
    by_colour.initialize(shown, colour_targets(labels, 1))
    with pytest.raises(InputError, match=message):
        by_colour.track(image)
    assert by_colour.track(shown).scores[1] > 0.8  # one can go on with the next frame


def test_targets_that_do_not_fit(by_colour: LWLTracker) -> None:
    shown, labels = draw({1: (60, 40, 30, 30)})
    targets = colour_targets(labels, 1)
    with pytest.raises(InputError, match="no targets to follow"):
        by_colour.initialize(shown, {})
    with pytest.raises(InputError, match="object 1 starts with a box and this tracker needs a mask"):
        by_colour.initialize(shown, {1: replace(targets[1], mask=None)})
    with pytest.raises(RuntimeError, match="initialize"):
        by_colour.track(shown)
    by_colour.initialize(shown, targets)
    with pytest.raises(InputError, match="object 1 cannot start in frame 1: it has started before"):
        by_colour.track(shown, targets)
    assert by_colour.track(shown).scores[1] > 0.8


def test_weights_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lwl_variants, "BUNDLED", tmp_path)
    with pytest.raises(InputError, match='"lwl_small" comes without weights'):
        LWLTracker(LWLParameters("lwl_small", device="cpu"))
    with pytest.raises(InputError, match=r"no file .*mine\.safetensors"):
        LWLTracker(LWLParameters(str(tmp_path / "mine.safetensors"), device="cpu"))


def test_the_bundled_weights_follow_the_bundled_goat() -> None:
    clip = bundled_clip("goat")
    labels = [read_mask(path) for path in sorted(clip.masks.glob("*.png"))]
    tracker, found = LWLTracker(LWLParameters(device="cpu")), []
    for index, image in enumerate(open_frames(clip.frames)):
        if index == 0:
            tracker.initialize(image, {1: Target(mask_to_box(labels[0] > 0), labels[0] > 0)})
        elif index <= 10:
            mask = tracker.track(image).mask
            assert mask is not None
            found.append(region_similarity(labels[index] > 0, mask > 0))
    assert np.mean(found) > 0.75


def test_the_tracker_says_that_it_needs_masks(by_colour: LWLTracker) -> None:
    assert by_colour.needs_masks
