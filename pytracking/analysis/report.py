"""What an evaluation gives back, and how it is written: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytracking.analysis.overlap import Curve
from pytracking.analysis.whole_file import whole_file

Scores = Mapping[str, float]


@dataclass(frozen=True)
class Evaluation:
    """The scores of one tracker on one data set.

    Attributes:
        scores: the benchmark's numbers in the benchmark's unit, most important first.
        per_sequence: the same or some of them for each sequence (for masks: each object).
        curves: "success", "precision" ... where the benchmark draws them.
    """

    scores: Scores
    per_sequence: Mapping[str, Scores]
    curves: Mapping[str, Curve] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The content as what the json module writes."""
        curves = {
            name: {"thresholds": curve.thresholds.tolist(), "values": curve.values.tolist()}
            for name, curve in self.curves.items()
        }
        sequences = {name: dict(scores) for name, scores in self.per_sequence.items()}
        return {"scores": dict(self.scores), "sequences": sequences, "curves": curves}


def format_table(title: str, evaluations: Mapping[str, Evaluation]) -> str:
    """The scores as text, one row for each tracker, the best first.

    Args:
        title: head of the first column, the data set's name.
        evaluations: tracker -> its evaluation; all of the same benchmark, at least one.
    """
    columns = list(next(iter(evaluations.values())).scores)
    ranked = sorted(evaluations.items(), key=lambda item: -item[1].scores[columns[0]])
    rows = [[title, *columns]]
    rows += [[name, *(f"{scored.scores[column]:.3f}" for column in columns)] for name, scored in ranked]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(_format_row(row, widths) for row in rows)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, whose first column is text and whose others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def write_json(path: Path, dataset: str, evaluations: Mapping[str, Evaluation]) -> None:
    """Write everything about the trackers into one file, which is there whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    content = {
        "dataset": dataset,
        "trackers": {tracker: evaluation.to_json() for tracker, evaluation in evaluations.items()},
    }
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _format_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, the others to the right."""
    first = cells[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))])
