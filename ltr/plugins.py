"""Finds installed plugins and lets each one register what it adds.

A plugin is any installed distribution with an entry point in the group ``pytracking.plugins`` that names a
function without arguments::

    [project.entry-points."pytracking.plugins"]
    mine = "my_package:register"
"""

import logging
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

GROUP = "pytracking.plugins"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found, the function that registers it, and why that failed (None: it did not)."""

    name: str
    target: str
    failure: str | None = None


_plugins: dict[tuple[str, str], Plugin] = {}


def load_plugins() -> list[Plugin]:
    """Call the register function of every installed plugin, once per process, in the order of their names.

    A plugin that cannot be imported or whose function raises is logged with its name and the reason; the
    others load all the same. Calling this again costs a look at the installed distributions and loads only
    what is new.

    Returns:
        All plugins seen so far, the failed ones too.
    """
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        key = (entry.name, entry.value)
        if key not in _plugins:
            _plugins[key] = Plugin(entry.name, entry.value)  # already there if its register() comes back here
            _plugins[key] = _load(entry)
    return list(_plugins.values())


def _load(entry: EntryPoint) -> Plugin:
    try:
        entry.load()()
    except Exception as error:  # a stranger's code: whatever it raises, the other plugins still load
        reason = f"{type(error).__name__}: {error}"
        logger.error('plugin "%s" (%s) did not load and is left out: %s', entry.name, entry.value, reason)
        logger.debug("where the plugin failed:", exc_info=True)
        return Plugin(entry.name, entry.value, reason)
    logger.debug('plugin "%s" (%s) loaded', entry.name, entry.value)
    return Plugin(entry.name, entry.value)
