"""Files that other programs wrote, read as data: nothing that they name is imported, nothing of them runs."""
