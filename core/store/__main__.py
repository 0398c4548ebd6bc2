"""The command line of the store: `python -m core.store show|replay FILE.h5`."""

from core import command
from core.store.replay import replay
from core.store.show import show


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(prog="python -m core.store", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True, parser_class=command.Parser)
    showing = tasks.add_parser("show", help="say what a file holds and where it comes from")
    showing.add_argument("file")
    replaying = tasks.add_parser("replay", help="make a file again from its provenance")
    replaying.add_argument("file")
    replaying.add_argument("--check", action="store_true", help="exit 1 if an array differs")
    arguments = parser.parse_args(argv)
    if arguments.task == "show":
        print(show(arguments.file))
    else:
        print(replay(arguments.file, check=arguments.check))


if __name__ == "__main__":
    command.run(main)
