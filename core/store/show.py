"""A file in words: what it holds, its shapes, units and origin."""

from pathlib import Path

import h5py

from core.errors import SchemaError

SCHEMAS = ("entroflow-run/1", "entroflow-measure/1")
LONG = 100


def _attribute(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= LONG else f"{text[: LONG - 3]}..."


def _lines(group: h5py.Group, depth: int) -> list[str]:
    indent, lines = "  " * depth, []
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            lines += [f"{indent}{name}/", *_attributes(item, depth + 1), *_lines(item, depth + 1)]
        elif isinstance(item, h5py.Dataset):
            units = item.attrs.get("units", "1")
            about = item.attrs.get("long_name", "")
            shape = "x".join(str(s) for s in item.shape) or "scalar"
            kind = "complex128" if item.dtype.kind in "cV" else str(item.dtype)
            lines.append(f"{indent}{name}  {kind} {shape}  [{units}]  {about}")
    return lines


def _attributes(group: h5py.Group, depth: int) -> list[str]:
    return [f"{'  ' * depth}@{key} = {_attribute(value)}" for key, value in group.attrs.items()]


def show(path: str | Path) -> str:
    """Return a description of any file of ours, or of any HDF5 file.

    Raises SchemaError if it is missing or no HDF5.
    """
    path = Path(path)
    if not path.is_file():
        raise SchemaError(f"{path}: no such file; make it first")
    try:
        with h5py.File(path, "r") as file:
            schema = str(file.attrs.get("schema", "none"))
            note = "" if schema in SCHEMAS else "  (not a file of ours)"
            head = f"{path}: {schema}{note}"
            return "\n".join([head, *_attributes(file, 1), *_lines(file, 1)])
    except OSError as problem:
        raise SchemaError(
            f"{path}: cannot be read as HDF5 ({str(problem).splitlines()[0]})"
        ) from None
