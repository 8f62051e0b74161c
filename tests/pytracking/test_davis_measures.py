"""J and F against the official evaluation's numbers and against definitions written out pixel by pixel."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from ltr.data.mask_io import read_mask
from pytracking.analysis.davis import (
    boundary,
    contour_accuracy,
    region_similarity,
    video_statistics,
)


def disc(centre: tuple[int, int], radius: int, size: tuple[int, int] = (60, 80)) -> np.ndarray:
    rows, columns = np.ogrid[: size[0], : size[1]]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def plain_contour_accuracy(truth: np.ndarray, prediction: np.ndarray, radius: int) -> float:
    """The definition: boundary pixels with one of the other's at most ``radius`` away."""

    def pixels(mask: np.ndarray) -> list[tuple[int, int]]:
        height, width = mask.shape
        found = []
        for row, column in product(range(height), range(width)):
            neighbours = [(row, column + 1), (row + 1, column), (row + 1, column + 1)]
            if any(r < height and c < width and mask[r, c] != mask[row, column] for r, c in neighbours):
                found.append((row, column))
        return found

    def share(of: list[tuple[int, int]], near: list[tuple[int, int]]) -> float:
        hits = [any((r - i) ** 2 + (c - j) ** 2 <= radius**2 for i, j in near) for r, c in of]
        return sum(hits) / len(hits)

    wanted, found = pixels(truth), pixels(prediction)
    precision, recall = share(found, wanted), share(wanted, found)
    return 2 * precision * recall / (precision + recall)


def test_region_similarity_counts_pixels() -> None:
    truth, prediction = np.zeros((4, 5), bool), np.zeros((4, 5), bool)
    truth[:2], prediction[1:3] = True, True
    assert region_similarity(truth, prediction) == pytest.approx(5 / 15)


EMPTY, FULL, DISC = np.zeros((60, 80), bool), np.ones((60, 80), bool), disc((30, 40), 12)


@pytest.mark.parametrize(
    ("truth", "prediction", "j", "f"),
    [
        (EMPTY, EMPTY, 1, 1),
        (DISC, EMPTY, 0, 0),
        (EMPTY, DISC, 0, 0),
        (DISC, DISC, 1, 1),
        (FULL, FULL, 1, 1),
        (DISC, FULL, DISC.mean(), 0),  # the image's border is no boundary
    ],
)
def test_corner_cases(truth: np.ndarray, prediction: np.ndarray, j: float, f: float) -> None:
    assert region_similarity(truth, prediction) == pytest.approx(j)
    assert contour_accuracy(truth, prediction) == pytest.approx(f)


@pytest.mark.parametrize("offset", [(0, 2), (3, 1), (0, 9), (21, 3)])
def test_contour_accuracy_follows_its_definition(offset: tuple[int, int]) -> None:
    """The last offset cuts the disc at the image's border."""
    moved = disc((30 + offset[0], 40 + offset[1]), 11)
    expected = plain_contour_accuracy(DISC, moved, radius=3)
    tolerance = 2.5 / 100  # of a diagonal of 100 pixels, rounded up
    assert contour_accuracy(DISC, moved, tolerance) == pytest.approx(expected)


def test_the_default_tolerance_is_eight_pixels_at_480p() -> None:
    truth, near, far = (np.zeros((480, 854), bool) for _ in range(3))
    truth[:, :400], near[:, :408], far[:, :409] = True, True, True
    assert contour_accuracy(truth, near) == 1
    assert contour_accuracy(truth, far) == 0


def test_one_pixel_has_a_boundary_towards_its_upper_left() -> None:
    mask = np.zeros((5, 5), bool)
    mask[2, 2] = True
    assert np.argwhere(boundary(mask)).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_statistics() -> None:
    values = [1.0, 1.0, 0.8, 0.6, 0.5, 0.4, 0.2, 0.0, 0.0]
    result = video_statistics(values)
    assert result.mean == pytest.approx(np.mean(values))
    assert result.recall == pytest.approx(4 / 9)
    assert result.decay == pytest.approx(np.mean(values[:3]) - np.mean(values[-3:]))


def test_sizes_must_agree() -> None:
    for measure in (region_similarity, contour_accuracy):
        with pytest.raises(ValueError, match=r"\(60, 80\) and \(3, 3\)"):
            measure(DISC, np.zeros((3, 3), bool))


@pytest.mark.parametrize("sequence", ["judo", "kite-surf"])
def test_equal_to_the_official_evaluation(shared_dir: Path, sequence: str) -> None:
    """Semi-supervised protocol: first and last frame left out, void (255) is background."""
    case = shared_dir / "evalcases" / "davis2017_multiobject_pseudo"
    expected = json.loads((case / "expected.json").read_text())["semi_supervised"]["per_object"]
    paths = sorted((case / "gt" / sequence).glob("*.png"))
    truths = [read_mask(path) for path in paths]
    predictions = [read_mask(case / "pred_semi" / sequence / path.name) for path in paths]
    objects = range(1, int(truths[0][truths[0] < 255].max()) + 1)
    assert [name for name in expected if name.startswith(f"{sequence}_")] == [
        f"{sequence}_{i}" for i in objects
    ]
    for object_id in objects:
        pairs = [
            (t == object_id, p == object_id) for t, p in zip(truths[1:-1], predictions[1:-1], strict=True)
        ]
        wanted = expected[f"{sequence}_{object_id}"]
        assert video_statistics([region_similarity(*pair) for pair in pairs]).mean == pytest.approx(
            wanted["J"], abs=1e-6
        )
        assert video_statistics([contour_accuracy(*pair) for pair in pairs]).mean == pytest.approx(
            wanted["F"], abs=1e-6
        )
