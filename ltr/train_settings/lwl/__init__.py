"""Training settings of LWL: one dataclass, and what each named setting changes in it."""
