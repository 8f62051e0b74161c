"""First masks from a box."""

import logging
from pathlib import Path

import numpy as np
import pytest

from ltr.data.boxes import box_mask, ellipse_mask
from ltr.errors import InputError
from pytracking.initializers import GrabCut, make_initializer, make_mask, register_initializers
from pytracking.registry import INITIALIZERS

HEIGHT, WIDTH = 90, 120
BOX = (30.0, 20.0, 50.0, 40.0)


def picture(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A red, noisy ellipse that fills BOX, on green, and its mask."""
    rng = np.random.default_rng(seed)
    mask = ellipse_mask(BOX, HEIGHT, WIDTH)
    image = np.where(mask[..., None], (190, 50, 40), (50, 130, 60)) + rng.normal(0, 12, (HEIGHT, WIDTH, 3))
    return np.clip(image, 0, 255).astype(np.uint8), mask


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_rectangle_and_ellipse_are_those_of_the_box() -> None:
    image, _ = picture()
    np.testing.assert_array_equal(make_mask("rectangle", image, BOX), box_mask(BOX, HEIGHT, WIDTH))
    np.testing.assert_array_equal(make_mask("ellipse", image, BOX), ellipse_mask(BOX, HEIGHT, WIDTH))


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_grabcut_finds_an_object_of_another_colour(scale: float) -> None:
    image, mask = picture()
    wide = (22.0, 12.0, 66.0, 56.0)  # much background in the box, so that its ellipse is wrong
    assert iou(ellipse_mask(wide, HEIGHT, WIDTH), mask) < 0.6
    assert iou(make_mask(make_initializer("grabcut", scale=scale), image, wide), mask) > 0.9


def test_grabcut_repeats_itself_whatever_ran_before() -> None:
    image, _ = picture()
    first = make_mask("grabcut", image, BOX)
    make_mask("grabcut", picture(1)[0], (5, 5, 60, 60))
    np.testing.assert_array_equal(make_mask("grabcut", image, BOX), first)


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, WIDTH, HEIGHT),  # nothing but box
        (-20, -20, 2 * WIDTH, 2 * HEIGHT),
        (-30, 40, 60, 30),  # leaves the image on the left
        (70, 60, 80, 80),  # and at the lower right
        (50.2, 40.2, 0.5, 0.4),  # less than a pixel
        (40, 30, 3, 3),
        (40, 0, 2, HEIGHT),  # a line
        (WIDTH - 0.2, 10, 30, 30),  # a sliver is seen
    ],
)
@pytest.mark.parametrize("name", ["rectangle", "ellipse", "grabcut"])
def test_masks_are_never_empty_and_never_leave_the_box(name: str, box: tuple[float, ...]) -> None:
    image, _ = picture()
    mask = make_mask(name, image, box)
    assert mask.shape == (HEIGHT, WIDTH)
    assert mask.dtype == bool
    assert mask.any()
    assert not (mask & ~box_mask(box, HEIGHT, WIDTH)).any()


def test_where_nothing_is_found_the_ellipse_is_taken_and_told(caplog: pytest.LogCaptureFixture) -> None:
    flat = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)

    def nothing(image: np.ndarray, box: object) -> np.ndarray:
        return np.zeros(image.shape[:2], bool)

    with caplog.at_level(logging.WARNING):
        mask = make_mask(nothing, flat, BOX)
    np.testing.assert_array_equal(mask, ellipse_mask(BOX, HEIGHT, WIDTH))
    assert "ellipse" in caplog.text
    assert make_mask("grabcut", flat, BOX).any()


def test_a_box_that_shows_nothing_is_refused() -> None:
    image, _ = picture()
    with pytest.raises(InputError, match=r"\(200, 20, 30, 30\) lies wholly outside .* 120 x 90"):
        make_mask("ellipse", image, (200, 20, 30, 30))
    with pytest.raises(InputError, match="width and height must be > 0"):
        make_mask("ellipse", image, (-1, -1, -1, -1))
    with pytest.raises(InputError, match="shows no object"):
        make_mask("ellipse", image, (float("nan"), 1, 5, 5))


def test_unknown_names_and_options_are_refused() -> None:
    image, _ = picture()
    with pytest.raises(InputError, match="ellipse, grabcut, rectangle"):
        make_mask("magic", image, BOX)
    with pytest.raises(InputError, match='"grabcut" does not take'):
        make_initializer("grabcut", rounds=3)
    with pytest.raises(InputError, match="scale in"):
        GrabCut(scale=2)
    with pytest.raises(ValueError, match="H x W x 3 uint8"):
        make_mask("ellipse", image.astype(np.float32), BOX)


def test_what_a_plugin_registered_is_used_and_cut_to_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(INITIALIZERS, "_factories", {})
    INITIALIZERS.register("ellipse", lambda: lambda image, box: np.ones(image.shape[:2], bool))
    register_initializers()
    image, _ = picture()
    np.testing.assert_array_equal(make_mask("ellipse", image, BOX), box_mask(BOX, HEIGHT, WIDTH))
    assert INITIALIZERS.names() == ["ellipse", "grabcut", "rectangle"]


def test_masks_of_another_size_are_refused() -> None:
    image, _ = picture()
    with pytest.raises(ValueError, match="returned a mask"):
        make_mask(lambda image, box: np.ones((3, 3), bool), image, BOX)


def test_grabcut_on_real_video(shared_dir: Path) -> None:
    """It is clearly better than the filled box."""
    from ltr.dataset.davis import Davis

    root = shared_dir / "data" / "video_masks" / "davis_dev"
    if not root.is_dir():
        pytest.skip("no davis_dev among the reference data")
    scores: dict[str, list[float]] = {"rectangle": [], "grabcut": []}
    dataset = Davis(root, 2016, sequences=["dog", "car-roundabout"])
    for index in range(len(dataset)):
        clip = dataset.read(index, [0, 24, 48])
        for name, values in scores.items():
            for image, mask, box in zip(clip.images, clip.masks, clip.boxes, strict=True):
                values.append(iou(make_mask(name, image, box), mask > 0))
    assert np.mean(scores["grabcut"]) > np.mean(scores["rectangle"]) + 0.1
