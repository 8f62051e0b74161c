"""Which tracks and frames training clips are made of."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.random import Generator

from ltr.data.boxes import ABSENT
from ltr.data.sampler import MixedClips, VideoClips
from ltr.dataset.interface import Clip
from ltr.errors import InputError


class Tracks:
    """A data set that reads nothing: clips hold the frame numbers in their boxes."""

    name = "tracks"

    def __init__(self, visible: Sequence[Sequence[int]], gone: Sequence[int] = ()) -> None:
        self.visible, self.gone = visible, gone

    def __len__(self) -> int:
        return len(self.visible)

    def visible_frames(self, index: int) -> np.ndarray:
        return np.array(self.visible[index], dtype=np.int64)

    def sequence(self, index: int) -> str:
        return str(index)

    def object_id(self, index: int) -> int:
        return 1

    def read(self, index: int, frames: Sequence[int]) -> Clip:
        image, mask = np.zeros((1, 1, 3), np.uint8), np.ones((1, 1), np.uint8)
        boxes = [ABSENT if frame in self.gone else (frame, 0, 1, 1) for frame in frames]
        return Clip([image] * len(frames), [mask] * len(frames), np.array(boxes, float), str(index))


class OneName:
    """A source whose clips are all called the same."""

    def __init__(self, name: str) -> None:
        self.name = name

    def sample(self, rng: Generator, frames: int) -> Clip:
        return Clip([], [], np.zeros((0, 4)), self.name)


def drawn(source: VideoClips, frames: int = 3, times: int = 200) -> np.ndarray:
    """Frame numbers of many clips, (times, frames)."""
    return np.stack([source.sample(np.random.default_rng(i), frames).boxes[:, 0] for i in range(times)])


def test_frames_are_visible_in_order_and_near_each_other() -> None:
    visible = list(range(0, 400, 7))
    chosen = drawn(VideoClips(Tracks([visible]), max_gap=50))
    assert np.isin(chosen, visible).all()
    assert (np.diff(chosen, axis=1) >= 0).all()
    spans = chosen[:, -1] - chosen[:, 0]
    assert spans.max() <= 50
    assert spans.max() > 40
    assert chosen.min() < 30
    assert chosen.max() > 370


def test_a_short_track_gives_frames_twice() -> None:
    assert set(drawn(VideoClips(Tracks([[4]])), frames=5).ravel()) == {4}


def test_tracks_are_drawn_evenly_and_those_never_visible_not_at_all() -> None:
    source = VideoClips(Tracks([[1], [], [2], [3]]))
    counts = Counter(drawn(source, frames=1, times=600).ravel().tolist())
    assert set(counts) == {1, 2, 3}
    assert min(counts.values()) > 150


def test_a_frame_that_proves_empty_is_not_used() -> None:
    """YouTube-VOS lists frames whose masks are empty."""
    chosen = drawn(VideoClips(Tracks([[1, 2, 3]], gone=[2])))
    assert set(chosen.ravel().tolist()) == {1, 3}


def test_nothing_to_draw_is_an_input_error() -> None:
    with pytest.raises(InputError, match="tracks: no track"):
        VideoClips(Tracks([]))
    for tracks in (Tracks([[], []]), Tracks([[2]], gone=[2])):
        with pytest.raises(InputError, match="tracks: no visible object in 100 draws"):
            VideoClips(tracks).sample(np.random.default_rng(0), 3)


def test_sources_are_mixed_in_the_ratio_given() -> None:
    mix = MixedClips([OneName("a"), OneName("b")], [6, 1])
    assert mix.name == "a + b"
    counts = Counter(mix.sample(np.random.default_rng(i), 1).name for i in range(1400))
    assert counts["a"] + counts["b"] == 1400
    assert 160 <= counts["b"] <= 240


@pytest.mark.parametrize("ratios", [[1.0], [1.0, 0.0], [1.0, -1.0]])
def test_ratios_must_be_positive_and_one_for_each(ratios: list[float]) -> None:
    with pytest.raises(ValueError, match="ratio"):
        MixedClips([OneName("a"), OneName("b")], ratios)
