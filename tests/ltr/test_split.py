"""Splitting data sets into A and B, and hiding B's masks."""

import numpy as np
import pytest

from ltr.data.boxes import mask_to_box
from ltr.data.clip_processing import CropJitter, process_clip
from ltr.data.hidden_masks import HiddenMasks
from ltr.data.mask_io import VOID
from ltr.data.sampler import VideoClips
from ltr.dataset.interface import Clip, VideoDataset
from ltr.dataset.mixed_stills import MixedStills
from ltr.dataset.procedural import ProceduralClips
from ltr.dataset.split import SPLIT_SEED, split_pictures, split_videos
from ltr.errors import InputError

VIDEOS = ProceduralClips(sequences=20, frames=12)  # two tracks each


class Stills:
    """As many stills as wanted, each with its number in its image; ``objects`` share a picture."""

    def __init__(self, name: str, count: int, objects: int) -> None:
        self.name, self.count, self.objects = name, count, objects

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((8, 8, 3), index, np.uint8), np.ones((8, 8), np.uint8)

    def picture(self, index: int) -> str:
        return f"{index // self.objects:03d}.jpg"


# videos


def test_parts_are_disjoint_and_complete_and_keep_sequences_whole() -> None:
    a, b = split_videos(VIDEOS)
    of_a, of_b = ({part.sequence(track) for track in range(len(part))} for part in (a, b))
    assert (len(of_a), len(of_b)) == (2, 18)
    assert not of_a & of_b
    assert (len(a), len(b)) == (4, 36)
    assert {(part.sequence(t), part.object_id(t)) for part in (a, b) for t in range(len(part))} == {
        (VIDEOS.sequence(t), VIDEOS.object_id(t)) for t in range(len(VIDEOS))
    }


def test_the_seed_decides_the_split_and_stays_what_it_is() -> None:
    def names(**options: object) -> set[str]:
        a, _ = split_videos(VIDEOS, 0.25, **options)  # type: ignore[arg-type]
        return {a.sequence(track) for track in range(len(a))}

    assert names() == names(seed=SPLIT_SEED)
    assert any(names(seed=seed) != names() for seed in range(5))
    ordered = sorted({VIDEOS.sequence(track) for track in range(len(VIDEOS))})
    drawn = np.random.default_rng(SPLIT_SEED).permutation(20)[:5]
    assert names() == {ordered[i] for i in drawn}  # as its documentation says


def test_a_subset_reads_what_the_whole_reads() -> None:
    _, b = split_videos(VIDEOS)
    assert isinstance(b, VideoDataset)
    track = 7
    whole = next(
        t
        for t in range(len(VIDEOS))
        if (VIDEOS.sequence(t), VIDEOS.object_id(t)) == (b.sequence(track), b.object_id(track))
    )
    frames = b.visible_frames(track)
    assert frames.tolist() == VIDEOS.visible_frames(whole).tolist()
    ours, theirs = b.read(track, frames[:2].tolist()), VIDEOS.read(whole, frames[:2].tolist())
    assert all(np.array_equal(x, y) for x, y in zip(ours.masks, theirs.masks, strict=True))
    assert b.name == "procedural (B of a split 0.1 : 0.9, seed 2021)"


def test_both_parts_get_something_and_what_cannot_be_split_is_told() -> None:
    two = ProceduralClips(sequences=2, frames=12)
    for share in (0.01, 0.99):
        assert all(len(part) for part in split_videos(two, share))
    with pytest.raises(InputError, match="procedural has 1 items"):
        split_videos(ProceduralClips(sequences=1, frames=12))
    with pytest.raises(ValueError, match=r"share is 1: must be in \(0, 1\)"):
        split_videos(two, 1)


# stills


def test_pictures_of_each_data_set_are_split_and_keep_their_objects() -> None:
    mix = MixedStills([Stills("one", 60, 1), Stills("many", 40, 4)])
    a, b = split_pictures(mix)
    assert (len(a), len(b)) == (6 + 4, 54 + 36)
    assert [len(part) for part in a.datasets] == [6, 4]
    seen = {part: [int(part[i][0][0, 0, 0]) for i in range(len(part))] for part in (a, b)}
    assert sorted(seen[a][:6] + seen[b][:54]) == list(range(60))
    assert len({number // 4 for number in seen[a][6:]}) == 1  # one picture with its four objects
    assert sorted(seen[a][6:] + seen[b][54:]) == list(range(40))
    assert a.name == "one + many (A of a split 0.1 : 0.9, seed 2021)"
    assert b.name == "one + many (B of a split 0.1 : 0.9, seed 2021)"


def test_stills_of_one_data_set_are_split_too() -> None:
    a, b = split_pictures(Stills("one", 10, 1), share=0.3)
    assert (len(a), len(b)) == (3, 7)


# hidden masks


def test_hidden_masks_show_the_box_and_nothing_else() -> None:
    clips = VideoClips(VIDEOS, max_gap=6)
    true = clips.sample(np.random.default_rng(4), 3)
    hidden = HiddenMasks(clips).sample(np.random.default_rng(4), 3)
    assert all(np.array_equal(x, y) for x, y in zip(true.images, hidden.images, strict=True))
    assert np.array_equal(true.boxes, hidden.boxes)
    for mask, box in zip(hidden.masks, hidden.boxes, strict=True):
        x, y, w, h = (int(value) for value in box)
        assert (mask[y : y + h, x : x + w] == VOID).all()
        assert int((mask > 0).sum()) == w * h
        assert mask_to_box(mask).tolist() == box.tolist()


def test_hidden_masks_pass_through_the_crop() -> None:
    image, mask = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8)
    mask[10:30, 20:50] = 1
    boxes = np.array([[20.0, 10, 30, 20]])

    class Source:
        name = "one clip"

        def sample(self, rng: np.random.Generator, frames: int) -> Clip:
            return Clip([image], [mask], boxes, "clip")

    rng = np.random.default_rng(0)
    jitter = CropJitter(scale=1.5, scale_sigma=0, shift=0, flip=1.0)
    sample = process_clip(HiddenMasks(Source()).sample(rng, 1), jitter, (64, 64), rng)
    inside = (sample.masks[0] == VOID).numpy()
    assert set(sample.masks.unique().tolist()) == {0, VOID}
    assert np.abs(mask_to_box(inside) - sample.boxes[0].numpy()).max() <= 1
