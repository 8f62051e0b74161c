"""VideoSegmenter against a plain, slow way to do the same, and the promises of its docstring."""

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch

from box2seg_plugin.network import ABLATIONS, Box2SegNet, box2seg_small
from box2seg_plugin.segmenter import VideoSegmenter
from box2seg_plugin.video_run import RunSettings, VideoRun
from box2seg_plugin.window_solver import WindowSolver
from ltr.data.boxes import ABSENT, box_mask, box_pixels, clip_box, ellipse_mask
from ltr.data.crops import crop_inside_major, paste_logits, sample_image
from ltr.errors import InputError

INPUT_SIZE = (64, 32)


def make_network(**changes: object) -> Box2SegNet:
    """A tiny network with random weights whose logits have both signs."""
    torch.manual_seed(3)
    network = box2seg_small(input_size=INPUT_SIZE, test_steps=3, **changes).eval()
    with torch.inference_mode():
        logits = network(
            torch.rand(2, 3, 3, *network.input_hw) * 255, torch.tensor([16.0, 8, 32, 16]).expand(2, 3, 4)
        )
    with torch.no_grad():
        scale = 3 / logits[-1].std()
        network.decoder.output2.weight *= scale
        network.decoder.output2.bias *= scale
        network.decoder.output2.bias -= logits[-1].median() * scale
    return network


@pytest.fixture(scope="module")
def network() -> Box2SegNet:
    return make_network()


