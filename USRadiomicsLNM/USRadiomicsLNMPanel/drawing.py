"""Small pictures for labels: the probability with the threshold, and the bars of what makes it up.

Painted rather than styled, so that they look the same on all systems; text takes the colours of the theme.
"""

from __future__ import annotations

from typing import Any

import qt

from USRadiomicsLNMLogic.meaning import featureText, percent

# Painted at twice the size and shown at half, so that screens of high resolution show them sharp.
SCALE = 2
RISES, FALLS = "#c4622d", "#2a6f97"
SHOWN = 6
BAR, ROW = 16, 34


def probabilityPixmap(scored: Any, width: int, label: Any) -> Any:
    """A bar from 0 to 100 % with the threshold marked.

    Args:
        scored: what to show; width: in pixels of the screen.
        label: the QLabel that will show it, for colours and font.
    """
    pixmap, painter = _begin(width, 46, label)
    text = qt.QColor(label.palette.color(qt.QPalette.WindowText))  # a copy: the palette goes
    metrics = qt.QFontMetrics(label.font)
    score = scored.score
    _fill(painter, 0, 6, width, BAR, _faint(text, 40))
    _fill(painter, 0, 6, max(2, round(width * score.probability)), BAR, qt.QColor(_colour(score.positive)))
    mark = min(max(round(width * score.threshold), 1), width - 2)
    _fill(painter, mark - 1, 1, 2, BAR + 10, text)
    words = f"threshold {percent(score.threshold)}"
    wide = metrics.boundingRect(words).width() + 4
    painter.setPen(_faint(text, 190))
    painter.drawText(min(max(mark - wide // 2, 0), width - wide), 42, words)
    painter.end()
    return pixmap


def contributionsPixmap(scored: Any, width: int, label: Any) -> Any:
    """A bar to the right or left for what each of the ``SHOWN`` largest parts adds to the log odds."""
    parts = scored.score.contributions[:SHOWN]
    pixmap, painter = _begin(width, max(1, ROW * len(parts)), label)
    text = qt.QColor(label.palette.color(qt.QPalette.WindowText))  # a copy: the palette goes
    metrics = qt.QFontMetrics(label.font)
    longest = max(abs(part.contribution) for part in parts) or 1.0
    middle, half = width // 2, width // 2 - 2
    for place, part in enumerate(parts):
        top = place * ROW
        value = f"{part.contribution:+.2f}"
        room = metrics.boundingRect(value).width() + 8
        name = metrics.elidedText(featureText(part.feature), qt.Qt.ElideRight, width - room)
        painter.setPen(text)
        painter.drawText(0, top + 14, name)
        painter.setPen(_faint(text, 190))
        painter.drawText(width - room + 4, top + 14, value)
        length = max(1, round(half * abs(part.contribution) / longest))
        rises = part.contribution >= 0
        _fill(painter, 0, top + 20, width, 8, _faint(text, 20))
        _fill(painter, middle if rises else middle - length, top + 20, length, 8, qt.QColor(_colour(rises)))
        _fill(painter, middle, top + 18, 1, 12, _faint(text, 160))
    painter.end()
    return pixmap


def _begin(width: int, height: int, label: Any) -> tuple[Any, Any]:
    pixmap = qt.QPixmap(width * SCALE, height * SCALE)
    pixmap.setDevicePixelRatio(SCALE)
    pixmap.fill(qt.QColor(0, 0, 0, 0))
    painter = qt.QPainter()
    painter.begin(pixmap)
    painter.setRenderHint(qt.QPainter.Antialiasing, True)
    painter.setFont(label.font)
    return pixmap, painter


def _fill(painter: Any, x: int, y: int, width: int, height: int, colour: Any) -> None:
    painter.fillRect(x, y, width, height, colour)


def _faint(colour: Any, alpha: int) -> Any:
    return qt.QColor(colour.red(), colour.green(), colour.blue(), alpha)


def _colour(rises: bool) -> str:
    return RISES if rises else FALLS
