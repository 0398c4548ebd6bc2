"""The command line of the figures: `python -m analysis.figures MEASURE.h5 ... -o OUT.svg`."""

from pathlib import Path

from analysis.figures import draw, style
from core import command
from core.errors import ConfigError
from core.store import read_measure

SUFFIXES = (".svg", ".png", ".pdf")


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(prog="python -m analysis.figures", description=__doc__)
    parser.add_argument("files", nargs="+", help="measure files; several go below one another")
    parser.add_argument("-o", "--output", required=True, help=f"figure: {', '.join(SUFFIXES)}")
    arguments = parser.parse_args(argv)
    output = Path(arguments.output)
    if output.suffix not in SUFFIXES:
        raise ConfigError(f"-o: no figures of kind '{output.suffix}'; use {', '.join(SUFFIXES)}")
    style.save(draw([read_measure(path) for path in arguments.files]), output)


if __name__ == "__main__":
    command.run(main)
