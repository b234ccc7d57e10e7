"""A study's report on the disk: ``report.html``, ``figures/`` (SVG and PNG), ``tables/`` (CSV)."""

from __future__ import annotations

from pathlib import Path

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.figures.style import save_figure

from ..study.results import FOLDER, StudyResults
from .facts import facts
from .page import Drawn, page
from .pictures import Picture, pictures
from .sheets import sheets
from .svg import inline_svg
from .tables import tables
from .view import View

REPORT, FIGURES, TABLES = "report.html", "figures", "tables"


def write_report(folder: Path, results: StudyResults | None = None) -> Path:
    """Write the report of a study into its folder; what is there already is replaced.

    Args:
        folder: of the study; its ``results`` hold the example images.
        results: read from there when None.

    Returns:
        The path of the HTML file.

    Raises:
        UsageError: there are no results; matplotlib or Jinja is not installed.
        OSError: the folder cannot be written to.
    """
    view = View(StudyResults.read(folder / FOLDER) if results is None else results)
    made = tables(view)
    filled = sheets(facts(view))
    for table in (*made.values(), *(sheet.table for sheet in filled)):
        write_text(folder / TABLES / f"{table.name}.csv", table.csv())
    drawn = [_draw(folder / FIGURES, place, one) for place, one in enumerate(pictures(view, folder / FOLDER), start=1)]
    write_text(folder / REPORT, page(view, made, drawn, filled, folder / FOLDER))
    return folder / REPORT


def _draw(folder: Path, number: int, picture: Picture) -> Drawn:
    _, svg = save_figure(picture.figure, folder, picture.name)
    # Example images are large, and stand in the page as small pictures instead.
    inside = "" if picture.name == "examples" else inline_svg(svg.read_text("utf-8"), picture.name, picture.alt)
    return Drawn(number, picture, inside)
