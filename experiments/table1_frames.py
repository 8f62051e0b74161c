"""Table 1: J by the number of frames that are looked at together.

python experiments/table1_frames.py --root DAVIS
"""

from __future__ import annotations

import sys

from table_command import main
from table_rows import Table, Varied

FRAMES = Varied("frames", [1, 3, 5, 7, 9], "--frames")

TABLE = Table(
    name="table1_frames",
    title="Number of frames (the paper's Table 1)",
    about="One network, used with windows of T frames. T = 1 segments each frame by itself.",
    first="T",
    add_arguments=FRAMES.add_arguments,
    rows=FRAMES.rows,
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
