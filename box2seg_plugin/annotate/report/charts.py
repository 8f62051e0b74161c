"""Charts as inline SVG: they take their colours from the page's style."""

from __future__ import annotations

from collections.abc import Sequence

from box2seg_plugin.annotate.report.histogram import Histogram
from box2seg_plugin.annotate.report.markup import number, text

WIDTH, HEIGHT = 320, 140
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 18, 22
"""Room around the bars, for the axis' numbers and the highest bar's count."""

CURVE_WIDTH, CURVE_HEIGHT = 120, 24
CURVE_STEPS = 250
"""A curve's values are 0..CURVE_STEPS; they fit a byte."""


def bar_chart(
    histogram: Histogram, title: str, meaning: str, names: Sequence[str], unit: str, open_end: bool = False
) -> str:
    """A histogram with its caption, as a ``<figure>``.

    Args:
        histogram: at least one value is in it.
        title, meaning: text: what is counted, and what its values mean.
        names: text for each series, the lowest first.
        unit: what is counted: "masks".
        open_end: whether the last bar holds all larger values too.
    """
    mean, middle = number(histogram.mean, 2), number(histogram.quantile(0.5), 2)
    tail = number(histogram.quantile(0.9 if open_end else 0.1), 2)
    said = (
        f"mean {mean}, median {middle}, {'highest tenth above' if open_end else 'lowest tenth below'} {tail}"
    )
    alt = f"Histogram of {title} of {histogram.total:,} {unit}: {said}"
    return (
        f'<figure class="chart"><figcaption><b>{text(title)}</b> {text(meaning)}</figcaption>\n'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(alt)}">'
        f"{_bars(histogram, names)}{_axis(histogram, open_end)}</svg>\n"
        f'<p class="said">{text(said)}</p></figure>'
    )


def _bars(histogram: Histogram, names: Sequence[str]) -> str:
    """One rectangle for each series of each bar; pointing at a bar shows its numbers."""
    stacks, edges = histogram.stacks(), histogram.edges()
    highest = max(1, *(sum(stack) for stack in stacks))
    step = (WIDTH - LEFT - RIGHT) / len(stacks)
    room = HEIGHT - TOP - BOTTOM
    parts = []
    for i, stack in enumerate(stacks):
        x, y = LEFT + i * step + 0.75, float(HEIGHT - BOTTOM)
        counts = ", ".join(
            f"{count:,} {name}" for count, name in zip(stack, names, strict=True) if count or len(names) == 1
        )
        shapes = []
        for series, count in enumerate(stack):
            if count:
                height = max(1.0, room * count / highest)  # a single mask among a million is seen
                y -= height
                shapes.append(
                    f'<rect class="s{series}" x="{x:.2f}" y="{y:.2f}" width="{step - 1.5:.2f}" '
                    f'height="{height:.2f}"/>'
                )
        if shapes:
            span = f"{edges[i]:.2f} to {edges[i + 1]:.2f}"
            parts.append(f"<g><title>{text(f'{span}: {counts}')}</title>{''.join(shapes)}</g>")
    best = max(range(len(stacks)), key=lambda i: sum(stacks[i]))
    anchor = "start" if best < len(stacks) / 4 else "end" if best > len(stacks) * 3 / 4 else "middle"
    x = LEFT + (best + {"start": 0.1, "middle": 0.5, "end": 0.9}[anchor]) * step
    label = f'<text x="{x:.2f}" y="{TOP - 4}" text-anchor="{anchor}">{sum(stacks[best]):,}</text>'
    return "".join(parts) + label


def _axis(histogram: Histogram, open_end: bool) -> str:
    """A line below the bars with five numbers."""
    y = HEIGHT - BOTTOM
    parts = [f'<path class="axis" d="M{LEFT} {y + 0.5}H{WIDTH - RIGHT}"/>']
    for i in range(5):
        value = histogram.low + (histogram.high - histogram.low) * i / 4
        x = LEFT + (WIDTH - LEFT - RIGHT) * i / 4
        anchor = ("start", "middle", "middle", "middle", "end")[i]
        more = "+" if open_end and i == 4 else ""
        parts.append(f'<text x="{x:g}" y="{HEIGHT - 5}" text-anchor="{anchor}">{value:g}{more}</text>')
    return "".join(parts)


def curve(values: bytes, alt: str) -> str:
    """A small line through values of 0..``CURVE_STEPS``, of any number; nothing without values."""
    if not values:
        return ""
    last = max(1, len(values) - 1)
    points = [
        (2 + (CURVE_WIDTH - 4) * i / last, 2 + (CURVE_HEIGHT - 4) * (1 - value / CURVE_STEPS))
        for i, value in enumerate(values)
    ]
    if len(points) == 1:
        points.append((CURVE_WIDTH - 2.0, points[0][1]))
    line = " ".join(f"{x:.4g},{y:.3g}" for x, y in points)
    return (
        f'<svg class="curve" viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}" role="img" aria-label="{text(alt)}">'
        f'<polyline points="{line}"/></svg>'
    )
