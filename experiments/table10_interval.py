"""Table 10: J by the distance between the frames of a window.

python experiments/table10_interval.py --root DAVIS
"""

from __future__ import annotations

import sys

from table_command import main
from table_rows import Table, Varied

INTERVALS = Varied("interval", [1, 3, 5, 10, 15], "--intervals")

TABLE = Table(
    name="table10_interval",
    title="Interval between frames (the paper's Table 10)",
    about=(
        "One network, boxes in every frame. Where a video is shorter than (T - 1) times the interval, "
        "windows shrink: a column shows their mean length."
    ),
    first="interval",
    add_arguments=INTERVALS.add_arguments,
    rows=INTERVALS.rows,
    columns=("frames a window",),
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
