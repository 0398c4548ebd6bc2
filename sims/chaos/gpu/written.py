"""Expressions of the catalogue as CUDA C, and a system's right-hand side."""

from sims.chaos.expressions import MAKE, SMALL_POWERS, Call, Name, Node, Number, uses
from sims.chaos.system import TIME, System

CALLED = {
    "abs": "fabs", "arctan": "atan", "min": "least", "max": "most", "sign": "sign_of",
    "step": "step_of", "under": "under_of",
}  # fmt: skip


def in_c(node: Node, names: dict[str, str]) -> str:
    """Return the expression in CUDA C, `names` replaced."""
    if isinstance(node, Number):
        written = repr(float(node.value))
        return f"({written})" if written.startswith("-") else written
    if isinstance(node, Name):
        return names[node.name]
    text = [in_c(argument, names) for argument in node.arguments]
    if node.what == "**":
        return _power(node, text)
    if node.what in MAKE:
        return f"({text[0]} {node.what} {text[1]})"
    return f"{CALLED.get(node.what, node.what)}({', '.join(text)})"


def _power(node: Call, text: list[str]) -> str:
    """Return a power, a small whole one as a product."""
    exponent = node.arguments[1]
    if isinstance(exponent, Number):
        value = exponent.value
        if value == 0.5:
            return f"sqrt({text[0]})"
        if value.is_integer() and 0 < abs(value) <= SMALL_POWERS:
            product = f"power<{abs(int(value))}>({text[0]})"
            return product if value > 0 else f"(1.0 / {product})"
    return f"pow({text[0]}, {text[1]})"


def right_hand_side(system: System, title: str) -> str:
    """Return the function of this title that writes dy/dt to `out`, in CUDA C."""
    names = {name: f"v{i}" for i, name in enumerate(system.variables)}
    names |= {name: f"p{i}" for i, name in enumerate(system.parameters)}
    names[TIME] = "t"
    used = {names[name] for rate in system.rates for name in uses(rate)}
    lines = [f"const double v{i} = y[{i}];" for i in range(system.dimension) if f"v{i}" in used]
    lines += [
        f"const double p{i} = p[{i}];" for i in range(len(system.parameters)) if f"p{i}" in used
    ]
    lines += [f"out[{i}] = {in_c(rate, names)};" for i, rate in enumerate(system.rates)]
    body = "\n".join(f"    {line}" for line in lines)
    return (
        f"__device__ inline void {title}(double t, const double *y, const double *p, double *out)\n"
        f"{{\n    (void)t, (void)p;\n{body}\n}}\n"
    )
