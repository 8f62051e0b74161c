"""Made-up clips: repeatable, masks that fit what is seen, visible frames that are."""

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.data.boxes import mask_to_box
from ltr.dataset.interface import VideoDataset
from ltr.dataset.procedural import ProceduralClips
from ltr.errors import InputError
from ltr.rendering.bodies import KINDS
from ltr.rendering.casting import LOOK_ALIKE, MAIN, Plot, make_scene
from ltr.rendering.patches import Patch, lay_over
from ltr.rendering.props import PROPS, make_prop
from ltr.rendering.stage import THEMES


@pytest.fixture(scope="module")
def clips() -> ProceduralClips:
    return ProceduralClips(sequences=5, frames=12, width=200, height=112, seed=3)


def test_items(clips: ProceduralClips) -> None:
    assert isinstance(clips, VideoDataset)
    assert len(clips) == 10
    assert [clips.object_id(i) for i in range(4)] == [1, 2, 1, 2]
    assert clips.sequence(0) == clips.sequence(1) != clips.sequence(2)
    clip = clips.read(3, [5, 0])
    assert all(image.shape == (112, 200, 3) and image.dtype == np.uint8 for image in clip.images)
    assert all(mask.shape == (112, 200) and set(np.unique(mask)) <= {0, 1} for mask in clip.masks)
    np.testing.assert_array_equal(clip.boxes, [mask_to_box(mask) for mask in clip.masks])


def test_visible_frames_have_a_mask(clips: ProceduralClips) -> None:
    for index in range(len(clips)):
        visible = clips.visible_frames(index)
        assert len(visible) >= 2
        assert (np.diff(visible) > 0).all()
        chosen = visible[[0, len(visible) // 2, -1]]
        assert all(mask.sum() >= 30 for mask in clips.read(index, chosen).masks)


def test_a_frame_depends_on_seed_sequence_and_index_only(clips: ProceduralClips) -> None:
    ahead = clips.read(4, [11])
    for index in range(0, 10, 2):  # the scenes kept are others now
        clips.read(index, [0])
    again = clips.read(4, [3, 11])
    np.testing.assert_array_equal(ahead.images[0], again.images[1])
    np.testing.assert_array_equal(ahead.masks[0], again.masks[1])
    other = ProceduralClips(sequences=5, frames=12, width=200, height=112, seed=4)
    assert np.abs(other.read(4, [11]).images[0].astype(int) - ahead.images[0]).mean() > 5


def test_other_processes_render_the_same(clips: ProceduralClips) -> None:
    program = (
        "import hashlib\n"
        "from ltr.dataset.procedural import ProceduralClips\n"
        "clip = ProceduralClips(5, 12, 200, 112, 3).read(6, [9])\n"
        "print(hashlib.sha256(clip.images[0].tobytes() + clip.masks[0].tobytes()).hexdigest())\n"
    )
    here = pickle.loads(pickle.dumps(clips)).read(6, [9])  # a worker gets the data set like this
    expected = hashlib.sha256(here.images[0].tobytes() + here.masks[0].tobytes()).hexdigest()
    root = Path(__file__).resolve().parents[2]
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == expected


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_moves_and_deforms(kind: str) -> None:
    scene = make_scene(1, 240, 136, 12, Plot(kind=kind, hide=False, meeting="together", size=0.45))
    assert scene.labels == [MAIN, LOOK_ALIKE]
    before, after = scene.render(3), scene.render(8)
    for label in (MAIN, LOOK_ALIKE):
        first, last = before.labels == label, after.labels == label
        assert min(first.sum(), last.sum()) > 100
        # put on top of one another they still differ: it is no shift
        x0, y0, w0, h0 = mask_to_box(first)
        x1, y1, w1, h1 = mask_to_box(last)
        height, width = int(max(h0, h1)), int(max(w0, w1))
        crops = [
            np.pad(m, ((0, height), (0, width)))[int(y) : int(y) + height, int(x) : int(x) + width]
            for m, x, y in ((first, x0, y0), (last, x1, y1))
        ]
        assert (crops[0] != crops[1]).sum() > 0.02 * first.sum()


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_every_place_can_be_rendered(theme: str) -> None:
    frame = make_scene(2, 200, 112, 6, Plot(theme=theme)).render(3)
    assert frame.image.std() > 10  # not flat


@pytest.mark.parametrize("kind", PROPS)
def test_every_prop_hides_something_and_not_everything(kind: str) -> None:
    sprite = make_prop(np.random.default_rng(0), kind, 60, 0.25)
    assert 0.02 < (sprite.cover > 0.5).mean() < 0.95


def test_mask_marks_what_is_painted() -> None:
    """In other coats the scene looks different inside the masks and, soft edges aside, nowhere else."""
    scene = make_scene(5, 240, 136, 8, Plot(kind="quadruped", theme="meadow"))
    frame = scene.render(4)
    for actor in scene._actors:
        actor.creature._coat = 255 - actor.creature._coat  # the relief in the last channel must stay as it is
        actor.creature._coat[..., 3] = 255 - actor.creature._coat[..., 3]
    repainted = scene.render(4)
    np.testing.assert_array_equal(frame.labels, repainted.labels)
    changed = np.abs(frame.image.astype(int) - repainted.image).max(axis=2) > 12
    inside = frame.labels > 0
    near = cv2.dilate(inside.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert not (changed & ~near).any()
    assert changed[cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0].mean() > 0.8


def test_quick_look_agrees_with_the_masks() -> None:
    scene = make_scene(6, 320, 180, 10)
    for index in (0, 9):
        points, frame = scene.visible_points(index), scene.render(index)
        for label, count in points.items():
            area = (frame.labels == label).sum()
            assert abs(16 * count - area) < 0.15 * area + 120


def test_things_in_front_hide_what_is_behind() -> None:
    plot = Plot(kind="quadruped", theme="meadow", meeting="cross", in_front=True, hide=False)
    scene = make_scene(8, 240, 136, 16, plot)
    alone = make_scene(8, 240, 136, 16, plot)
    alone._actors = [actor for actor in alone._actors if actor.label == MAIN]
    lost = 0
    for index in range(0, 16, 3):
        whole, seen = alone.render(index).labels == MAIN, scene.render(index).labels
        assert not ((seen == MAIN) & ~whole).any()
        assert (seen[whole & (seen != MAIN)] == LOOK_ALIKE).all()
        lost += int((whole & (seen != MAIN)).sum())
    assert lost > 50  # they do meet


def test_laying_over_mixes_by_coverage() -> None:
    frame = np.full((4, 6, 3), 100, np.uint8)
    cover = np.array([[0.0, 0.5, 1.0]], np.float32)
    lay_over(frame, Patch(2, 1, np.full((1, 3, 3), 200, np.uint8), cover))
    assert frame[1, :, 0].tolist() == [100, 100, 100, 150, 200, 100]
    assert (frame[[0, 2, 3]] == 100).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"sequences": 0}, "sequences .* 0"), ({"width": 10}, "width .* 10"), ({"seed": -1}, "seed .* -1")],
)
def test_bad_numbers_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ProceduralClips(**options)


def test_frames_and_tracks_that_do_not_exist(clips: ProceduralClips) -> None:
    with pytest.raises(InputError, match="no frame 12: it has 12"):
        clips.read(0, [12])
    with pytest.raises(IndexError):
        clips.read(10, [0])
