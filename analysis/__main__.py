"""The command line of the analyse stage: `python -m analysis MEASURE RUN.h5 -o OUT.h5`."""

import argparse
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis import plan
from analysis.functionals import FUNCTIONALS
from analysis.measures import MEASURES
from analysis.observables import OBSERVABLES, kind
from core import command, config, provenance
from core.errors import ConfigError, MemberError, SchemaError
from core.progress import say
from core.store import Measure, Run, read_run, write_measure

SHARED = "\n      Of series: also field=psi, part, along, surrogates={kind, n=19}."


def _specs(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Return the `measures` to look the name up in, and where they are written."""
    if arguments.spec is not None:
        try:
            spec = config.normalise(json.loads(arguments.spec))
        except json.JSONDecodeError as problem:
            raise ConfigError(f"--spec: is not JSON ({problem})") from None
        if not isinstance(spec, dict):
            raise ConfigError("--spec: expected keys and values")
        return {arguments.measure: spec}, "--spec:"
    if arguments.config is None and not Path("config.yaml").is_file():
        return {}, "config.yaml:"
    given, place = config.load([arguments.config or "config.yaml"])
    return config.study({"measures": given.get("measures", {})}, place).measures, place


def _fits(run: Run, chosen: plan.Plan, name: str) -> None:
    extents = run.members[0].extents()
    if chosen.simulators and run.simulator not in chosen.simulators:
        raise SchemaError(
            f"{run.path}: of simulator {run.simulator}; "
            f"{name} is for {' and '.join(chosen.simulators)}"
        )
    for field in chosen.needs:
        if field not in extents:
            raise SchemaError(
                f"{run.path}: holds no '{field}', which {name} needs; it has {', '.join(extents)}"
            )
    for field in chosen.needs or extents:
        if extents[field].masked:
            raise SchemaError(f"{run.path}: samples of {field} are missing, and {name} needs all")
    reason = chosen.holds(extents)
    if reason is not None:
        raise SchemaError(f"{run.path}: {name} cannot be had of it: {reason}")
    chaos = run.simulator == "chaos"  # other simulators' measures look for themselves
    reason = chosen.fits(run.params) if chaos else None
    if reason is not None:
        raise ConfigError(f"{run.path}: {name} {reason}")


def _measured(run: Run, function: Callable[..., Measure]) -> dict[str, Measure]:
    """Return the measure of each member; of those that have none, a line on standard error."""
    found, left_out = {}, list[MemberError]()
    for member in run.members:
        try:
            found[member.name] = function(run, member)
        except MemberError as problem:
            left_out.append(problem)
    if not found:
        raise left_out[0]
    for reason in left_out:
        say(f"left out: {reason}")
    return found


def analyse(arguments: argparse.Namespace) -> None:
    """Make one measure file."""
    clock = provenance.Clock()
    specs, where = _specs(arguments)
    name = arguments.measure
    chosen = plan.resolve(name, specs, where)
    with read_run(arguments.run) as run:
        _fits(run, chosen, name)
        members = _measured(run, chosen.function)
        spec = specs.get(name, {})
        stamp = provenance.collect(
            run=run.name,
            simulator=run.simulator,
            spec=spec,
            code=plan.code(name, specs),
            seed=run.seed,
            device="cpu",
            clock=clock,
            measure=name,
            input=str(Path(arguments.run).resolve()),
            input_spec_sha256=run.attrs["spec_sha256"],
            input_code_sha256=run.attrs["code_sha256"],
        )
        write_measure(arguments.output, name, members, run=run, spec=spec, provenance=stamp)


def _about(function: Any) -> str:
    text = (inspect.getdoc(function) or "").splitlines()[0]
    taken = [
        name if about.default is inspect.Parameter.empty else f"{name}={about.default}"
        for name, about in inspect.signature(function).parameters.items()
        if about.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    return f"{text}  ({', '.join(taken)})" if taken else text


def _list() -> None:
    for title, table, side in (
        ("measures, by name in a run's `measures`", MEASURES, ""),
        ("observables, for a measure {observable: ..., functional: ...}", OBSERVABLES, "gives"),
        ("functionals, of an observable that gives what they take", FUNCTIONALS, "takes"),
    ):
        print(f"{title}:")
        for name, entry in table.items():
            what = f"  {side} {kind(entry.meta[side])}." if side else ""
            shared = SHARED if entry.meta.get("of_series") else ""
            print(f"  {name}\n      {_about(entry.function)}{what}{shared}")


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(
        prog="python -m analysis", description="Measure one run file, or `list` the measures."
    )
    parser.add_argument("measure", help="the measure's name, or list")
    parser.add_argument("run", nargs="?", help="the run file")
    parser.add_argument("--config", help="where `measures` are defined; config.yaml if it exists")
    parser.add_argument("--spec", help="JSON: the measure's specification, instead of the config's")
    parser.add_argument("-o", "--output")
    arguments = parser.parse_args(argv)
    if arguments.measure == "list" and arguments.run is None:
        _list()
    elif arguments.run is None:
        raise ConfigError("RUN.h5: name the run file to measure")
    elif arguments.output is None:
        raise ConfigError("-o: name the file to write, such as -o shannon.h5")
    else:
        analyse(arguments)


if __name__ == "__main__":
    command.run(main)
