"""The memory of the LWL tracker against its rule worked out in fractions, and in closed form."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from pytracking.tracker.lwl.memory import SampleMemory, SampleWeights


def plain_rule(
    given: int, capacity: int, rate: Fraction, least: Fraction, count: int
) -> tuple[list[Fraction], list[int]]:
    """Weights by place after ``count`` samples, and the places they took, in exact numbers."""
    weights = {place: Fraction(1, given) for place in range(given)}
    places: list[int] = []
    for _ in range(count):
        if len(weights) < capacity:
            place = len(weights)
        else:
            place = min(range(given, capacity), key=lambda p: weights[p])
        weights[place] = weights[places[-1]] / (1 - rate) if places else rate * (1 - rate)
        places.append(place)
        whole = sum(weights.values())
        weights = {p: w / whole for p, w in weights.items()}
        share = sum(weights[p] for p in range(given))
        if share < least:
            rest = sum(w for p, w in weights.items() if p >= given)
            weights = {p: least / given if p < given else w / rest * (1 - least) for p, w in weights.items()}
    return [weights[p] for p in range(len(weights))], places


@pytest.mark.parametrize("count", [0, 1, 2, 3, 14, 15, 16, 31, 32, 33, 70])
@pytest.mark.parametrize(
    ("given", "capacity", "rate", "least"),
    [
        (1, 32, "1/10", "1/4"),
        (3, 32, "1/10", "1/4"),
        (1, 2, "1/10", "1/4"),
        (2, 5, "3/5", "9/10"),
        (1, 4, "1/5", "0"),
    ],
)
def test_equals_the_rule_in_fractions(given: int, capacity: int, rate: str, least: str, count: int) -> None:
    exact, places = plain_rule(given, capacity, Fraction(rate), Fraction(least), count)
    weights = SampleWeights(given, capacity, float(Fraction(rate)), float(Fraction(least)))
    assert [weights.next_place() for _ in range(count)] == places
    np.testing.assert_allclose(weights.values, [float(w) for w in exact], rtol=1e-9)
    assert weights.values.sum() == pytest.approx(1) and len(weights.values) <= capacity


@pytest.mark.parametrize("count", [1, 5, 14, 15, 31])
def test_closed_form_while_the_memory_fills(count: int) -> None:
    """The k-th sample weighs 0.09 / 0.9^k times the first frame, which keeps a quarter from the 15th on."""
    weights = SampleWeights(1, 32, 0.1, 0.25)
    for _ in range(count):
        weights.next_place()
    growing = 0.09 / 0.9 ** np.arange(count)
    first = max(0.25, 1 / (1 + growing.sum()))
    assert (first == 0.25) == (count >= 15)
    np.testing.assert_allclose(weights.values, [first, *(growing / growing.sum() * (1 - first))], rtol=1e-9)


def test_the_oldest_sample_makes_room_and_the_given_ones_stay() -> None:
    memory = SampleMemory(*features(0, 1), SampleWeights(2, 5, 0.1, 0.25))
    for number in range(2, 12):
        x, e, w = features(number)
        memory.add(x[0], e[0], w[0])
        assert len(memory) == min(number + 1, 5)
    x, e, w = memory.samples()
    held = x[0, :, 0, 0, 0].tolist()
    assert held[:2] == [0, 1] and sorted(held[2:]) == [9, 10, 11]
    weights = dict(zip(held, memory.weights().tolist(), strict=True))
    assert weights[11] / weights[10] == pytest.approx(1 / 0.9)
    assert weights[10] / weights[9] == pytest.approx(1 / 0.9)
    assert weights[0] == weights[1] >= 0.125 - 1e-6
    assert e[0, :, 0, 0, 0].tolist() == [value + 0.25 for value in held]
    assert w[0, :, 0, 0, 0].tolist() == [value + 0.5 for value in held]
    assert memory.weights().dtype == torch.float32


def features(*numbers: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x, e and w that tell which samples they are."""
    values = torch.tensor(numbers, dtype=torch.float32)[:, None, None, None]
    return values.expand(-1, 4, 2, 3), (values + 0.25).expand(-1, 2, 2, 3), (values + 0.5).expand(-1, 2, 2, 3)


def test_samples_take_no_more_memory_than_at_the_start() -> None:
    memory = SampleMemory(*features(0), SampleWeights(1, 4, 0.1, 0.25))
    before = [t.untyped_storage().data_ptr() for t in memory.samples()]
    for number in range(20):
        x, e, w = features(number)
        memory.add(x[0], e[0], w[0])
    after = memory.samples()
    assert [t.untyped_storage().data_ptr() for t in after] == before
    assert [t.untyped_storage().nbytes() for t in after] == [
        4 * 4 * 2 * 3 * 4,
        4 * 2 * 2 * 3 * 4,
        4 * 2 * 2 * 3 * 4,
    ]


def test_what_was_added_may_change_afterwards() -> None:
    memory = SampleMemory(*features(0), SampleWeights(1, 4, 0.1, 0.25))
    x, e, w = (t[0].clone() for t in features(7))
    memory.add(x, e, w)
    x.zero_()
    assert memory.samples()[0][0, 1].unique().tolist() == [7]


@pytest.mark.parametrize(("given", "capacity"), [(0, 4), (4, 4), (5, 4)])
def test_samples_that_leave_no_place(given: int, capacity: int) -> None:
    with pytest.raises(ValueError, match=f"{given} given samples in {capacity} places"):
        SampleWeights(given, capacity, 0.1, 0.25)


def test_samples_that_are_not_those_weighed() -> None:
    with pytest.raises(ValueError, match="2 x, 2 e and 2 w for 1 given samples"):
        SampleMemory(*features(0, 1), SampleWeights(1, 4, 0.1, 0.25))
