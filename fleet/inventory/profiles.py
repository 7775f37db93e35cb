"""What many sites have in common: the settings that come from defaults and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fleet.errors import Place
from fleet.inventory.effective import Effective
from fleet.inventory.encoding import decoded, encoded, setting
from fleet.inventory.layers import BUILT_IN, Layer, Setting
from fleet.inventory.references import SecretRef
from fleet.inventory.sites import Auth, Http
from fleet.inventory.windows import Freeze, Window

__all__ = ["Profile", "Shared", "plain_layer", "read_layer", "shared_of"]


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts of a site that are objects of their own, and so can be those of many."""

    labels: Mapping[str, str]
    auth: Auth | None
    http: Http
    paused: bool
    window: Window | None
    freezes: tuple[Freeze, ...]


def shared_of(effective: Effective) -> Shared:
    """Return the parts that `effective` comes to."""
    return Shared(
        labels=effective.labels,
        auth=effective.auth,
        http=effective.http or Http(),
        paused=effective.paused,
        window=effective.window,
        freezes=effective.freezes,
    )


class Profile:
    """The same file, defaults and groups.

    Args:
        file: The file that the sites stand in.
        groups: The groups they take settings from.
        listed: Whether the groups are written at the site, if only as an empty list.
        layers: Their layers from the lowest to the highest, without the built-in one.
    """

    def __init__(
        self, file: str, groups: Sequence[str], layers: Sequence[Layer], *, listed: bool
    ) -> None:
        self.file = file
        self.groups = tuple(groups)
        self.listed = listed
        self.layers = tuple(layers)
        settings = dict(BUILT_IN)
        for layer in layers:
            settings.update(layer)
        self.settings: Mapping[str, Setting] = MappingProxyType(settings)
        self.shared = shared_of(Effective(self.settings))


def plain_layer(layer: Layer) -> list[object]:
    """Return a layer as JSON; it has no secret in it that is not a reference."""
    none: list[SecretRef] = []
    return [
        [path, encoded(each.value, none), each.origin.source, *_plain_place(each.origin.place)]
        for path, each in layer.items()
    ]


def read_layer(plain: Iterable[Sequence[object]]) -> Layer:
    """Return the layer that `plain_layer` made plain."""
    layer: Layer = {}
    for path, value, source, file, line, column in plain:
        place = Place(str(file), int(str(line)), int(str(column)))
        layer[str(path)] = setting(decoded(str(path), value, place, []), place, str(source))
    return layer


def _plain_place(place: Place | None) -> tuple[str, int, int]:
    return (place.file, place.line, place.column) if place else ("", 0, 0)
