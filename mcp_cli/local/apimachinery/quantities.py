"""Quantities such as `100m`, `128Mi` and `1e3`: parsed, compared, written canonically.

Role: pure. Called by decoding, validation, tables and the workload controllers.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal, localcontext

BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
PATTERN = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?")
WRONG_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NANO = Decimal("1e-9")


def _parts(text: str) -> tuple[Decimal, str]:
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(WRONG_FORM)
    sign, digits, suffix = match.group(1), match.group(2), match.group(3) or ""
    return Decimal(f"{sign}{digits}"), suffix


def parse(value: str | int | float) -> Decimal:
    """The number that a quantity stands for; raises ValueError with Kubernetes' words."""
    number, suffix = _parts(str(value))
    with localcontext() as context:
        context.prec = 60
        if suffix in BINARY:
            number *= Decimal(1024) ** BINARY[suffix]
        elif suffix in DECIMAL:
            number = number.scaleb(DECIMAL[suffix])
        else:
            number = number.scaleb(int(suffix[1:]))
        # Nothing is finer than a nano: it is rounded away from zero.
        return number if number == number.quantize(NANO) else number.quantize(NANO, rounding=ROUND_UP)


def compare(left: str | int | float, right: str | int | float) -> int:
    """-1, 0 or 1."""
    first, second = parse(left), parse(right)
    return (first > second) - (first < second)


def canonical(value: str | int | float) -> str:
    """No fraction, and the largest suffix of the same family that keeps it so: `0.5` -> `500m`, `1024Ki` -> `1Mi`."""
    text = str(value)
    suffix = _parts(text)[1]
    number = parse(text)
    if number == 0:
        return "0"
    if suffix in BINARY and (abs(number) >= 1024 or suffix == "") and number == number.to_integral_value():
        return _binary(int(number))
    if suffix[:1] in ("e", "E") and suffix != "E":
        return _exponent(number)
    return _scaled(number)


def _binary(number: int) -> str:
    suffix = ""
    for name in BINARY:
        if number % 1024:
            break
        number //= 1024
        suffix = name
    return f"{number}{suffix}"


def _scaled(number: Decimal) -> str:
    best = ""
    for name, power in sorted(DECIMAL.items(), key=lambda item: item[1]):
        scaled = number.scaleb(-power)
        if scaled == scaled.to_integral_value():
            best = f"{int(scaled)}{name}"
    return best


def _exponent(number: Decimal) -> str:
    best = ""
    for power in range(-9, 19, 3):
        scaled = number.scaleb(-power)
        if scaled == scaled.to_integral_value():
            best = f"{int(scaled)}e{power}" if power else f"{int(scaled)}"
    return best
