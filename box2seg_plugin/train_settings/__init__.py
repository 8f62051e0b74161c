"""Training settings of Box2Seg: one dataclass, and what each named setting changes in it."""
