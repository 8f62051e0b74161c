"""Parameters changed by what a user writes: a table of texts and values, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ltr.errors import InputError
from pytracking.evaluation.parameter_changes import make_parameters, parse_changes
from pytracking.tracker.lwl.parameters import LWLParameters


@dataclass(frozen=True)
class Parameters:
    model: str = "small"
    steps: int = 3
    scale: float | None = None
    name: str | None = None
    fast: bool = False
    limits: tuple[float, float] = (0.9, 1.1)
    sides: tuple[int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    hidden: int = field(default=1, init=False)


@pytest.mark.parametrize(
    ("text", "field_name", "value"),
    [
        ("model=a=b c.pth", "model", "a=b c.pth"),
        ("model=4", "model", "4"),
        ("model=", "model", ""),
        ("model=none", "model", "none"),
        ("steps=12", "steps", 12),
        ("scale=4", "scale", 4.0),
        ("scale=1e-2", "scale", 0.01),
        ("scale=None", "scale", None),
        ("name=none", "name", None),
        ("name=3", "name", "3"),
        ("fast=True", "fast", True),
        ("fast=false", "fast", False),
        ("limits=0.5, 2", "limits", (0.5, 2.0)),
        ("sides=1,2,3", "sides", (1, 2, 3)),
    ],
)
def test_values_have_their_fields_types(text: str, field_name: str, value: object) -> None:
    found = parse_changes([text], "x/y", Parameters())
    assert found == {field_name: value} and type(found[field_name]) is type(value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["steps=2.5"], '"steps=2.5": must be a whole number'),
        (["steps=none"], "must be a whole number"),
        (["scale=wide"], '"scale=wide": must be none or a number'),
        (["fast=1"], "must be true or false"),
        (["limits=1"], "must be a number, a number with commas between"),
        (["limits=1,2,3"], "must be a number, a number"),
        (["options=a"], "options cannot be set from a text"),
        (["hidden=2"], 'field of the parameters "x/y": "hidden"; known: model, steps'),
        (["stepz=2"], 'did you mean "steps"'),
        (["steps"], '"steps": must be FIELD=VALUE'),
        (["=2"], '"=2": must be FIELD=VALUE'),
        (["steps=1", "steps=1"], '"steps=1": steps is set twice'),
    ],
)
def test_what_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_changes(texts, "x/y", Parameters())
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_parameters_that_are_no_dataclass() -> None:
    assert parse_changes([], "x/y", object()) == {}
    with pytest.raises(InputError, match='parameters "x/y" are no dataclass'):
        parse_changes(["a=1"], "x/y", Path())


def test_annotations_that_cannot_be_resolved_give_way_to_values() -> None:
    @dataclass
    class Odd:
        steps: "NoSuchType" = 3  # type: ignore[name-defined]  # noqa: F821

    assert parse_changes(["steps=4"], "x/y", Odd()) == {"steps": 4}


def test_factories_are_called_with_changes_alone() -> None:
    assert make_parameters(lambda: 7, "x/y", {}) == 7
    assert make_parameters(Parameters, "x/y", {"steps": 9}) == Parameters(steps=9)
    with pytest.raises(InputError, match='parameters "x/y" cannot be changed in steps: '):
        make_parameters(lambda: 7, "x/y", {"steps": 9})


def test_every_plain_field_of_lwl_can_be_set() -> None:
    texts = [
        "model=a.pth", "device=cpu", "memory_size=8", "first_steps=none", "search_scale=4", "min_mask_sum=10",
        "scale_limits=0.9,1.2", "initializer=grabcut",
    ]  # fmt: skip
    changes = parse_changes(texts, "lwl/default", LWLParameters())
    assert LWLParameters(**changes) == LWLParameters(
        model="a.pth", device="cpu", memory_size=8, first_steps=None, search_scale=4.0, min_mask_sum=10.0,
        scale_limits=(0.9, 1.2), initializer="grabcut",
    )  # fmt: skip
