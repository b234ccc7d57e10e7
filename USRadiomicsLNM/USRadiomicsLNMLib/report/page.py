"""The report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from USHarmonizationLib.errors import UsageError

from ..resources import resource_path
from .cells import Interval, Table, counted
from .limits import limits
from .methods_text import methods_text
from .pictures import Picture
from .sheets import Sheet
from .view import ORIGINAL, View
from .words import standing, summary

if TYPE_CHECKING:
    from markupsafe import Markup

# Example images are no wider, pixels.
EXAMPLE_WIDTH = 320


@dataclass(frozen=True)
class Shown:
    """An example image as it stands in the page: PNG as data URI, its size, what it is."""

    source: str
    width: int
    height: int
    caption: str
    alt: str
    warnings: str


@dataclass(frozen=True)
class Drawn:
    """A figure as it stands in the page: its number, itself, and its ``svg`` element."""

    number: int
    picture: Picture
    svg: str


def page(view: View, tables: dict[str, Table], figures: list[Drawn], sheets: list[Sheet], folder: Path) -> str:
    """The HTML.

    Args:
        view: of the results; tables, figures, sheets: its parts.
        folder: of the results, where the example images are.

    Raises:
        UsageError: Jinja is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise UsageError("reports need Jinja: pip install usharmonization[evaluate]") from None
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(resource_path("Reporting")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["interval"] = lambda cell: isinstance(cell, Interval)
    environment.filters["counted"] = counted
    environment.filters["breakable"] = _breakable
    return environment.get_template("report.html.j2").render(
        view=view,
        results=view.results,
        standing=standing(view),
        summary=summary(view),
        tables=tables,
        numbers={name: table_number(name) for name in tables},
        figures={one.picture.name: one for one in figures},
        figure_order=[one.picture.name for one in figures],
        svgs={one.picture.name: Markup(one.svg) for one in figures},
        examples=example_images(view, folder),
        methods=methods_text(view),
        limits=limits(view),
        sheets=sheets,
        settings=_flat(view.results.settings),
        trainings=_trainings(view),
    )


def _breakable(text: object) -> Markup:
    """Long names may be broken after an underscore, or anywhere in words that fill a column."""
    from markupsafe import Markup, escape

    parts = re.split(r"(?<=_)|(?<=\w{20})", str(text))
    return Markup("<wbr>").join(escape(part) for part in parts)


def table_number(name: str) -> str:
    """``table_2b_kept`` -> ``2b``; "" for a sheet."""
    kind, _, rest = name.partition("_")
    return rest.partition("_")[0] if kind == "table" else ""


def example_images(view: View, folder: Path) -> list[tuple[str, str, list[Shown]]]:
    """Scanner, name of the image, and that image by every method, small enough for a page."""
    found: dict[tuple[str, str], list[Shown]] = {}
    for row in view.results.examples:
        path = folder / row.file
        if not path.is_file():
            continue
        scanner = view.scanner(row.scanner)
        method = view.method(row.method)
        if row.method == ORIGINAL and row.lesion and (folder / row.lesion).is_file():
            source, width, height = _small(folder / row.lesion)
            caption, alt = "lesion outlined", f"{scanner}, original image with the outline of the lesion"
            found.setdefault((scanner, row.image), []).append(Shown(source, width, height, caption, alt, ""))
        source, width, height = _small(path)
        alt = f"{scanner}, {'original image' if row.method == ORIGINAL else 'image after ' + method}"
        found.setdefault((scanner, row.image), []).append(Shown(source, width, height, method, alt, row.warnings))
    return [(scanner, image, shown) for (scanner, image), shown in found.items()]


def _small(path: Path) -> tuple[str, int, int]:
    from PIL import Image

    with Image.open(path) as opened:
        image = opened.convert("RGB") if opened.mode not in ("L", "RGB") else opened.copy()
    if image.width > EXAMPLE_WIDTH:
        image = image.resize(
            (EXAMPLE_WIDTH, round(image.height * EXAMPLE_WIDTH / image.width)), Image.Resampling.LANCZOS
        )
    if image.mode == "RGB":
        image = image.quantize(128)  # grey and one colour for outlines
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii"), image.width, image.height


def _trainings(view: View) -> list[tuple[str, list[str]]]:
    """Of each harmonizer its name, and its settings and metrics."""
    found = []
    for method in view.results.methods:
        for one in method.scanners if method.images == method.name else ():
            if one.settings or one.metrics:
                title = f"{method.title} for {view.scanner(one.source)}: {one.name}"
                found.append((title, [text for text in (_flat(one.settings), _flat(one.metrics)) if text]))
    return found


def _flat(content: Mapping[str, Any], before: str = "") -> str:
    """``a.b = 1; c = "x"``: all of a nested mapping in a paragraph."""
    parts = []
    for name, value in sorted(content.items()):
        if isinstance(value, Mapping):
            parts.append(_flat(value, f"{before}{name}."))
        else:
            parts.append(f"{before}{name} = {json.dumps(value, ensure_ascii=False, default=str)}")
    return "; ".join(part for part in parts if part)
