"""The command line of the exporters: `python -m analysis.export FORMAT RUN.h5 -o OUT`."""

from pathlib import Path

from analysis.export import FORMATS, series, writer
from core import command
from core.store import read_run


def main(argv: list[str]) -> None:
    """Parse the arguments, write the files and print their names."""
    parser = command.Parser(prog="python -m analysis.export", description=__doc__)
    parser.add_argument("format", help=", ".join(FORMATS))
    parser.add_argument("run", help="run.h5 of simulator chaos")
    parser.add_argument("-o", "--output", required=True, help="file to write; of well, a folder")
    parser.add_argument("--systems", nargs="+", default=[], help="only these, by name")
    parser.add_argument("--split", help="only this part, such as train")
    parser.add_argument("--univariate", action="store_true", help="each component by itself")
    arguments = parser.parse_args(argv)
    write = writer(arguments.format)
    with read_run(arguments.run) as run:
        found = series.of_run(run, arguments.systems, arguments.split, arguments.univariate)
        made = write(found, Path(arguments.output))
    for path in made:
        print(path)


if __name__ == "__main__":
    command.run(main)
