# What the runs of a sweep have in common

DIAGRAMS = (
    "phases",
)  # measures of which a sweep makes one picture instead of one for each run


def sweep_of(name):
    """Return the sweep that a run is a point of; a run that is none is its own."""
    return Path(name).parts[0]


def points(sweep, measure):
    """Return the runs of a sweep that a measure is asked of."""
    return [
        name for name, asked in pairs() if sweep_of(name) == sweep and asked == measure
    ]


def sweeps():
    """Return a pattern of the sweeps' names, which are no runs' names."""
    names = {re.escape(sweep_of(name)) for name in STUDY.runs if sweep_of(name) != name}
    return "|".join(sorted(names)) or "none"


def origins(wildcards):
    """Return what the run files of a sweep depend on."""
    names = points(wildcards.run, wildcards.measure)
    return [origin(SimpleNamespace(run=name)) for name in names]


def pictured(name, measure):
    """Return the run, or the sweep, that a picture of a measure is of."""
    kind = STUDY.measures.get(measure, {}).get("measure", measure)
    return sweep_of(name) if kind in DIAGRAMS else name


def numbered(sweep):
    """Return whether the runs of a sweep differ in one number."""
    names = [name for name in STUDY.runs if sweep_of(name) == sweep]
    last = [name.removeprefix(f"{sweep}/") for name in names]
    return len(names) > 1 and all(re.fullmatch(r"[^~/]+~[-+.0-9e]+", n) for n in last)


def diagrams():
    """Return a picture of a sweep over one number for each measure that is drawn over it."""
    asked = [(sweep_of(name), measure) for name, measure in pairs()]
    return [
        f"{RESULTS}/{sweep}/{measure}.svg"
        for sweep, measure in dict.fromkeys(asked)
        if sweep not in STUDY.runs
        and numbered(sweep)
        and measuring.over_a_parameter(measure, STUDY.measures)
    ]
