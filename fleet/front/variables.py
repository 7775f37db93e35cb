"""The ``FLEET_*`` variables of flags; what is told by its place is only typed."""

from __future__ import annotations

from cyclopts import App, Argument, ArgumentCollection, Parameter
from cyclopts.config import Env

__all__ = ["Variables"]


class Variables(Env):
    """Gives flags that were not typed the values of their variables.

    An argument is the very thing that a command is about: a run, a plan, a site. Taken from a
    variable that is set for something else, it would be another one than the person thinks of.
    """

    def __init__(self) -> None:
        super().__init__("FLEET_", command=False)

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Add the values of variables to the flags among `arguments`."""
        flags = arguments.copy()
        flags[:] = [each for each in arguments if each.index is None]
        super().__call__(app, commands, flags)

    def _convert_argument(self, commands: tuple[str, ...], argument: Argument) -> str:
        """Return the variable that the help names; of an argument by its place it names none."""
        if argument.index is not None:
            silent = Parameter(show_env_var=False)
            argument.parameter = Parameter.combine(argument.parameter, silent)
        return super()._convert_argument(commands, argument)