def make_video(num_frames: int, height: int = 61, width: int = 83, seed: int = 0) -> list[np.ndarray]:
    """Noise, smoothed a little: every frame differs."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (num_frames, height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    return list(coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width])


def moving_box(num_frames: int, start: tuple[float, float, float, float], seed: int = 1) -> np.ndarray:
    """A box that wanders; all of it stays in the frame of ``make_video``."""
    rng = np.random.default_rng(seed)
    boxes = np.tile(np.array(start, dtype=float), (num_frames, 1))
    boxes[:, :2] += np.cumsum(rng.uniform(-1, 1, (num_frames, 2)), axis=0).clip(-8, 8)
    return boxes


def plain_window(target: int, num_frames: int, frames: int, interval: int) -> list[int]:
    """The rule again, by growing: outwards from the target, nearest first, a step to either side in turn."""
    window, step = [target], 1
    while len(window) < frames and step < num_frames:
        both = [target - step * interval, target + step * interval]
        window += [frame for frame in both if 0 <= frame < num_frames]
        step += 1
    return sorted(window)


def plain_shared_window(target: int, num_frames: int, frames: int, interval: int) -> list[int]:
    """The rule again, by cutting: the frames of a phase in groups, the last one filled up from before it."""
    phase = list(range(target % interval, num_frames, interval))
    groups = [phase[start : start + frames] for start in range(0, len(phase), frames)]
    groups[-1] = phase[-frames:] if target in groups[-1] else []
    return next(group for group in groups if target in group)


def plain_probability(
    network: Box2SegNet,
    video: list[np.ndarray],
    boxes: np.ndarray,
    target: int,
    frames: int,
    interval: int,
    windows: str = "exact",
) -> np.ndarray:
    """One object of one frame: every frame of its window cropped, encoded and decoded for it alone."""
    height, width = video[0].shape[:2]
    rule = {"exact": plain_window, "shared": plain_shared_window}[windows]
    window = [i for i in rule(target, len(video), frames, interval) if boxes[i][2] > 0]
    crops, images, places = [], [], []
    for frame in window:
        box = clip_box(boxes[frame], width, height)
        crop = crop_inside_major(
            (height, width), box, network.config.crop_scale, INPUT_SIZE, network.config.crop_cover
        )
        crops.append(crop)
        images.append(torch.from_numpy(sample_image(video[frame], crop)).permute(2, 0, 1))
        places.append(torch.from_numpy(crop.box_to_crop(box)).float())
    with torch.inference_mode():
        logits = network(torch.stack(images)[None], torch.stack(places)[None])[-1][0]
    place = window.index(target)
    frame_logits = paste_logits(logits[place].numpy(), crops[place], (height, width), -100.0)
    inside = box_mask(boxes[target], height, width)
    return np.where(inside, torch.sigmoid(torch.from_numpy(frame_logits)).numpy(), 0)


def check_against_plain(
    network: Box2SegNet,
    video: list[np.ndarray],
    boxes: np.ndarray,
    frames: int,
    interval: int,
    batch: int = 1,
    windows: str = "exact",
) -> None:
    segmenter = VideoSegmenter(
        network, frames, interval, device="cpu", precision="fp32", batch=batch, windows=windows
    )
    results = list(segmenter.segment(iter(video), boxes, probabilities=True))
    assert [result.index for result in results] == list(range(len(video)))
    seen = 0
    for result in results:
        if boxes[result.index][2] <= 0:
            assert result.objects == () and not result.mask.any() and result.probabilities == {}
            continue
        expected = plain_probability(network, video, boxes, result.index, frames, interval, windows)
        assert result.probabilities is not None
        np.testing.assert_allclose(result.probabilities[1], expected, atol=2e-3)
        if result.fallbacks:
            assert expected.max() <= 0.5 + 1e-3
        else:
            sure = np.abs(expected - 0.5) > 1e-3
            assert np.array_equal(result.mask[sure], (expected > 0.5)[sure])
            seen += 1
    assert seen > len(video) / 2  # the test network says something in most frames


@pytest.mark.parametrize(
    ("num_frames", "frames", "interval"),
    [(9, 1, 5), (1, 5, 5), (2, 3, 1), (12, 3, 2), (12, 5, 2), (14, 5, 4)],
)
def test_streamed_windows_equal_the_plain_way(
    network: Box2SegNet, num_frames: int, frames: int, interval: int
) -> None:
    boxes = moving_box(num_frames, (20, 15, 30, 24))
    check_against_plain(network, make_video(num_frames), boxes, frames, interval)


@pytest.mark.parametrize("windows", ["exact", "shared"])
def test_frames_without_a_box_are_left_out(network: Box2SegNet, windows: str) -> None:
    boxes = moving_box(14, (20, 15, 30, 24))
    boxes[[0, 4, 5, 9, 13]] = ABSENT
    check_against_plain(network, make_video(14), boxes, 5, 2, windows=windows)


@pytest.mark.parametrize("windows", ["exact", "shared"])
def test_batches_change_nothing(network: Box2SegNet, windows: str) -> None:
    boxes = moving_box(13, (20, 15, 30, 24))
    check_against_plain(network, make_video(13), boxes, 3, 2, batch=4, windows=windows)


@pytest.mark.parametrize(("num_frames", "frames", "interval"), [(1, 5, 5), (2, 3, 1), (12, 3, 2), (14, 5, 4)])
def test_shared_windows_equal_the_plain_way(
    network: Box2SegNet, num_frames: int, frames: int, interval: int
) -> None:
    boxes = moving_box(num_frames, (20, 15, 30, 24))
    check_against_plain(network, make_video(num_frames), boxes, frames, interval, windows="shared")


class Disk(Sequence[np.ndarray]):
    """A video that notes which of its frames are asked for."""

    def __init__(self, frames: list[np.ndarray]) -> None:
        self.frames = frames
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> np.ndarray:  # type: ignore[override]
        self.read.append(index)
        return self.frames[index]


@pytest.mark.parametrize("windows", ["exact", "shared"])
@pytest.mark.parametrize("read_ahead", [0, 2])
def test_of_wanted_frames_only_the_windows_are_read(
    network: Box2SegNet, windows: str, read_ahead: int
) -> None:
    """Of two objects with boxes in other frames. The masks are those of a run for all frames."""
    video, boxes = make_video(24), overlapping_objects(24)
    boxes[1][8:] = boxes[4][:16] = ABSENT
    del boxes[7]
    segmenter = VideoSegmenter(
        network, 3, 2, device="cpu", precision="fp32", windows=windows, read_ahead=read_ahead
    )
    everything = list(segmenter.segment(iter(video), boxes, measures=True))
    asked_for = [2, 9, 12, 19, 23]
    disk = Disk(video)
    found = list(segmenter.segment(disk, boxes, wanted=np.isin(range(24), asked_for), measures=True))
    assert [result.index for result in found] == asked_for
    for result in found:
        same = everything[result.index]
        assert np.array_equal(result.mask, same.mask)
        assert (result.objects, result.fallbacks) == (same.objects, same.fallbacks)
        assert result.measures is not None and same.measures is not None
        assert result.measures.keys() == same.measures.keys()
        for object_id, measured in result.measures.items():
            assert measured.confidence == pytest.approx(same.measures[object_id].confidence, abs=1e-5)
    rule = {"exact": plain_window, "shared": plain_shared_window}[windows]
    needed = {i for t in (2, 19, 23) for i in rule(t, 24, 3, 2) if (i < 8) == (t < 8) and (i < 8 or i >= 16)}
    assert disk.read == sorted(needed)


def test_a_wanted_frame_without_objects_is_empty_and_not_read_but_for_its_size(network: Box2SegNet) -> None:
    boxes = np.tile(ABSENT, (7, 1))
    disk = Disk(make_video(7))
    wanted = np.isin(range(7), [3, 5])
    found = list(VideoSegmenter(network, 3, 1, device="cpu").segment(disk, boxes, wanted=wanted))
    assert [(result.index, result.mask.shape, result.mask.any()) for result in found] == [
        (3, (61, 83), False),
        (5, (61, 83), False),
    ]
    assert disk.read == [3]
    assert not list(VideoSegmenter(network, device="cpu").segment(disk, boxes, wanted=np.zeros(7, bool)))
    assert disk.read == [3]


def test_a_frame_that_cannot_be_read_ends_the_video_there(network: Box2SegNet) -> None:
    """The results before it are the same whether a thread reads ahead or not."""
    boxes = moving_box(9, (20, 15, 30, 24))

    def broken() -> Iterator[np.ndarray]:
        yield from make_video(9)[:6]
        raise InputError("frame 6 is broken")

    for read_ahead in (0, 1, 4):
        segmenter = VideoSegmenter(network, 3, 1, device="cpu", read_ahead=read_ahead)
        results = segmenter.segment(broken(), boxes)
        assert [next(results).index for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(InputError, match="frame 6 is broken"):
            next(results)


@pytest.mark.parametrize("flip", [False, True])
def test_measures_compare_both_passes_with_the_final_mask(network: Box2SegNet, flip: bool) -> None:
    """The first pass is what a run without refinement gives."""
    video, boxes = make_video(5), overlapping_objects(5)
    boxes[4][2] = ABSENT
    first, last = (
        list(
            VideoSegmenter(network, 3, 1, passes, "cpu", "fp32", flip).segment(
                video, boxes, probabilities=True, measures=True
            )
        )
        for passes in (0, 1)
    )
    for before, after in zip(first, last, strict=True):
        assert before.measures is not None and after.measures is not None
        assert before.probabilities is not None and after.probabilities is not None
        assert tuple(after.measures) == after.objects
        for object_id, measured in after.measures.items():
            assert before.measures[object_id].agreement == 1.0
            a, b = (maps[object_id] > 0.5 for maps in (before.probabilities, after.probabilities))
            assert measured.agreement == pytest.approx((a & b).sum() / (a | b).sum(), abs=0.02)  # float16
            x0, y0, x1, y1 = box_pixels(boxes[object_id][after.index], 61, 83)
            own = after.mask[y0:y1, x0:x1] == object_id
            assert measured.fill == pytest.approx(own.mean())
            passes = [
                result.probabilities[object_id][y0:y1, x0:x1].astype(float) for result in (before, after)
            ]
            p = 1 / (1 + np.exp(-np.mean([np.log(q / (1 - q)) for q in passes], axis=0)))
            assert measured.confidence == pytest.approx(np.abs(2 * p - 1).mean(), abs=1e-3)
            assert measured.fallback == (object_id in after.fallbacks)
    assert next(VideoSegmenter(network, 1, device="cpu").segment(video[:1], boxes[1][:1])).measures is None


@pytest.mark.parametrize("variant", ["SingleImage", "MultiFrame", "MultiFrame+"])
def test_ablations_run(variant: str) -> None:
    check_against_plain(
        make_network(**ABLATIONS[variant]), make_video(7), moving_box(7, (20, 15, 30, 24)), 3, 1
    )


@pytest.mark.parametrize("refinements", [0, 2])
def test_refinements_are_an_option(network: Box2SegNet, refinements: int) -> None:
    changed = copy.deepcopy(network)
    object.__setattr__(changed.config, "refinements", refinements)
    video, boxes = make_video(5), moving_box(5, (20, 15, 30, 24))
    segmenter = VideoSegmenter(network, 3, 1, refinements, "cpu", "fp32")
    result = list(segmenter.segment(video, boxes, probabilities=True))[2]
    assert result.probabilities is not None
    np.testing.assert_allclose(
        result.probabilities[1], plain_probability(changed, video, boxes, 2, 3, 1), atol=2e-3
    )


@pytest.mark.parametrize(("height", "width"), [(33, 201), (201, 33), (7, 9), (64, 64)])
def test_any_image_size(network: Box2SegNet, height: int, width: int) -> None:
    boxes = np.tile([width * 0.25, height * 0.25, width * 0.5, height * 0.5], (4, 1))
    masks = list(VideoSegmenter(network, 3, 1, device="cpu")(make_video(4, height, width), boxes))
    assert [mask.shape for mask in masks] == [(height, width)] * 4
    assert all(mask.dtype == np.uint8 and mask.any() for mask in masks)


def test_flip_averages_with_the_mirrored_video(network: Box2SegNet) -> None:
    """Mirroring the video mirrors the answer, which the network by itself does not do."""
    video, boxes = make_video(4), moving_box(4, (20.0, 15.0, 30.0, 24.0)).round()
    mirrored_video = [np.ascontiguousarray(frame[:, ::-1]) for frame in video]
    mirrored = boxes.copy()
    mirrored[:, 0] = video[0].shape[1] - boxes[:, 0] - boxes[:, 2]

    def run(flip: bool, frames: list[np.ndarray], places: np.ndarray) -> np.ndarray:
        segmenter = VideoSegmenter(network, 3, 1, device="cpu", precision="fp32", flip=flip, crop_scale=1.5)
        maps = [r.probabilities for r in segmenter.segment(frames, places, probabilities=True)]
        return np.stack([m[1] for m in maps if m is not None]).astype(np.float32)

    np.testing.assert_allclose(
        run(True, mirrored_video, mirrored)[..., ::-1], run(True, video, boxes), atol=2e-3
    )
    assert np.abs(run(False, mirrored_video, mirrored)[..., ::-1] - run(False, video, boxes)).max() > 0.01


@pytest.mark.parametrize("windows", ["exact", "shared"])
@pytest.mark.parametrize(("frames", "interval", "batch"), [(1, 5, 1), (3, 2, 1), (5, 3, 1), (5, 3, 4)])
def test_the_cache_is_bounded_and_frames_are_streamed(
    network: Box2SegNet, frames: int, interval: int, batch: int, windows: str
) -> None:
    """However long the video, at most (T - 1) * interval + 1 frames are held and as many read ahead."""
    num_frames, span = 40, (frames - 1) * interval
    read = 0

    def stream() -> Iterator[np.ndarray]:
        nonlocal read
        for frame in make_video(num_frames):
            read += 1
            yield frame

    solver = WindowSolver(network, torch.device("cpu"))
    boxes = {i: moving_box(num_frames, (20, 15, 30, 24), seed=i) for i in (1, 2)}
    run = VideoRun(solver, boxes, RunSettings(frames, interval, batch, 2.0, windows))
    for result in run.results(stream()):
        assert read <= result.index + span + batch
        assert len(run.pending) <= span + batch - 1
    assert run.cache.peak_frames <= span + batch
    assert not run.pending


def overlapping_objects(num_frames: int) -> dict[int, np.ndarray]:
    return {
        1: moving_box(num_frames, (10, 10, 40, 30), seed=1),
        4: moving_box(num_frames, (25, 15, 40, 30), seed=2),
        7: moving_box(num_frames, (25, 15, 12, 30), seed=3),
    }


def test_several_objects_share_no_pixel_and_stay_in_their_boxes(network: Box2SegNet) -> None:
    video, boxes = make_video(6), overlapping_objects(6)
    boxes[4][2] = ABSENT
    segmenter = VideoSegmenter(network, 3, 1, device="cpu", precision="fp32")
    claimed = 0
    for result in segmenter.segment(video, boxes, probabilities=True):
        assert result.objects == ((1, 7) if result.index == 2 else (1, 4, 7))
        assert set(np.unique(result.mask)) == {0, *result.objects}
        assert result.probabilities is not None
        for object_id in result.objects:
            assert not (result.mask == object_id)[~box_mask(boxes[object_id][result.index], 61, 83)].any()
        maps = np.stack(list(result.probabilities.values()))
        surely, perhaps = ((claims.sum(axis=0) > 1).sum() for claims in (maps > 0.5, maps >= 0.5))
        assert surely <= result.claimed_twice <= perhaps  # the maps are rounded to float16
        claimed += result.claimed_twice
    assert claimed > 0


def test_objects_do_not_depend_on_their_order_or_on_each_other(network: Box2SegNet) -> None:
    video, boxes = make_video(5), overlapping_objects(5)
    segmenter = VideoSegmenter(network, 3, 1, device="cpu", precision="fp32")
    together = list(segmenter.segment(video, boxes, probabilities=True))
    reversed_order = segmenter.segment(video, dict(reversed(boxes.items())))
    for first, second in zip(together, reversed_order, strict=True):
        assert np.array_equal(first.mask, second.mask)
    for object_id, array in boxes.items():
        for alone, result in zip(segmenter.segment(video, array, probabilities=True), together, strict=True):
            assert alone.probabilities is not None and result.probabilities is not None
            assert np.array_equal(alone.probabilities[1], result.probabilities[object_id])


def test_videos_side_by_side_do_not_mix(network: Box2SegNet) -> None:
    segmenter = VideoSegmenter(network, 3, 1, device="cpu", precision="fp32")
    first, second = make_video(5, seed=1), make_video(5, seed=2)
    boxes = moving_box(5, (20, 15, 30, 24))
    alone = [list(segmenter(video, boxes)) for video in (first, second)]
    both = list(zip(segmenter(first, boxes), segmenter(second, boxes), strict=True))
    for (a, b), expected_a, expected_b in zip(both, *alone, strict=True):
        assert np.array_equal(a, expected_a) and np.array_equal(b, expected_b)


def test_an_empty_prediction_becomes_the_ellipse_and_is_flagged(network: Box2SegNet) -> None:
    silent = copy.deepcopy(network)
    with torch.no_grad():
        silent.decoder.output2.weight.zero_()
        silent.decoder.output2.bias.fill_(-5)
    boxes = np.array([[20.3, 10.2, 30, 24], ABSENT, [-12, 30, 40, 50]])
    results = list(VideoSegmenter(silent, device="cpu").segment(make_video(3), boxes))
    assert [result.fallbacks for result in results] == [(1,), (), (1,)]
    for result in results:
        assert np.array_equal(result.mask == 1, ellipse_mask(boxes[result.index], 61, 83))


@pytest.mark.parametrize("bias", [-5.0, 5.0])
def test_no_object_is_left_without_a_pixel(network: Box2SegNet, bias: float) -> None:
    """Not even where several have the same box, or a box of a fraction of a pixel."""
    constant = copy.deepcopy(network)
    with torch.no_grad():
        constant.decoder.output2.weight.zero_()
        constant.decoder.output2.bias.fill_(bias)
    boxes = {i: np.array([[30.2, 20.7, 9, 6]]) for i in (1, 2, 3)} | {9: np.array([[50.1, 40.2, 0.3, 0.2]])}
    result = next(VideoSegmenter(constant, device="cpu").segment(make_video(1), boxes))
    assert set(np.unique(result.mask)) == {0, 1, 2, 3, 9}
    assert set(result.fallbacks) >= {2, 3}


def test_the_mask_stays_inside_a_box_that_leaves_the_frame(network: Box2SegNet) -> None:
    boxes = np.array([[-20, -10, 50, 40], [60, 40, 100, 100], [82.9, 60.9, 10, 10], [-500, -500, 2000, 2000]])
    for result in VideoSegmenter(network, 3, 1, device="cpu").segment(make_video(4), boxes):
        x0, y0, x1, y1 = box_pixels(boxes[result.index], 61, 83)
        rows, columns = np.nonzero(result.mask)
        assert (
            len(rows) and rows.min() >= y0 and rows.max() < y1 and columns.min() >= x0 and columns.max() < x1
        )


def test_the_callers_network_is_left_alone(network: Box2SegNet) -> None:
    mine = copy.deepcopy(network).train()
    before = {name: tensor.clone() for name, tensor in mine.state_dict().items()}
    segmenter = VideoSegmenter(mine, 1, device="cpu", precision="bf16")
    list(segmenter(make_video(2), moving_box(2, (20, 15, 30, 24))))
    assert mine.training and all(p.requires_grad for p in mine.parameters())
    for name, tensor in mine.state_dict().items():
        assert tensor.dtype == before[name].dtype and torch.equal(tensor, before[name])


def test_bfloat16_is_close_to_float32(network: Box2SegNet) -> None:
    video, boxes = make_video(6), moving_box(6, (20, 15, 30, 24))

    def run(precision: str) -> np.ndarray:
        segmenter = VideoSegmenter(network, 3, 1, device="cpu", precision=precision)
        maps = [r.probabilities for r in segmenter.segment(video, boxes, probabilities=True)]
        return np.stack([m[1] for m in maps if m is not None]).astype(np.float32)

    assert np.abs(run("bf16") - run("fp32")).mean() < 0.02


ONE_BOX = np.array([[20.0, 15, 30, 24]])


@pytest.mark.parametrize(
    ("frames", "boxes", "message"),
    [
        (2, np.tile(ONE_BOX, (3, 1)), "frames is 2, number of boxes 3"),
        (3, np.tile(ONE_BOX, (2, 1)), "frames is 3, number of boxes 2"),
        (1, [[100.0, 15, 30, 24]], "outside the frame, which is 83 x 61"),
        (1, [[np.nan, 15, 30, 24]], "object 1 in frame 0"),
        (1, [[20, 15, 30]], r"shape \(1, 3\)"),
        (1, {0: ONE_BOX}, "object id is 0"),
        (1, {255: ONE_BOX}, "object id is 255"),
        (1, {}, "no boxes"),
        (1, {1: ONE_BOX, 2: np.tile(ONE_BOX, (2, 1))}, "object 2: 2"),
    ],
)
def test_bad_boxes_are_refused(network: Box2SegNet, frames: int, boxes: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(VideoSegmenter(network, 1, device="cpu")(make_video(frames), boxes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((61, 83, 3), np.float32), "float32"),
        (np.zeros((61, 83), np.uint8), r"\(61, 83\)"),
        (np.zeros((83, 61, 3), np.uint8), "frame 1 is 61 x 83, the first one 83 x 61"),
        ("frame.jpg", "str"),
    ],
)
def test_bad_frames_are_refused(network: Box2SegNet, frame: object, message: str) -> None:
    video = [*make_video(1), frame]
    with pytest.raises(InputError, match=message):
        list(VideoSegmenter(network, 1, device="cpu")(video, np.tile(ONE_BOX, (2, 1))))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (np.ones(2, bool), r"wanted is bool \(2,\): must be bool \(3,\)"),
        (np.array([0, 1, 2]), r"wanted is int64 \(3,\)"),
    ],
)
def test_wanted_is_a_flag_for_each_frame(network: Box2SegNet, wanted: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        VideoSegmenter(network, 1, device="cpu").segment(
            make_video(3), np.tile(ONE_BOX, (3, 1)), wanted=wanted
        )


@pytest.mark.parametrize(
    "settings",
    [
        {"frames": 2},
        {"interval": 0},
        {"batch": 0},
        {"refinements": -1},
        {"device": "tpu"},
        {"precision": "fp8"},
        {"crop_scale": 0.5},
        {"windows": "wide"},
        {"read_ahead": -2},
        {"network": "box2seg_huge"},
    ],
)
def test_bad_settings_are_refused(network: Box2SegNet, settings: dict[str, object]) -> None:
    with pytest.raises(InputError, match=str(next(iter(settings.values())))):
        VideoSegmenter(**{"network": network, **settings})  # type: ignore[arg-type]


def test_a_network_without_refinement_cannot_refine() -> None:
    with pytest.raises(InputError, match="built without"):
        VideoSegmenter(make_network(**ABLATIONS["MultiFrame+"]), refinements=1)
