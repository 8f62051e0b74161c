"""Chooses what a scene consists of: place, actors, their walks, and what stands in the way."""

from dataclasses import dataclass, replace

import numpy as np

from ltr.rendering.bodies import KINDS
from ltr.rendering.coats import FAMILIES, CoatStyle, make_coat, random_style, vary_style
from ltr.rendering.creatures import Creature
from ltr.rendering.noise import FloatField, Picture
from ltr.rendering.props import make_prop, soften, veil
from ltr.rendering.scene import Actor, Camera, Prop, Scene
from ltr.rendering.skeletons import Skeleton
from ltr.rendering.stage import THEMES, Stage

MAIN, LOOK_ALIKE = 1, 2
"""Labels of the two actors of every scene."""

PLACES_OF = {
    "fish": ("seabed",),
    "bird": ("meadow", "cliffs", "savanna", "snow"),
    "car": ("street", "meadow", "savanna", "snow"),
}
"""Where a kind of creature is met; those not listed are met anywhere but in the sea."""


@dataclass(frozen=True)
class Plot:
    """What happens; None leaves it to chance.

    Attributes:
        kind: of the two actors, one of ``KINDS``.
        theme: one of ``THEMES``.
        style: what they wear.
        meeting: "cross" (they meet and pass), "together" (side by side, overlapping) or "stand" (the
            look-alike waits, the main actor passes).
        hide: whether something stands in front of where the main actor passes.
        follow: how much the camera goes along with the main actor; 1 keeps it in the middle.
        size: of the main actor, share of the frame's height.
        in_front: whether the look-alike passes before the main actor, else behind it.
    """

    kind: str | None = None
    theme: str | None = None
    style: CoatStyle | None = None
    meeting: str | None = None
    hide: bool | None = None
    follow: float | None = None
    size: float | None = None
    in_front: bool | None = None


def make_scene(
    seed: int | list[int], width: int, height: int, frames: int, plot: Plot | None = None
) -> Scene:
    """Make a scene of two actors that look alike; the same arguments give the same scene.

    Args:
        seed: of everything that is left to chance.
        width, height: size of the frames, pixels.
        frames: how many.
        plot: what is not left to chance.
    """
    rng = np.random.default_rng(seed)
    plot = _fill_in(rng, plot or Plot())
    assert plot.kind and plot.theme and plot.size and plot.follow is not None  # _fill_in left nothing open
    theme = THEMES[plot.theme]
    skeleton = KINDS[plot.kind](rng)
    left, top, right, bottom = skeleton.extent
    size = plot.size * height / max(bottom - top, 0.6 * (right - left))
    facing = int(rng.choice([-1, 1]))
    gait_period = rng.uniform(15, 30)
    speed = max(skeleton.stride * size / gait_period, 0.5) if plot.kind != "car" else rng.uniform(3, 6)
    t = np.arange(frames) - (frames - 1) / 2
    camera = _make_camera(rng, frames, facing * speed * plot.follow)
    stage = Stage(rng, theme, width, height, float(np.abs(camera.x).max()))
    light = np.array([rng.uniform(-0.6, 0.6), -0.7, rng.uniform(0.4, 0.8)], np.float32)
    light /= np.linalg.norm(light)
    families = FAMILIES if plot.kind == "fish" else [family for family in FAMILIES if family != "scales"]
    style = plot.style or random_style(rng, families, stage.ground_colours if rng.random() < 0.3 else None)

    horizon = theme.horizon * height
    ground = horizon + rng.uniform(0.62, 0.85) * (height - horizon)
    walk = facing * speed * t + _sway(rng, frames, 0.15 * size)
    offset = rng.uniform(-0.06, 0.06) * width
    main = _make_actor(rng, skeleton, style, light, MAIN, size, walk + offset, ground, facing, frames)
    other = _make_other(rng, plot, main, style, light, stage, camera)
    props = _make_props(rng, stage, camera, plot, main, width, height)
    return Scene(
        stage,
        camera,
        [main, other],
        props,
        width,
        height,
        _tone(rng),
        rng.uniform(1.0, 3.5),
        int(rng.integers(2**31)),
    )


