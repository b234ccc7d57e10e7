"""One page about a score: a self-contained HTML file for screen and paper. It names no patient, at most a pseudonym."""

from __future__ import annotations

import datetime
import html
from collections.abc import Sequence
from pathlib import Path

from USHarmonizationLogic import LogicError

from .meaning import AUC_OF, RESEARCH_USE, bestAuc, featureText, meaningOf, outcomeText, percent
from .picture import Picture
from .scoring import Scored

# More bars than this do not fit on the page; the CSV has them all.
SHOWN = 10
RISES, FALLS, QUIET = "#b5541c", "#2a6f97", "#5f6b76"

STYLE = """
@page { size: A4; margin: 14mm }
* { box-sizing: border-box }
body { font: 14px/1.45 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: #1d252c; margin: 0 auto;
  max-width: 800px; padding: 22px; -webkit-print-color-adjust: exact; print-color-adjust: exact }
header { display: flex; justify-content: space-between; align-items: baseline; border-bottom: 2px solid #1d252c }
h1 { font-size: 20px; margin: 0 0 6px }
.notice { background: #fdf0d0; border-left: 4px solid #e09000; color: #5b3a00; padding: 6px 10px; font-weight: 600;
  margin: 12px 0 }
.columns { display: grid; gap: 26px; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)) }
h2 { font-size: 13px; text-transform: uppercase; letter-spacing: .06em; color: #5f6b76; margin: 14px 0 6px }
figure { margin: 0; background: #0c0f12; text-align: center } figure svg { width: 100%; max-height: 240px }
.percent { font-size: 46px; font-weight: 650; line-height: 1.1 }
.sub { color: #5f6b76; font-size: 12px } p { margin: 6px 0 } ul { margin: 4px 0; padding-left: 18px }
.warnings li { color: #7a4300 } svg text { font: 12px system-ui, "Segoe UI", Arial, sans-serif }
footer { border-top: 1px solid #c9d1d8; margin-top: 16px; padding-top: 8px; color: #5f6b76; font-size: 11.5px }
section { break-inside: avoid }
"""


def reportHtml(
    scores: Sequence[Scored], pictures: Sequence[Picture], case: str = "", day: datetime.date | None = None
) -> str:
    """The page.

    Args:
        scores: one or two (original, harmonized).
        pictures: of the same lesions, in the same order; may be empty.
        case: a pseudonym to print; a line to write on unless given.
        day: to print; today unless given.
    """
    if not scores:
        raise LogicError("There is no score yet; click Score first.")
    parts = []
    for place, scored in enumerate(scores):
        picture = _figure(pictures[place]) if place < len(pictures) else ""
        parts.append(_column(scored, picture, alone=len(scores) == 1))
    title = f"Radiomics score: {outcomeText(scores[0].score.outcome)}"
    who = html.escape(case) if case else "____________________"
    when = (day or datetime.date.today()).isoformat()
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><header><h1>{html.escape(title)}</h1><span>Case {who} · {when}</span></header>"
        f'<div class="notice">{html.escape(RESEARCH_USE)}</div>'
        f'<div class="columns">{"".join(parts)}</div>{_footer(scores[0])}</body></html>\n'
    )


def _column(scored: Scored, picture: str, alone: bool) -> str:
    meaning = meaningOf(scored)
    heading = "" if alone and not scored.harmonizer else f"<h2>{scored.caption}</h2>"
    through = f'<p class="sub">Harmonized by {html.escape(scored.harmonizer)}</p>' if scored.harmonizer else ""
    listed = "".join(f"<li>{html.escape(warning)}</li>" for warning in meaning.warnings)
    warnings = f'<ul class="warnings">{listed}</ul>' if listed else "<p>None.</p>"
    return (
        f'<section>{heading}{picture}<div class="percent">{meaning.percent}</div>'
        f'<div class="sub">{html.escape(RESEARCH_USE)}</div>{probabilityBar(scored)}'
        f"<p><b>{html.escape(meaning.verdict)}</b></p><p>{html.escape(meaning.sentence)}</p>{through}"
        f"<h2>What makes up the score</h2>{contributionBars(scored)}<h2>Warnings</h2>{warnings}</section>"
    )


