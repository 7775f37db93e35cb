"""The one error of deliveries."""

from __future__ import annotations

from fleet.errors import FleetError

__all__ = ["DeliveryError"]


class DeliveryError(FleetError):
    """A message was not taken; the text names no address and no secret."""