def _fill_in(rng: np.random.Generator, plot: Plot) -> Plot:
    """The plot with every open point drawn; what is drawn does not depend on which points are open."""
    kind = str(rng.choice(list(KINDS), p=[0.34, 0.2, 0.12, 0.1, 0.1, 0.14]))
    kind = plot.kind or kind
    places = PLACES_OF.get(kind, tuple(name for name in THEMES if name not in ("seabed", "cliffs")))
    drawn = Plot(
        kind,
        str(rng.choice(places)),
        None,
        str(rng.choice(["cross", "together", "stand"], p=[0.45, 0.3, 0.25])),
        bool(rng.random() < 0.75),
        float(rng.uniform(0.35, 1.1)),
        float(rng.uniform(0.24, 0.55)),
        bool(rng.random() < 0.5),
    )
    given = {key: value for key, value in vars(plot).items() if value is not None}
    return replace(drawn, **given)


def _make_camera(rng: np.random.Generator, frames: int, pan: float) -> Camera:
    """A camera that pans by `pan` pixels a frame, held by hand."""
    t = np.arange(frames) - (frames - 1) / 2
    shake = rng.uniform(0.3, 1.6)
    return Camera(
        (pan * t + _sway(rng, frames, 10)).astype(np.float32),
        _sway(rng, frames, shake, 12),
        _sway(rng, frames, shake, 12),
        1 + np.abs(_sway(rng, frames, 0.04, 50)),
    )


def _sway(rng: np.random.Generator, frames: int, amount: float, period: float = 40.0) -> FloatField:
    """(frames,) a smooth wobble of about +-amount and about this period."""
    t = np.arange(frames)
    wave = np.zeros(frames)
    for part, share in ((1.0, 0.7), (0.37, 0.3)):
        wave += share * np.sin(2 * np.pi * (t / (period * part * rng.uniform(0.8, 1.3)) + rng.random()))
    return (amount * wave).astype(np.float32)


def _make_actor(
    rng: np.random.Generator,
    skeleton: Skeleton,
    style: CoatStyle,
    light: FloatField,
    label: int,
    size: float,
    x: np.ndarray,
    ground: float,
    facing: int,
    frames: int,
) -> Actor:
    """An actor whose gait fits its way: one period a stride; what does not walk keeps a beat of its own."""
    creature = Creature(skeleton, make_coat(rng, style), light, rng.uniform(0.004, 0.02))
    beat = np.arange(frames) * 2 * np.pi / rng.uniform(14, 26)
    walked = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)))]) / (skeleton.stride * size)
    phase = 2 * np.pi * walked + 0.15 * beat if skeleton.grounded else beat
    floating = 0 if skeleton.grounded else rng.uniform(0.3, 0.9) * size
    altitude = floating + (0 if skeleton.grounded else _sway(rng, frames, 0.2 * size))
    return Actor(
        creature,
        label,
        size,
        x.astype(np.float32),
        (ground + _sway(rng, frames, 3, 60)).astype(np.float32),
        np.broadcast_to(np.asarray(altitude, np.float32), (frames,)),
        (phase + rng.uniform(0, 6)).astype(np.float32),
        facing,
    )


def _make_other(
    rng: np.random.Generator,
    plot: Plot,
    main: Actor,
    style: CoatStyle,
    light: FloatField,
    stage: Stage,
    camera: Camera,
) -> Actor:
    """The look-alike: same kind, same family of coat, its own proportions and walk."""
    frames = len(main.x)
    t = np.arange(frames) - (frames - 1) / 2
    skeleton = KINDS[main.creature.skeleton.kind](rng)
    size = main.size * rng.uniform(0.75, 1.15)
    ground = float(main.ground.mean()) + (1 if plot.in_front else -1) * rng.uniform(7, 18)
    speed = float(np.gradient(main.x).mean())
    if plot.meeting == "together":
        apart = rng.choice([-1, 1]) * rng.uniform(0.5, 0.9) * size
        x = main.x.mean() + apart + speed * t + _sway(rng, frames, 0.25 * size)
        facing = main.facing
    else:
        facing = -main.facing if rng.random() < 0.7 else main.facing
        pace = 0.0 if plot.meeting == "stand" else rng.uniform(0.25, 0.7) * abs(speed) * facing
        moment = int(rng.uniform(0.25, 0.75) * (frames - 1))
        # where it is at that moment, it is seen at the place of the main actor
        nearer = float(stage.depth(main.ground[moment])) / float(stage.depth(ground))
        meet = float(camera.x[moment]) + (float(main.x[moment]) - float(camera.x[moment])) * nearer
        x = meet + pace * (t - t[moment]) + _sway(rng, frames, 0.04 * size)
    return _make_actor(
        rng, skeleton, vary_style(rng, style), light, LOOK_ALIKE, size, x, ground, facing, frames
    )


