"""Table 8: J by the number of refinement passes.

python experiments/table8_iterations.py --root DAVIS
"""

from __future__ import annotations

import sys

from table_command import main
from table_rows import Table, Varied

PASSES = Varied("refinements", [0, 1, 2, 3], "--passes")

TABLE = Table(
    name="table8_iterations",
    title="Number of refinement passes (the paper's Table 8)",
    about="One network, used with so many passes, whichever it was trained with. 0 is its first prediction.",
    first="passes",
    add_arguments=PASSES.add_arguments,
    rows=PASSES.rows,
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
