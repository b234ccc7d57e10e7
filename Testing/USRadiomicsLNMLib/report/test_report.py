"""The report of a study: one file that loads nothing, with the numbers of the results, safe from what names hold."""

from __future__ import annotations

import csv
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from study_results import example_results

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.report.cells import number_of
from USRadiomicsLNMLib.report.documentation import write_documentation
from USRadiomicsLNMLib.report.svg import inline_svg
from USRadiomicsLNMLib.report.write import write_report
from USRadiomicsLNMLib.study.results import FOLDER, StudyResults

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)> $x_{1}$ & "a" \\'


class Page(HTMLParser):
    """Tags with their attributes, and the texts of tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[str]] = {}
        self._table = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._table = dict(attrs)["id"] or ""
            self.tables[self._table] = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        if self._table and data.strip():
            self.tables[self._table].append(data.strip())


def study(folder: Path, results: StudyResults | None = None) -> Path:
    drawn = example_results(folder / FOLDER)
    (results or drawn).write(folder / FOLDER)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = study(tmp_path_factory.mktemp("study"))
    write_report(made)
    return made


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_report_is_one_file_that_loads_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert "http" not in html
    assert "@import" not in html
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "embed", "base")]
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
    assert all(match.startswith("#") for match in re.findall(r"url\(([^)]*)\)", html))


def test_pictures_have_alternatives_and_tables_have_headers(html: str) -> None:
    page = Page(html)
    assert [attributes for tag, attributes in page.tags if tag == "img"]
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert all(
        attributes.get("role") == "img" and attributes.get("aria-label")
        for tag, attributes in page.tags
        if tag == "svg"
    )
    assert all(attributes.get("scope") in ("col", "row", "rowgroup") for tag, attributes in page.tags if tag == "th")
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table")
    assert tags.count("h1") == 1
    assert dict(page.tags)["html"] == {"lang": "en"}


def test_ids_are_unique_and_what_they_point_to_is_there(html: str) -> None:
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointed = {(attributes.get("href") or "#")[1:] for _, attributes in page.tags} - {""}
    pointed |= set(re.findall(r"url\(#([^)]*)\)", html))
    assert pointed <= set(ids)


@pytest.mark.parametrize(
    "name", ["table_3_performance", "table_4_differences", "table_5_calibration", "table_7_scanners"]
)
def test_every_number_of_a_table_is_in_its_csv(name: str, folder: Path, html: str) -> None:
    with open(folder / "tables" / f"{name}.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    known = [float(cell) for row in rows for cell in row if re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]
    cells = [text for text in Page(html).tables[name] if re.fullmatch(r"[−\d.]+|\([−\d.]+ to [−\d.]+\)", text)]
    shown = [number for text in cells for number in re.findall(r"−?\d+\.\d+", text)]
    assert len(shown) > 30
    for text in shown:
        half = 0.5 * 10 ** -len(text.partition(".")[2]) + 1e-6
        assert any(abs(number_of(text) - value) <= half for value in known), text


def test_table_3_has_the_numbers_of_the_results(folder: Path) -> None:
    with open(folder / "tables" / "table_3_performance.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    first = next(row for row in example_results().performance if (row.method, row.set) == ("original", "test"))
    found = next(row for row in rows if row["method"] == "original" and row["patients"].startswith("Test"))
    for title, name in (("ACC", "accuracy"), ("SEN", "sensitivity"), ("NPV", "npv"), ("AUC", "auc")):
        for end in ("", "_low", "_high"):
            value = float(found[title + end.replace("_", " ")])
            assert math.isclose(value, getattr(first, name + end), rel_tol=1e-5)


def test_all_figures_lie_beside_it(folder: Path, html: str) -> None:
    names = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert names == {path.stem for path in (folder / "figures").glob("*.png")}
    assert names >= {"auc", "images", "feature_shifts", "examples", "roc_test", "calibration", "decision_curves"}
    assert len(re.findall(r"<svg\b", html)) == len(names) - 1  # examples stand there as small pictures
    assert [int(number) for number in re.findall(r"<b>Figure (\d+)\.", html)] == list(range(1, len(names) + 1))


def test_the_same_results_give_the_same_report(folder: Path, html: str, tmp_path: Path) -> None:
    assert write_report(study(tmp_path)).read_text(encoding="utf-8") == html


def test_names_from_users_stay_text(tmp_path: Path) -> None:
    results = example_results(tmp_path / FOLDER)

    def renamed(rows: tuple, field: str) -> tuple:  # type: ignore[type-arg]
        return tuple(replace(row, **{field: HOSTILE}) if place == 0 else row for place, row in enumerate(rows))

    results = replace(
        results,
        title=HOSTILE,
        outcome=HOSTILE,
        target=HOSTILE,
        settings={**results.settings, "params": HOSTILE, "anatomy": HOSTILE},
        methods=tuple(replace(one, title=f"{one.title} {HOSTILE}", summary=HOSTILE) for one in results.methods),
        counts=renamed(results.counts, "scanner"),
        patients_table=renamed(results.patients_table, "variable"),
        image_figures=tuple(replace(row, scanner=HOSTILE, warnings=HOSTILE) for row in results.image_figures),
        features=renamed(results.features, "feature"),
        scanners=tuple(replace(row, scanner=HOSTILE) for row in results.scanners),
        shifts=tuple(replace(row, scanner=HOSTILE) for row in results.shifts),
        examples=tuple(replace(row, image=HOSTILE, warnings=HOSTILE) for row in results.examples),
        left_out=renamed(results.left_out, "reason"),
        notes=(HOSTILE,),
        limits=(HOSTILE,),
        versions={HOSTILE: HOSTILE},
        inputs={HOSTILE: HOSTILE},
    )
    html = write_report(tmp_path, results).read_text(encoding="utf-8")
    page = Page(html)
    assert "script" not in [tag for tag, _ in page.tags]
    assert all((attributes.get("src") or "").startswith("data:") for tag, attributes in page.tags if tag == "img")
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert html.count("&lt;script&gt;") > 20
    svg = (tmp_path / "figures" / "auc.svg").read_text(encoding="utf-8")
    assert "$x_{1}$" in svg  # no formula
    assert "<script" not in svg


def test_few_results_give_a_short_report(tmp_path: Path) -> None:
    bare = StudyResults("t", "ge-logiq-7", "lnm", {}, example_results().methods)
    html = write_report(tmp_path, bare).read_text(encoding="utf-8")
    assert "no figures that could be compared" in html
    assert not re.search(r"\b(nan|None)\b", re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL))


def test_no_results_and_no_matplotlib_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="results of a study"):
        write_report(tmp_path)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match=r"reports need Jinja: pip install usharmonization\[evaluate\]"):
        write_report(tmp_path, StudyResults("t", "ge-logiq-7", "lnm", {}, ()))


def test_drawings_do_not_disturb_each_other() -> None:
    svg = (
        '<?xml version="1.0"?><!DOCTYPE svg><svg width="9pt" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 6">'
        '<metadata>http://purl.org</metadata><style type="text/css">*{x:y}</style>'
        '<path id="a" clip-path="url(#b)"/><use xlink:href="#a"/></svg>\n'
    )
    found = inline_svg(svg, "one", 'a "label"')
    assert '<path id="one-a" clip-path="url(#one-b)"/><use href="#one-a"/>' in found
    assert 'aria-label="a &quot;label&quot;"' in found
    assert "http" not in found
    assert "style>" not in found
    with pytest.raises(ValueError, match="no SVG"):
        inline_svg("<html>", "one", "")


def test_documentation_is_one_command(folder: Path, tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, repository / "Tools" / "study_docs.py", folder, tmp_path]
    options = ["--title", "A study", "--command", "uslnm study c.csv"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path / "README.md")
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# A study\n")
    assert "```\nuslnm study c.csv\n```" in readme
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (tmp_path / link).is_file()
    assert "| Test split: 42 patients, 14 with lnm = 1 | original | 0.700 (0.600 to 0.800)" in readme
    assert not (tmp_path / "examples.svg").exists()
    assert not list(tmp_path.glob("*predictions*"))


def test_documentation_shows_examples_with_their_licence(folder: Path, tmp_path: Path) -> None:
    readme = write_documentation(folder, tmp_path, examples="CC BY 4.0, Somebody 2024").read_text(encoding="utf-8")
    assert "CC BY 4.0, Somebody 2024" in readme
    assert (tmp_path / "examples.svg").is_file()
    with pytest.raises(UsageError, match="results of a study"):
        write_documentation(tmp_path, tmp_path)


def test_a_browser_shows_it_and_nothing_is_wider_than_the_window(folder: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium (Debian package chromium) to look at the report")
    probe = tmp_path / "probe.html"
    html = (folder / "report.html").read_text(encoding="utf-8")
    script = "<script>document.title = `${document.documentElement.scrollWidth} ${window.innerWidth}`</script></body>"
    probe.write_text(html.replace("</body>", script), encoding="utf-8")
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    for width in (1280, 500):
        command = [browser, *flags, f"--window-size={width},900", "--dump-dom", f"file://{probe}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        title = re.search(r"<title>(\d+) (\d+)</title>", done.stdout)
        assert title is not None
        assert int(title[1]) <= int(title[2])
    pdf = tmp_path / "report.pdf"
    command = [browser, *flags, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", f"file://{folder / 'report.html'}"]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert pdf.read_bytes().startswith(b"%PDF")
