"""What the simulator takes, in words: for `python -m sims describe active`."""

import dataclasses
import textwrap

from sims.active.params import Alignment, Coupling, Interaction, Params, Species, Trap


def _defaults(cls: type) -> list[str]:
    return [
        f"  {f.name} = {f.default}"
        for f in dataclasses.fields(cls)
        if f.default not in (None, dataclasses.MISSING) and f.name != "interaction"
    ]


def describe() -> str:
    """Return the parameters with their defaults."""
    parts = [textwrap.dedent(f"    {Params.__doc__ or ''}").strip(), "", "defaults:"]
    parts += _defaults(Params)
    for cls in (Interaction, Trap, Coupling, Alignment, Species):
        parts += ["", f"{cls.__name__.lower()}:", f"  {(cls.__doc__ or '').splitlines()[0]}"]
        parts += _defaults(cls)
    return "\n".join(parts)
