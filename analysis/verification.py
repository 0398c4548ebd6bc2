"""The verification table: every number that has an exact answer, beside it, with a verdict.

`python -m analysis.verification MEASURE.h5 ... -o verification.csv --summary summary.csv --html
verification.html` collects; `--check verification.csv` exits with 1 and names the failed rows.
"""

import csv
import html
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from core import command
from core.errors import ConfigError, EntroflowError, SchemaError
from core.store import MeasureFile, read_measure, replacing


class VerificationError(EntroflowError):
    """A number is not what it must be."""


@dataclass(frozen=True)
class Row:
    """A number beside the exact answer."""

    run: str
    member: str
    measure: str
    quantity: str
    computed: float
    exact: float
    error: float
    tolerance: float
    verdict: str
    source: str


@dataclass(frozen=True)
class Number:
    """A scalar that a measure gives; the mean over members carries a standard error."""

    run: str
    member: str
    measure: str
    quantity: str
    value: float
    standard_error: str
    units: str
    convention: str


def rows(files: Iterable[MeasureFile]) -> list[Row]:
    """Return every check of every member; failed ones first."""
    found = [
        Row(
            file.run_name,
            member,
            file.name,
            check.quantity,
            check.computed,
            check.exact,
            check.error,
            check.tolerance,
            "passed" if check.passed else "FAILED",
            check.source,
        )
        for file in files
        for member, measure in file.members.items()
        for check in measure.checks
    ]
    return sorted(found, key=lambda row: row.verdict != "FAILED")


def numbers(files: Iterable[MeasureFile]) -> list[Number]:
    """Return every scalar of every member, and of their mean with its standard error."""
    found = []
    for file in files:
        for member, measure in file.members.items():
            for quantity, value, units in measure.summary:
                found.append(
                    Number(
                        file.run_name, member, file.name, quantity, value, "", units,
                        measure.convention,
                    )
                )  # fmt: skip
        if file.mean is None:
            continue
        for quantity, mean, units in file.mean.summary:
            each = [dict((q, v) for q, v, _ in m.summary)[quantity] for m in file.members.values()]
            error = float(np.std(each, ddof=1) / np.sqrt(len(each)))
            found.append(
                Number(
                    file.run_name, "mean", file.name, quantity, mean, f"{error:.6g}", units,
                    file.mean.convention,
                )
            )  # fmt: skip
    return found


def _csv(kind: type, table: Iterable[Row | Number]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(kind)])
    for row in table:
        writer.writerow([repr(v) if isinstance(v, float) else v for v in astuple(row)])
    return text.getvalue()


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; max-width: 80rem }
table { border-collapse: collapse; width: 100% } h1 { font-size: 1.4rem }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #ddd;
  vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.passed { color: #1b7837 } .FAILED { color: #b2182b; font-weight: bold } td.source { color: #666;
  font-size: 13px }
"""


def _cell(row: Row) -> str:
    name = row.run if row.member == "0" else f"{row.run} (member {row.member})"
    numbers_ = [
        f"{row.computed:.12g}",
        f"{row.exact:.12g}",
        f"{row.error:.2e}",
        f"{row.tolerance:.0e}",
    ]
    cells = "".join(f'<td class="number">{n}</td>' for n in numbers_)
    return (
        f'<tr><td class="{row.verdict}">{row.verdict}</td><td>{html.escape(name)}</td>'
        f"<td>{html.escape(row.quantity)}</td>{cells}"
        f'<td class="source">{html.escape(row.source)}</td></tr>'
    )


def page(table: list[Row]) -> str:
    """Return the table as a page that opens offline."""
    failed = sum(row.verdict == "FAILED" for row in table)
    verdict = (
        f'<p class="FAILED">{failed} of {len(table)} rows failed.</p>'
        if failed
        else f'<p class="passed">All {len(table)} rows passed.</p>'
        if table
        else "<p>Nothing in this study has an exact answer.</p>"
    )
    heads = ("computed", "exact", "error", "tolerance")
    head = "".join(f'<th class="number">{h}</th>' for h in heads)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Verification</title>'
        f"<style>{STYLE}</style></head><body><h1>Verification against exact results</h1>{verdict}"
        f"<table><thead><tr><th>verdict</th><th>run</th><th>quantity</th>{head}<th>source</th></tr>"
        f"</thead><tbody>{''.join(map(_cell, table))}</tbody></table></body></html>\n"
    )


def check(path: str | Path) -> int:
    """Return how many rows a verification table has; raise VerificationError if one failed."""
    try:
        with Path(path).open(newline="") as file:
            table = list(csv.DictReader(file))
    except OSError as problem:
        raise SchemaError(f"{path}: cannot be read ({problem.strerror})") from None
    if table and "verdict" not in table[0]:
        raise SchemaError(f"{path}: is no verification table; it has no column 'verdict'")
    failed = [row for row in table if row["verdict"] != "passed"]
    if failed:
        told = "; ".join(
            f"{r['run']}: {r['quantity']}: computed {float(r['computed']):.12g}, "
            f"exact {float(r['exact']):.12g}, error {float(r['error']):.1e} "
            f"> {float(r['tolerance']):.0e}"
            for r in failed
        )
        raise VerificationError(f"{path}: {len(failed)} of {len(table)} rows failed: {told}")
    return len(table)


def _write(path: str, text: str) -> None:
    with replacing(path) as beside:
        beside.write_text(text)


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(prog="python -m analysis.verification", description=__doc__)
    parser.add_argument("files", nargs="*", help="measure files")
    parser.add_argument("-o", "--output", help="the table, as CSV")
    parser.add_argument("--summary", help="all scalars, as CSV")
    parser.add_argument("--html", help="the table, as a page")
    parser.add_argument("--check", metavar="CSV", help="only judge a table that is there")
    arguments = parser.parse_args(argv)
    if arguments.check:
        print(f"{arguments.check}: all {check(arguments.check)} rows passed")
        return
    if not arguments.output:
        raise ConfigError("-o: name the file to write, such as -o verification.csv")
    files = [read_measure(path) for path in arguments.files]
    table = rows(files)
    _write(arguments.output, _csv(Row, table))
    if arguments.summary:
        _write(arguments.summary, _csv(Number, numbers(files)))
    if arguments.html:
        _write(arguments.html, page(table))


if __name__ == "__main__":
    command.run(main)
