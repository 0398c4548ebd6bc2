"""What the simulator takes, in words: for `python -m sims describe nlse`."""

import dataclasses
import textwrap

from sims.nlse.cases import CASES
from sims.nlse.params import Params


def _case(name: str) -> str:
    case = CASES[name]
    lines = [textwrap.fill(f"{name}: {case.about}", 96, subsequent_indent="    ")]
    if case.needs:
        lines.append(f"    needs {', '.join(case.needs)}")
    if case.optional:
        lines.append(f"    takes {', '.join(case.optional)}")
    if case.defaults:
        given = ", ".join(f"{k} = {v}" for k, v in case.defaults.items())
        lines.append(
            textwrap.fill(
                f"defaults {given}", 96, initial_indent="    ", subsequent_indent="      "
            )
        )
    return "\n".join(lines)


def describe() -> str:
    """Return the parameters with their defaults, then the cases with theirs."""
    about = textwrap.dedent(f"    {Params.__doc__ or ''}").strip()
    shared = [
        f"  {f.name} = {f.default}"
        for f in dataclasses.fields(Params)
        if f.default not in (None, dataclasses.MISSING)
    ]
    return "\n".join(
        [about, "", "defaults of every case:", *shared, "", "cases:", *map(_case, CASES)]
    )
