"""Parameters of the LWL tracker: their limits, and the sets that have a name."""

import logging
from pathlib import Path

import pytest

from ltr.checkpoint import read_weights, save_weights
from ltr.errors import InputError
from ltr.models.lwl_variants import BUNDLED
from ltr.plugins import load_plugins
from ltr.registry import Registry
from pytracking import catalog, registry
from pytracking.tracker.lwl.parameters import LWLParameters
from pytracking.tracker.lwl.tracker import LWLTracker

INITIALIZER_OF = {
    "lwl/default": None,
    "lwl/rectangle_init": "rectangle",
    "lwl/ellipse_init": "ellipse",
    "lwl/grabcut_init": "grabcut",
    "lwl/box2seg_init": "box2seg",
}


@pytest.mark.parametrize("name", INITIALIZER_OF)
def test_named_parameters_differ_in_the_initializer(name: str) -> None:
    load_plugins()
    parameters = registry.PARAMETERS.get(name)()
    assert parameters == LWLParameters(initializer=INITIALIZER_OF[name])
    assert parameters.initializer is None or parameters.initializer in registry.INITIALIZERS


@pytest.mark.parametrize("name", INITIALIZER_OF)
def test_named_parameters_take_changes(name: str) -> None:
    load_plugins()
    changed = registry.PARAMETERS.get(name)(memory_size=8, initializer="ellipse")
    assert changed == LWLParameters(memory_size=8, initializer="ellipse")


def test_other_weights_have_another_digest(tmp_path: Path) -> None:
    first = LWLParameters().weights_digests()
    assert first == LWLParameters(memory_size=8).weights_digests() and first.keys() == {"model"}
    weights = read_weights(BUNDLED / "lwl_small.safetensors")
    name = next(iter(weights.tensors))
    for change in (0.0, 0.5):
        tensors = weights.tensors | {name: weights.tensors[name] + change}
        save_weights(tmp_path / "other.safetensors", tensors, weights.network, weights.config)
        digests = LWLParameters(str(tmp_path / "other.safetensors")).weights_digests()
        assert (digests == first) == (change == 0)
    with pytest.raises(InputError, match="nosuch"):
        LWLParameters("nosuch").weights_digests()


def test_the_tracker_is_called_lwl() -> None:
    load_plugins()
    assert registry.TRACKERS.get("lwl") is LWLTracker


def test_what_a_plugin_has_registered_stays(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trackers, parameters = Registry("tracker"), Registry("tracker parameters")
    trackers.register("lwl", mine := object())
    monkeypatch.setattr(registry, "TRACKERS", trackers)
    monkeypatch.setattr(registry, "PARAMETERS", parameters)
    with caplog.at_level(logging.WARNING):
        catalog.register_trackers()
        catalog.register_trackers()
    assert trackers.get("lwl") is mine
    assert parameters.names() == sorted(set(INITIALIZER_OF) - {"lwl/box2seg_init"})
    assert not caplog.records


def test_the_defaults_are_the_authors() -> None:
    parameters = LWLParameters()
    assert (parameters.memory_size, parameters.learning_rate, parameters.first_weight) == (32, 0.1, 0.25)
    assert (parameters.scale_limits, parameters.min_mask_sum, parameters.update_every) == (
        (0.95, 1.1),
        100,
        1,
    )
    assert (parameters.first_steps, parameters.update_steps, parameters.search_scale) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("memory_size", 1, "memory_size is 1: must be a whole number from 2 to 1024"),
        ("memory_size", 8.0, "whole number"),
        ("memory_size", True, "whole number"),
        ("learning_rate", 1.0, "learning_rate is 1.0: must be from 0.001 to 0.999"),
        ("learning_rate", float("nan"), "learning_rate is nan"),
        ("learning_rate", "0.1", "learning_rate is '0.1'"),
        ("learning_rate", None, "learning_rate is None"),
        ("first_weight", -0.1, "first_weight is -0.1"),
        ("first_steps", -1, "first_steps is -1"),
        ("update_steps", 2.5, "update_steps is 2.5: must be a whole number"),
        ("update_every", 0, "update_every is 0"),
        ("search_scale", 0.5, "search_scale is 0.5: must be from 1 to 100"),
        ("scale_limits", (1.2, 1.3), "scale_limits is"),
        ("scale_limits", (0, 1.1), "scale_limits is"),
        ("scale_limits", (0.9, float("inf")), "scale_limits is"),
        ("scale_limits", (0.9,), "must be two numbers"),
        ("min_mask_sum", -1, "min_mask_sum is -1"),
        ("batch", 0, "batch is 0"),
        ("device", "tpu", 'device is "tpu": must be one of auto, cpu, cuda'),
        ("precision", "fp16", 'precision is "fp16": must be one of auto, fp32, bf16'),
    ],
)
def test_values_out_of_range(field: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        LWLParameters(**{field: value})
    assert "\n" not in str(caught.value)
