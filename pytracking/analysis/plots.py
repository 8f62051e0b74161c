"""Draws success and precision plots: one line for each tracker, best first. Needs matplotlib."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ltr.errors import InputError
from pytracking.analysis.report import Evaluation
from pytracking.analysis.whole_file import whole_file

_DASHES = ("-", "--", "-.", ":")
_COLOURS = 10  # of matplotlib's standard cycle


@dataclass(frozen=True)
class Plot:
    """Which of an evaluation's curves is drawn, and what is written at it.

    Attributes:
        curve: its name; also the end of the file's name.
        score: the score that the legend gives and that orders it.
        title, x_label, y_label: texts. Values are drawn in percent.
    """

    curve: str
    score: str
    title: str
    x_label: str
    y_label: str


def success_plot(score: str) -> Plot:
    """Share of frames over the overlap that is asked for."""
    return Plot("success", score, "Success plot", "Overlap threshold", "Overlap precision [%]")


def precision_plot(score: str) -> Plot:
    """Share of frames over the distance of centres that is allowed."""
    label = "Location error threshold [pixels]"
    return Plot("precision", score, "Precision plot", label, "Distance precision [%]")


def normalised_precision_plot(score: str) -> Plot:
    """The same with the distance measured in the target's sizes."""
    label = "Location error threshold [target sizes]"
    return Plot("normalised_precision", score, "Normalised precision plot", label, "Distance precision [%]")


def expected_overlap_plot() -> Plot:
    """VOT's mean overlap over the length of a run."""
    return Plot("expected_overlap", "EAO", "Expected overlap", "Sequence length [frames]", "Overlap [%]")


def draw_plot(path: Path, plot: Plot, evaluations: Mapping[str, Evaluation], dataset: str) -> None:
    """Draw one plot into a file.

    Args:
        path: its suffix gives the format: .png, .pdf, .svg.
        plot: what is drawn.
        evaluations: tracker -> its evaluation, which has the curve and the score.
        dataset: named in the title.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # only who draws needs it
    except ImportError:
        raise InputError("plots need matplotlib: pip install 'box2seg[plots]'") from None
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.add_subplot()
    ranked = sorted(evaluations.items(), key=lambda item: -item[1].scores[plot.score])
    for rank, (tracker, evaluation) in enumerate(ranked):
        curve = evaluation.curves[plot.curve]
        axes.plot(
            curve.thresholds,
            100 * curve.values,
            label=f"[{evaluation.scores[plot.score]:.3f}] {tracker}",
            color=f"C{rank % _COLOURS}",
            linestyle=_DASHES[rank // _COLOURS % len(_DASHES)],
            linewidth=2,
        )
    low, high = ranked[0][1].curves[plot.curve].thresholds[[0, -1]]
    axes.set(title=f"{plot.title} of {dataset}", xlabel=plot.x_label, ylabel=plot.y_label)
    axes.set(xlim=(low, high), ylim=(0, 100))
    axes.grid(linestyle=":", color="0.7")
    axes.legend(loc="lower right" if "precision" in plot.curve else "lower left", fontsize="small")
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150)