def _figure(picture: Picture) -> str:
    rows, columns = picture.grey.shape
    height = rows * picture.aspect
    return (
        f'<figure><svg viewBox="0 0 {columns} {height:.2f}" role="img" aria-label="Lesion with its outline">'
        f'<g transform="scale(1 {picture.aspect:.5f})"><image width="{columns}" height="{rows}" '
        f'preserveAspectRatio="none" href="{picture.dataUri()}"/><path d="{picture.outline()}" fill="none" '
        'stroke="#ffd040" stroke-width="1.6" stroke-linecap="square" vector-effect="non-scaling-stroke"/></g></svg>'
        "</figure>"
    )


def probabilityBar(scored: Scored) -> str:
    """A bar from 0 to 100 % with the threshold marked, as SVG."""
    width, score = 340, scored.score
    end, mark = width * score.probability, width * score.threshold
    anchor = "start" if score.threshold < 0.15 else "end" if score.threshold > 0.85 else "middle"
    colour = RISES if score.positive else FALLS
    return (
        f'<svg viewBox="-2 0 {width + 4} 44" width="100%" role="img" aria-label="{percent(score.probability)}, '
        f'threshold {percent(score.threshold)}"><rect y="6" width="{width}" height="14" rx="3" fill="#e4e9ed"/>'
        f'<rect y="6" width="{end:.1f}" height="14" rx="3" fill="{colour}"/>'
        f'<line x1="{mark:.1f}" x2="{mark:.1f}" y1="1" y2="25" stroke="#1d252c" stroke-width="2"/>'
        f'<text x="{mark:.1f}" y="39" text-anchor="{anchor}" fill="{QUIET}">threshold {percent(score.threshold)}</text>'
        "</svg>"
    )


def contributionBars(scored: Scored) -> str:
    """A bar for what each feature adds to the log odds, as SVG; the largest ``SHOWN``."""
    parts = scored.score.contributions[:SHOWN]
    longest = max(abs(part.contribution) for part in parts) or 1.0
    rows, middle, half = [], 258, 62
    for place, part in enumerate(parts):
        y, length = 20 * place, half * abs(part.contribution) / longest
        x = middle if part.contribution >= 0 else middle - length
        name = html.escape(featureText(part.feature))
        rows.append(
            f'<text x="0" y="{y + 13}" fill="#1d252c">{name}<title>{html.escape(part.feature)}</title></text>'
            f'<rect x="{x:.1f}" y="{y + 3}" width="{max(length, 0.5):.1f}" height="12" '
            f'fill="{RISES if part.contribution >= 0 else FALLS}"/>'
            f'<text x="370" y="{y + 13}" text-anchor="end" fill="{QUIET}">{part.contribution:+.2f}</text>'
        )
    height = 20 * len(parts)
    left = len(scored.score.contributions) - len(parts)
    more = f'<p class="sub">and {left} smaller ones</p>' if left else ""
    return (
        f'<svg viewBox="0 0 372 {height}" width="100%" role="img" aria-label="Contributions">{"".join(rows)}'
        f'<line x1="{middle}" x2="{middle}" y1="0" y2="{height}" stroke="{QUIET}"/></svg>'
        f'<p class="sub">Log odds; orange raises the probability, blue lowers it. '
        f"Intercept {scored.score.intercept:+.2f}, radiomics score {scored.score.radiomics_score:+.2f}.</p>{more}"
    )


def _footer(scored: Scored) -> str:
    model = scored.model
    lines = [f"Model: {len(model.features)} features, fitted by version {model.software_version}"]
    if patients := model.fitted.get("patients"):
        lines[0] += f" on {patients} patients, {model.fitted.get('patients_with_outcome')} with the outcome"
    if found := bestAuc(model):
        name, auc = found
        lines.append(f"AUC: {auc['value']:.2f} (95 % CI {auc['low']:.2f} to {auc['high']:.2f}, {AUC_OF[name]})")
    lines.append(f"Features: {model.radiomics.get('engine', '')}, parameters {model.radiomics.get('parameters', '')}")
    lines.append(scored.score.intended_use)
    lines.append("Text that the scanner burnt into the picture's imaged area stays visible: look before passing it on.")
    return "<footer>" + "<br>".join(html.escape(line) for line in lines) + "</footer>"


def saveReport(path: Path, page: str) -> None:
    """Write the page, whole or not at all."""
    from USHarmonizationLib.atomic import write_text

    if path.suffix.lower() not in (".html", ".htm"):
        raise LogicError(f"{path.name}: name a file that ends in .html.")
    write_text(path, page)
