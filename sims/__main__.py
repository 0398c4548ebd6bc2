"""The command line of the simulate stage: `python -m sims RUN -o OUT.h5`."""

import argparse
import gc
import json
from pathlib import Path
from typing import Any

from core import backend, checkpoint, command, config, provenance, rng
from core.errors import ConfigError
from core.progress import Progress, say
from core.registry import nearest
from core.store import Layout, write_run
from sims import SIMULATORS, plan, simulator


def _spec(arguments: argparse.Namespace) -> tuple[dict[str, Any], config.Study, str]:
    """Return (simulator, params, members), the study, and where the parameters were written."""
    paths = [arguments.config] if Path(arguments.config).is_file() or not arguments.spec else []
    given, place = config.load(paths)
    if arguments.spec:
        try:
            spec = config.normalise(json.loads(arguments.spec))
        except json.JSONDecodeError as problem:
            raise ConfigError(f"--spec: is not JSON ({problem})") from None
        entry = config.build(config.RunEntry, spec, "--spec:")
        if entry.members < 1:
            raise ConfigError(f"--spec: members: must be 1 or more, got {entry.members}")
        top = {k: given[k] for k in ("seed", "device") if k in given}
        return _entry(entry), config.study(top, place), "--spec:"
    study = config.study(given, place)
    if arguments.run not in study.runs:
        raise ConfigError(
            f"{config.join(place, 'runs')}: no run '{arguments.run}'"
            f"{nearest(arguments.run, study.runs)}"
        )
    return _entry(study.runs[arguments.run]), study, config.join(place, f"runs.{arguments.run}")


def _entry(entry: config.RunEntry) -> dict[str, Any]:
    return {"simulator": entry.simulator, "params": entry.params, "members": entry.members}


def simulate(arguments: argparse.Namespace) -> None:
    """Make one run file."""
    clock = provenance.Clock()
    spec, study, where = _spec(arguments)
    seed = study.seed if arguments.seed is None else arguments.seed
    device = study.device if arguments.device is None else arguments.device
    module = simulator(spec["simulator"], config.join(where, "simulator"))
    suffix = getattr(module, "SUFFIX", "")
    if not str(arguments.output).endswith(suffix):
        raise ConfigError(f"-o: runs of {module.NAME} end in {suffix}, by which readers know them")
    params = module.prepare(spec["params"], config.join(where, "params"))
    xp = backend.select(device)
    spec = {**spec, "params": plan.complete(params)}
    code = plan.code(module.NAME)
    keep = checkpoint.Checkpoint(
        checkpoint.beside(arguments.output),
        {
            "run": arguments.run,
            "spec": provenance.canonical(spec),
            "seed": str(seed),
            "device": device,
            "code": code,
            "files": provenance.contents_sha256(plan.files(spec["params"])),
            "packages": json.dumps(provenance.packages()),
        },
        arguments.checkpoint_every,
    )

    def stream(member: int) -> Any:
        return rng.generator(seed, "sims", arguments.run, member)

    made = module.trajectories(params, stream, xp, spec["members"], keep.load)
    single = isinstance(made.layout, Layout)
    parts = [made.layout] if isinstance(made.layout, Layout) else list(made.layout)
    progress = Progress(arguments.run, sum(part.members * len(part.time) for part in parts))

    def watched() -> Any:
        done = 0
        guarded = keep.guard(made.blocks, made.layout) if single else made.blocks
        for block in guarded:
            gc.enable()  # see below; from the first block on there is work, and garbage
            command.heed()
            frames = len(parts[block.part].time[block.frame]) if not single else 1
            done += (block.members.stop - block.members.start) * frames
            progress.at(done, made.status())
            for line in block.lost:
                say(f"{arguments.run}: left out: {line}")
            yield block

    def stamp() -> dict[str, Any]:
        return provenance.collect(
            run=arguments.run,
            simulator=module.NAME,
            spec=spec,
            code=code,
            seed=seed,
            device=device,
            clock=clock,
            **made.notes(),
        )

    write = getattr(module, "WRITE", write_run)
    write(arguments.output, made.layout, watched(), stamp)
    keep.remove()


def _list() -> None:
    for name in SIMULATORS:
        module = simulator(name, "sims")
        print(f"{name}: {(module.__doc__ or '').strip().splitlines()[0]}")


def _describe(name: str) -> None:
    print(simulator(name, "sims describe").describe())


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(
        prog="python -m sims",
        description="Simulate one run of the configuration, or `list` or `describe NAME`.",
    )
    parser.add_argument("run", help="the run's name in the configuration, or list, or describe")
    parser.add_argument("name", nargs="?", help="with describe: a simulator")
    parser.add_argument("--config", default="config.yaml")
    parser.add_argument("--spec", help="JSON: simulator, params, members; instead of the config's")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--device", choices=backend.DEVICES)
    parser.add_argument("--checkpoint-every", type=float, default=checkpoint.PERIOD, metavar="S")
    parser.add_argument("-o", "--output")
    arguments = parser.parse_args(argv)
    if arguments.run == "list" and not arguments.output:
        _list()
    elif arguments.run == "describe" and not arguments.output:
        if arguments.name is None:
            raise ConfigError(f"describe: name a simulator: {', '.join(SIMULATORS)}")
        _describe(arguments.name)
    elif arguments.output is None:
        raise ConfigError("-o: name the file to write, such as -o run.h5")
    elif arguments.seed is not None and arguments.seed < 0:
        raise ConfigError(f"--seed: must be 0 or more, got {arguments.seed}")
    else:
        simulate(arguments)


if __name__ == "__main__":
    gc.disable()  # modules and compiled code are read, of which nothing is garbage: a tenth sooner
    command.run(main)
