"""Table 9: J by the size of the crop around the box.

python experiments/table9_scale.py --root DAVIS
"""

from __future__ import annotations

import sys

from table_command import main
from table_rows import Table, Varied

SCALES = Varied("scale", [1.3, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0], "--scales")

TABLE = Table(
    name="table9_scale",
    title="Crop scale (the paper's Table 9)",
    about=(
        "One network, shown crops whose side is so many times the box's (geometric mean over both axes). A "
        "network that asks for the whole box in its crop (crop_cover) has it at any scale."
    ),
    first="scale",
    add_arguments=SCALES.add_arguments,
    rows=SCALES.rows,
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
