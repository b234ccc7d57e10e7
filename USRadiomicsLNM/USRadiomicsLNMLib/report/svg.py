"""SVG files made part of an HTML page: nothing is loaded, and no two drawings on a page disturb each other."""

from __future__ import annotations

import re
from html import escape

# Points of a drawing -> points on the screen, at most.
LARGEST = 1.4


def inline_svg(text: str, name: str, label: str) -> str:
    """The ``svg`` element of a file that matplotlib wrote, as it can stand in HTML.

    Args:
        text: of the file.
        name: put before all its ids; letters, digits, ``_`` and ``-``.
        label: what people hear who cannot see it.

    Raises:
        ValueError: no SVG with a size in points.
    """
    start = re.search(r"<svg\b[^>]*>", text)
    if start is None or (box := re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', start[0])) is None:
        raise ValueError(f"{name}: no SVG as matplotlib writes it")
    body = text[start.end() : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<style\b.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'\b(?:xlink:)?href="#', f'href="#{name}-', body)
    body = re.sub(r"url\(#", f"url(#{name}-", body)
    width, height = float(box[1]), float(box[2])
    return (
        f'<svg class="plot" role="img" aria-label="{escape(label)}" viewBox="0 0 {box[1]} {box[2]}" '
        f'style="max-width: {LARGEST * width:.0f}pt; aspect-ratio: {width:g} / {height:g}">{body}</svg>'
    )
