"""Tables of a report: numbers with their intervals, written alike as HTML, Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MISSING = "–"
MINUS = "\u2212"


@dataclass(frozen=True)
class Number:
    """A number with so many digits after the point; NaN is what does not exist."""

    value: float
    digits: int = 2

    def __str__(self) -> str:
        return fixed(self.value, self.digits)

    @property
    def parts(self) -> dict[str, float]:
        """End of a column's title in a CSV -> its value."""
        return {"": self.value}


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float
    digits: int = 3

    @property
    def head(self) -> str:
        """The number alone."""
        return fixed(self.value, self.digits)

    @property
    def ends(self) -> str:
        """``low to high``, "" where there is none."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return ""
        return f"{fixed(self.low, self.digits)} to {fixed(self.high, self.digits)}"

    def __str__(self) -> str:
        return self.head + (f" ({self.ends})" if self.ends else "")

    @property
    def parts(self) -> dict[str, float]:
        """As of ``Number``."""
        return {"": self.value, " low": self.low, " high": self.high}


@dataclass(frozen=True)
class Measured:
    """A number with its standard deviation (NaN for none) and the mark of a footnote."""

    value: float
    sd: float = math.nan
    digits: int = 2
    mark: str = ""

    def __str__(self) -> str:
        spread = f" ({fixed(self.sd, self.digits)})" if math.isfinite(self.sd) else ""
        return fixed(self.value, self.digits) + spread + (f" {self.mark}" if self.mark else "")

    @property
    def parts(self) -> dict[str, float]:
        """As of ``Number``."""
        return {"": self.value, " sd": self.sd}


@dataclass(frozen=True)
class Share:
    """A share, written as per cent."""

    value: float

    def __str__(self) -> str:
        return f"{100 * self.value:.0f} %" if math.isfinite(self.value) else MISSING

    @property
    def parts(self) -> dict[str, float]:
        """As of ``Number``."""
        return {"": self.value}


@dataclass(frozen=True)
class PValue:
    """A p value."""

    value: float

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return MISSING
        return "<0.001" if self.value < 0.001 else f"{self.value:.3f}"

    @property
    def parts(self) -> dict[str, float]:
        """As of ``Number``."""
        return {"": self.value}


Cell = str | int | Number | Interval | Measured | Share | PValue


@dataclass(frozen=True)
class Line:
    """A row of a table; ``group`` is a heading above the rows that have the same one, "" for none."""

    cells: tuple[Cell, ...]
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: of its CSV file. title: what it shows.
        columns: their titles; the first ``heads`` name the row.
        lines: in their order; those of a group one after the other.
        grouped_by: what groups are, the first column of the CSV where there are any.
        notes: below it, one line each.
        shown: so many lines in the report, all in the CSV; None: all.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    heads: int = 1
    grouped_by: str = ""
    notes: tuple[str, ...] = ()
    shown: int | None = None

    def __post_init__(self) -> None:
        wrong = {len(line.cells) for line in self.lines} - {len(self.columns)}
        if wrong:
            raise ValueError(f"{self.name}: rows of {sorted(wrong)} cells for {len(self.columns)} columns")

    @property
    def groups(self) -> list[tuple[str, list[Line]]]:
        """Headings with their rows, as shown."""
        found: list[tuple[str, list[Line]]] = []
        for line in self.lines[: self.shown]:
            if not found or found[-1][0] != line.group:
                found.append((line.group, []))
            found[-1][1].append(line)
        return found

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers."""
        return tuple(
            any(not isinstance(line.cells[place], str) for line in self.lines) for place in range(len(self.columns))
        )

    @property
    def hidden(self) -> int:
        """How many rows are in the CSV only."""
        return 0 if self.shown is None else max(0, len(self.lines) - self.shown)

    def csv(self) -> str:
        """All rows; a number with an interval has three columns; nothing is rounded to less than six digits."""
        ends = [_ends(line.cells[place] for line in self.lines) for place in range(len(self.columns))]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        group = [self.grouped_by] if self.grouped_by else []
        writer.writerow(
            group + [f"{title}{end}" for title, these in zip(self.columns, ends, strict=True) for end in these]
        )
        for line in self.lines:
            row = [line.group] if self.grouped_by else []
            for cell, these in zip(line.cells, ends, strict=True):
                row += _values(cell, these)
            writer.writerow(row)
        return text.getvalue()

    def markdown(self) -> str:
        """As Markdown, rows as shown, notes below."""
        columns = [*([self.grouped_by] if self.grouped_by else []), *self.columns]
        lines = [_markdown_row(columns), _markdown_row(["---"] * len(columns))]
        for line in self.lines[: self.shown]:
            cells = [*([line.group] if self.grouped_by else []), *line.cells]
            lines.append(_markdown_row(str(cell) for cell in cells))
        notes = [f"{self.hidden} more rows: {self.name}.csv"] if self.hidden else []
        return "\n".join([*lines, *(f"\n{markdown_text(note)}" for note in [*self.notes, *notes])]) + "\n"


def fixed(value: float, digits: int) -> str:
    """With a minus sign that is not taken for a dash, without a negative zero; a dash for what does not exist."""
    if not math.isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    return (text[1:] if float(text) == 0 and text.startswith("-") else text).replace("-", MINUS)


def number_of(text: str) -> float:
    """The number that ``fixed`` wrote."""
    return math.nan if text == MISSING else float(text.replace(MINUS, "-"))


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(count: int, one: str, many: str = "") -> str:
    """``1 patient``, ``2 patients``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is: names come from users."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)


def _ends(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Ends of the titles of the columns that these cells need."""
    found: tuple[str, ...] = ("",)
    for cell in cells:
        if not isinstance(cell, (str, int)) and len(cell.parts) > len(found):
            found = tuple(cell.parts)
    return found


def _values(cell: Cell, ends: Sequence[str]) -> list[str]:
    if isinstance(cell, (str, int)):
        return [str(cell), *[""] * (len(ends) - 1)]
    return [f"{cell.parts[end]:.6g}" if math.isfinite(cell.parts.get(end, math.nan)) else "" for end in ends]


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell if set(cell) == {"-"} else markdown_text(cell) for cell in cells) + " |"
