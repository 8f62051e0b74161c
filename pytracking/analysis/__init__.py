"""Scores results as the official toolkits of the benchmarks do: one file for each, in numpy.

``python -m pytracking.analysis`` is the command; ``datasets`` lists what it knows.
"""
