"""Names for what is chosen by name: what is stored, what a wrong name and a taken one lead to."""

import logging
from collections.abc import Callable

import pytest

from ltr.errors import InputError
from ltr.registry import ACTORS, DATASETS, NETWORKS, TRAIN_SETTINGS, Registry, unknown_name
from pytracking.registry import INITIALIZERS, PARAMETERS, TRACKERS

Shape = Callable[[], str]


def disc() -> str:
    return "disc"


def square() -> str:
    return "square"


@pytest.fixture
def shapes() -> Registry[Shape]:
    return Registry("shape")


def test_gives_back_what_was_registered(shapes: Registry[Shape]) -> None:
    assert shapes.register("disc", disc) is disc
    assert shapes.get("disc") is disc


def test_decorator_registers_and_leaves_the_function_alone(shapes: Registry[Shape]) -> None:
    @shapes.register("cross")
    def cross() -> str:
        return "cross"

    assert cross() == "cross"
    assert shapes.get("cross") is cross


def test_lists_names_sorted_and_answers_in(shapes: Registry[Shape]) -> None:
    shapes.register("square", square)
    shapes.register("disc", disc)
    assert shapes.names() == list(shapes) == ["disc", "square"]
    assert len(shapes) == 2
    assert "disc" in shapes
    assert "cone" not in shapes
    assert 3 not in shapes


def test_unknown_name_lists_the_known_and_points_at_the_closest(shapes: Registry[Shape]) -> None:
    shapes.register("square", square)
    shapes.register("disc", disc)
    with pytest.raises(InputError) as error:
        shapes.get("sqare")
    assert str(error.value) == 'unknown shape "sqare"; known: disc, square; did you mean "square"?'


def test_unknown_name_without_a_close_one_and_in_an_empty_registry(shapes: Registry[Shape]) -> None:
    with pytest.raises(InputError, match=r'^unknown shape "disc"; known: none$'):
        shapes.get("disc")
    assert str(unknown_name("shape", "zzz", ["disc"])) == 'unknown shape "zzz"; known: disc'


def test_overwriting_warns_and_takes_the_new_one(
    shapes: Registry[Shape], caplog: pytest.LogCaptureFixture
) -> None:
    shapes.register("disc", disc)
    with caplog.at_level(logging.WARNING):
        shapes.register("disc", square)
    assert shapes.get("disc") is square
    assert 'shape "disc"' in caplog.text
    assert "square" in caplog.text


def test_registering_the_same_again_is_silent(
    shapes: Registry[Shape], caplog: pytest.LogCaptureFixture
) -> None:
    shapes.register("disc", disc)
    shapes.register("disc", disc)
    assert not caplog.records


def test_registries_share_nothing() -> None:
    registries = [NETWORKS, ACTORS, DATASETS, TRAIN_SETTINGS, TRACKERS, PARAMETERS, INITIALIZERS]
    assert len({registry.kind for registry in registries}) == len(registries)
    first, second = Registry[Shape]("a"), Registry[Shape]("b")
    first.register("disc", disc)
    assert "disc" not in second
