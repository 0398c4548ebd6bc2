"""What a measure's name stands for, and whether a run can feed it; asked before any job starts."""

import inspect
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from analysis.functionals import FUNCTIONALS
from analysis.measures import MEASURES
from analysis.measures.entropies import entropy
from analysis.measures.surrogates import Surrogates
from analysis.observables import OBSERVABLES, Selection, kind, observe, samples
from core import config, provenance
from core.errors import ConfigError
from core.registry import Entry, nearest
from core.store import Extent

BUILT_IN = "measure"  # the key by which a specification names a built-in measure with options


OVER = ("bifurcation", "maxima")  # what several runs of a sweep make one picture of, together


@dataclass(frozen=True)
class Plan:
    """A measure ready to be called as function(run, member).

    needs       fields that it reads
    simulators  which it can read, or empty for any with those fields
    module      where its code is
    fits        params of a run -> why it cannot measure that run, or None
    holds       sizes of its fields -> likewise
    """

    function: Callable[..., Any]
    needs: tuple[str, ...]
    simulators: tuple[str, ...]
    module: str
    fits: Callable[[Mapping[str, Any]], str | None] = lambda params: None
    holds: Callable[[Mapping[str, Extent]], str | None] = lambda extents: None


def _takes(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the keyword options of a function."""
    kinds = inspect.signature(function).parameters.items()
    return {name: about for name, about in kinds if about.kind is inspect.Parameter.KEYWORD_ONLY}


def _option(kind: Any, value: Any, where: str) -> Any:
    """Return one option as its type; an order may also be written inf."""
    order = kind in (config.Order, config.Order | None)
    if order and str(value).lstrip("+-.").lower() in ("inf", "infinity"):
        value = -math.inf if str(value).startswith("-") else math.inf
    return config.coerce(kind, value, where)


def _options(entry: Entry, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the keyword options of an entry, checked against its signature and its rule."""
    hints, known = typing.get_type_hints(entry.function), _takes(entry.function)
    for key in given:
        if key not in known:
            hint = nearest(key, known) if known else "; it takes none"
            raise ConfigError(f"{config.join(where, key)}: unknown key{hint}")
    for name, about in known.items():
        if about.default is inspect.Parameter.empty and name not in given:
            raise ConfigError(f"{where}: missing '{name}'")
    options = {k: _option(hints[k], v, config.join(where, k)) for k, v in given.items()}
    if "rule" in entry.meta:
        try:
            entry.meta["rule"](**options)
        except ConfigError as problem:
            raise ConfigError(config.join(where, str(problem))) from None
    return options


def _shared(entry: Entry) -> dict[str, Any]:
    """Return the types of options that all observables made of series take."""
    if not entry.meta.get("of_series"):
        return {}
    hints = typing.get_type_hints(Selection)
    return {**hints, "surrogates": Surrogates}


def _split(
    spec: Mapping[str, Any], observable: Entry, functional: Entry, where: str
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the options of the selection, of the observable and of the functional."""
    of, take, shared = _takes(observable.function), _takes(functional.function), _shared(observable)
    options = {k: v for k, v in spec.items() if k not in ("observable", "functional")}
    for key in options:
        if key not in of and key not in take and key not in shared:
            names = {*of, *take, *shared}
            hint = nearest(key, names) if names else "; this pair takes none"
            raise ConfigError(f"{config.join(where, key)}: unknown key{hint}")
    common = {
        k: config.coerce(kind, options[k], config.join(where, k))
        for k, kind in shared.items()
        if k in options
    }
    first = {k: v for k, v in options.items() if k in of}
    second = {k: v for k, v in options.items() if k in take}
    return common, _options(observable, first, where), _options(functional, second, where)


def _suited(spec: Mapping[str, Any], observable: Entry, functional: Entry, where: str) -> None:
    """Refuse a functional that does not take what the observable gives."""
    given, taken = observable.meta["gives"], functional.meta["takes"]
    if given is not taken:
        others = [name for name, entry in OBSERVABLES.items() if entry.meta["gives"] is taken]
        raise ConfigError(
            f"{config.join(where, 'functional')}: '{spec['functional']}' takes {kind(taken)}, but "
            f"'{spec['observable']}' gives {kind(given)}; observables for it: {', '.join(others)}"
        )
    if spec.get("estimator", "plugin") != "plugin" and not observable.meta.get("counted"):
        counted = [name for name, entry in OBSERVABLES.items() if entry.meta.get("counted")]
        raise ConfigError(
            f"{config.join(where, 'estimator')}: corrects counts, and '{spec['observable']}' "
            f"counts nothing; those that do: {', '.join(counted)}"
        )


def _room(entry: Entry, samples: int, options: Mapping[str, Any]) -> str | None:
    """Return why series of so many samples are too short, or None."""
    if "room" not in entry.meta:
        return None
    try:
        entry.meta["room"](samples, **options)
    except (ConfigError, ValueError) as problem:
        return str(problem)
    return None


def _entropy(spec: Mapping[str, Any], where: str) -> Plan:
    for key in ("observable", "functional"):
        if key not in spec:
            raise ConfigError(f"{where}: missing '{key}'")
    observable = OBSERVABLES.lookup(str(spec["observable"]), config.join(where, "observable"))
    functional = FUNCTIONALS.lookup(str(spec["functional"]), config.join(where, "functional"))
    _suited(spec, observable, functional, where)
    common, observing, taking = _split(spec, observable, functional, where)
    of_series = observable.meta.get("of_series", False)
    surrogates = common.pop("surrogates", None)
    if surrogates is not None:
        surrogates.check(config.join(where, "surrogates"))
    chosen = Selection(**{"along": observable.meta.get("along"), **common}) if of_series else None

    def holds(extents: Mapping[str, Extent]) -> str | None:
        if chosen is None:
            return None
        try:
            length = samples(chosen, extents)
        except ConfigError as problem:
            return str(problem)
        return _room(observable, length, observing) or _room(functional, length, taking)

    function = partial(
        entropy,
        spec={**spec, **observing, **taking},
        observe=partial(observe, observable, chosen, observing),
        functional=partial(functional.function, **taking),
        surrogates=surrogates,
    )
    needs = observable.meta["needs"] if chosen is None else ()
    if chosen is not None and chosen.field is not None:
        needs = (chosen.field,)
    return Plan(function, needs, (), "analysis.measures.entropies", holds=holds)


def resolve(name: str, specs: Mapping[str, Mapping[str, Any]], where: str) -> Plan:
    """Return what a measure's name stands for.

    specs  `measures` of the configuration: a name there comes before a built-in one
    where  its place, for messages

    Raises ConfigError for an unknown name or option, naming the nearest.
    """
    spec = specs.get(name)
    at = config.join(where, f"measures.{name}")
    if spec is not None and not spec and name not in MEASURES:
        raise ConfigError(f"{at}: is empty; name an observable and a functional")
    if spec is None or not spec:
        if name not in MEASURES:
            known = {*MEASURES, *specs}
            raise ConfigError(
                f"{config.join(where, 'measures')}: no '{name}'{nearest(name, known)}"
            )
        spec = {BUILT_IN: name}
    if BUILT_IN not in spec:
        return _entropy(spec, at)
    entry = MEASURES.lookup(str(spec[BUILT_IN]), config.join(at, BUILT_IN))
    options = _options(entry, {k: v for k, v in spec.items() if k != BUILT_IN}, at)
    fits = entry.meta.get("fits", lambda params: None)
    asked = {k: v for k, v in options.items() if k in _takes(fits)}
    return Plan(
        partial(entry.function, **options),
        entry.meta["needs"],
        entry.meta.get("simulators", ()),
        entry.function.__module__,
        partial(fits, **asked),
    )


def check(
    name: str,
    specs: Mapping[str, Mapping[str, Any]],
    simulator: str,
    extents: Mapping[str, Extent],
    where: str,
    run: str,
    params: Mapping[str, Any] | None = None,
) -> None:
    """Raise ConfigError if a measure does not exist or a run is not one that it can measure.

    extents of the fields that the run will hold
    where   the place of the configuration, run that of the run, for messages
    params  of the run as configured, or None to judge by the fields alone
    """
    plan = resolve(name, specs, where)
    at = f"{run}.measures: '{name}'"
    if plan.simulators and simulator not in plan.simulators:
        raise ConfigError(f"{at} is for {' and '.join(plan.simulators)}, not for {simulator}")
    missing = [field for field in plan.needs if field not in extents]
    if missing:
        raise ConfigError(
            f"{at} needs {', '.join(missing)}, which this run will not hold; "
            f"it has {', '.join(extents)}"
        )
    gaps = [field for field in plan.needs or extents if extents[field].masked]
    if gaps:
        raise ConfigError(
            f"{at} cannot be had of it: samples of {gaps[0]} are missing, and it needs them all; "
            "leave `missing` out for what is measured"
        )
    reason = plan.holds(extents)
    if reason is not None:
        raise ConfigError(f"{at} cannot be had of it: {reason}")
    reason = plan.fits(params) if params is not None else None
    if reason is not None:
        raise ConfigError(f"{at} {reason}")


def code(name: str, specs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the hash of all code that makes a measure."""
    return provenance.code_sha256("core.store", resolve(name, specs, "").module)


def over_a_parameter(name: str, specs: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether a measure of the runs of a sweep is drawn over what they differ in."""
    spec = specs.get(name, {})
    return spec.get(BUILT_IN, spec.get("functional", name)) in OVER