def _make_props(
    rng: np.random.Generator, stage: Stage, camera: Camera, plot: Plot, main: Actor, width: int, height: int
) -> list[Prop]:
    """What stands about, behind the actors and in front of them."""
    horizon = stage.theme.horizon * height
    reach = float(np.abs(camera.x).max()) + width / 2
    plants, foot = stage.theme.plants, float(main.ground.max())
    sea = stage.theme is THEMES["seabed"]
    props = []
    for _ in range(int(rng.integers(3, 8))):
        ground = horizon + (foot - 20 - horizon) * rng.uniform(0.1, 0.95)
        depth = float(stage.depth(ground))
        kind = str(rng.choice(["rock", "grass"] if sea else ["tree", "bush", "rock", "post", "grass"]))
        tall = {"tree": 260, "bush": 100, "rock": 70, "post": 120, "grass": 50}[kind] * rng.uniform(0.6, 1.2)
        sprite = veil(make_prop(rng, kind, int(tall * depth), plants), stage.haze, 0.5 * max(0.0, 1 - depth))
        props.append(Prop(sprite, float(rng.uniform(-1, 1) * reach / max(depth, 0.3)), ground))
    for _ in range(int(rng.integers(0, 3))):  # low things at the front
        ground = rng.uniform(min(foot + 25, height), height + 25)
        sprite = make_prop(
            rng, str(rng.choice(["grass", "rock", "grass"])), int(rng.uniform(0.14, 0.24) * height), plants
        )
        props.append(Prop(soften(sprite, 0.8), float(rng.uniform(-1, 1) * reach), ground))
    if plot.hide:
        props.append(_make_obstacle(rng, stage, camera, main, height))
    return props


def _make_obstacle(rng: np.random.Generator, stage: Stage, camera: Camera, main: Actor, height: int) -> Prop:
    """Something near the camera that the main actor passes behind at some moment."""
    moment = int(rng.uniform(0.25, 0.75) * (len(main.x) - 1))
    ground = float(main.ground[moment]) + rng.uniform(15, 45)
    kind = str(
        rng.choice(
            ["grass", "rock"] if stage.theme is THEMES["seabed"] else ["tree", "bush", "post", "grass"]
        )
    )
    tall = (
        {"tree": 1.6, "bush": 0.36, "post": 0.75, "grass": 0.27, "rock": 0.3}[kind]
        * height
        * rng.uniform(0.8, 1.15)
    )
    nearer = float(stage.depth(main.ground[moment])) / float(stage.depth(ground))
    x = float(camera.x[moment]) + (float(main.x[moment]) - float(camera.x[moment])) * nearer
    sprite = soften(make_prop(rng, kind, int(tall), stage.theme.plants), rng.uniform(0.5, 1.5))
    return Prop(sprite, x, ground)


def _tone(rng: np.random.Generator) -> Picture:
    """A camera's curve: contrast, exposure and warmth, (256, 3) uint8."""
    level = np.linspace(0, 1, 256)[:, None]
    gains = rng.uniform(0.9, 1.08) * (1 + np.array([1, 0, -1]) * rng.uniform(-0.06, 0.06))
    contrast = rng.uniform(0.0, 0.5)
    curve = (1 - contrast) * level + contrast * (3 * level**2 - 2 * level**3)
    return np.clip(curve ** rng.uniform(0.85, 1.15) * gains * 255, 0, 255).astype(np.uint8)
