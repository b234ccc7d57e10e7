"""The bundle: what is written comes back, the same content gives the same bytes, and nothing broken gets through."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from USHarmonizationLib.bundle import (
    RESEARCH_USE,
    Bundle,
    bundle_folders,
    find_bundle,
    installed_bundles,
    read_bundle,
    user_models,
    write_bundle,
)
from USHarmonizationLib.errors import UsageError

SETTINGS = {"name": "resnet", "width": 2, "blocks": 1}
WEIGHTS = {"model.1.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "model.1.bias": np.ones(2, np.float32)}


def written(folder: Path, **changes: Any) -> Bundle:
    fields: dict[str, Any] = {
        "source": "ge-logiq-5",
        "target": "ge-logiq-7",
        "variant": "cyclegan",
        "networks": {"generator": (SETTINGS, WEIGHTS)},
        "training": {"seed": 0, "crop": 128},
        "training_patients": ("sha256:0123456789abcdef",),
        "metrics": {"held_out": {"frechet": 6.5}},
        "licence": "CC BY 4.0",
    }
    return write_bundle(folder, **{**fields, **changes})


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    bundle = written(tmp_path / "deep" / "b", checks={"bf16_max_feature_change": 0.2}, citation="Gómez-Flores 2024")
    assert bundle == read_bundle(tmp_path / "deep" / "b")
    assert bundle.name == "ge-logiq-5-to-ge-logiq-7"
    assert bundle.networks["generator"].settings == SETTINGS
    assert bundle.training_patients == ("sha256:0123456789abcdef",)
    assert bundle.intensity_range == (-1.0, 1.0)
    assert bundle.intended_use == RESEARCH_USE
    assert bundle.citation == "Gómez-Flores 2024"
    weights = bundle.weights()
    assert weights.keys() == WEIGHTS.keys()
    assert all(np.array_equal(weights[key], WEIGHTS[key]) for key in WEIGHTS)
    with pytest.raises(UsageError, match="no reverse network"):
        bundle.weights("reverse")


def test_same_content_same_bytes_in_any_order(tmp_path: Path) -> None:
    written(tmp_path / "a")
    shuffled = {"generator": (dict(reversed(SETTINGS.items())), dict(reversed(WEIGHTS.items())))}
    written(tmp_path / "b", networks=shuffled, training={"crop": 128, "seed": 0})
    for name in ("model.json", "generator.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_version_follows_what_the_output_depends_on(tmp_path: Path) -> None:
    first = written(tmp_path / "a")
    assert written(tmp_path / "b", licence="MIT", metrics={}).version == first.version
    other = {"model.1.weight": WEIGHTS["model.1.weight"] + 1, "model.1.bias": WEIGHTS["model.1.bias"]}
    assert written(tmp_path / "c", networks={"generator": (SETTINGS, other)}).version != first.version
    assert written(tmp_path / "d", intensity_range=(0.0, 1.0)).version != first.version


def test_a_bundle_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    written(tmp_path / "b", licence="MIT", networks=dict.fromkeys(("generator", "reverse"), (SETTINGS, WEIGHTS)))
    assert written(tmp_path / "b").licence == "CC BY 4.0"
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["generator.safetensors", "model.json"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "image.png").touch()
    with pytest.raises(UsageError, match="no harmonizer bundle; name a new folder"):
        written(tmp_path / "data")
    assert (tmp_path / "data" / "image.png").is_file()


def test_a_failed_write_leaves_the_old_bundle(tmp_path: Path) -> None:
    old = written(tmp_path / "b")
    with pytest.raises(UsageError, match="not finite") as caught:
        written(tmp_path / "b", networks={"generator": (SETTINGS, {"w": np.array([np.nan], np.float32)})})
    assert ".partial" not in str(caught.value)
    assert read_bundle(tmp_path / "b") == old
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "GE Logiq 5"}, "source is 'GE Logiq 5'"),
        ({"name": "../up"}, "name is '../up'"),
        ({"networks": {}}, "generator"),
        ({"networks": {"generator": ({"width": 2}, WEIGHTS)}}, "without a name"),
        ({"networks": {"generator": (SETTINGS, WEIGHTS), "other": (SETTINGS, WEIGHTS)}}, "reverse"),
        ({"networks": {"generator": (SETTINGS, {"w": np.ones(2)})}}, "float64; needed: float32"),
        ({"intensity_range": (1.0, 0.0)}, "black < white"),
        ({"training_patients": ("Jane Doe",)}, "pseudonyms"),
        ({"metrics": {"frechet": float("nan")}}, "JSON"),
        ({"metrics": {"path": Path()}}, "JSON"),
        ({"licence": None}, "licence is None"),
    ],
)
def test_wrong_fields_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        written(tmp_path / "b", **changes)
    assert "\n" not in str(caught.value)
    assert "Jane" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def edit(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        content = json.loads((folder / "model.json").read_text())
        change(content)
        (folder / "model.json").write_text(json.dumps(content))

    return apply


def set_file(name: str) -> Callable[[Path], None]:
    return edit(lambda content: content["networks"]["generator"].update(file=name))


def outside(folder: Path) -> None:
    (folder / "generator.safetensors").rename(folder.parent / "generator.safetensors")
    (folder / "generator.safetensors").symlink_to(folder.parent / "generator.safetensors")


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / "generator.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "generator.safetensors").write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (edit(lambda content: content.update(schema_version=2)), "schema version 2; this software reads 1"),
        (edit(lambda content: content.pop("schema_version")), "schema version None"),
        (edit(lambda content: content.pop("licence")), "missing: licence"),
        (edit(lambda content: content.update(code="import os")), "unknown: code"),
        (edit(lambda content: content["networks"]["generator"].update(pickle="x")), "unknown: pickle"),
        (edit(lambda content: content.update(networks=[])), "networks is no JSON object"),
        (edit(lambda content: content.update(networks={"generator": 3})), "network generator is no JSON object"),
        (edit(lambda content: content.update(intensity_range=[0, "1"])), "intensity_range"),
        (edit(lambda content: content.update(intensity_range=3)), "needed: a list"),
        (edit(lambda content: content.update(source=7)), "source is 7"),
        (edit(lambda content: content["networks"]["generator"].update(sha256="0" * 64)), "has been changed"),
        (flip_a_bit, "generator.safetensors has been changed"),
        (set_file("../generator.safetensors"), "plain name"),
        (set_file("/etc/passwd"), "plain name"),
        (set_file("sub/generator.safetensors"), "plain name"),
        (set_file("weights.pkl"), "plain name"),
        (set_file("missing.safetensors"), "cannot be read"),
        (outside, "links are not followed"),
        (lambda folder: (folder / "model.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "model.json").write_text("[]"), "no JSON object"),
        (lambda folder: (folder / "model.json").write_text('{"schema_version": NaN}'), "NaN is no JSON number"),
        (lambda folder: (folder / "model.json").write_bytes(b"\xff\xfe"), "cannot be read"),
        (lambda folder: (folder / "model.json").unlink(), "needed: a folder with model.json"),
    ],
)
def test_broken_bundles_are_refused_in_one_line(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    written(tmp_path / "b")
    damage(tmp_path / "b")
    with pytest.raises(UsageError, match=message) as caught:
        read_bundle(tmp_path / "b")
    assert str(tmp_path / "b") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_changed_after_reading_are_refused(tmp_path: Path) -> None:
    bundle = written(tmp_path / "b")
    flip_a_bit(tmp_path / "b")
    with pytest.raises(UsageError, match="has been changed"):
        bundle.weights()


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    import hashlib

    written(tmp_path / "b")
    content = b"\x80\x04pickle"
    (tmp_path / "b" / "generator.safetensors").write_bytes(content)
    edit(lambda c: c["networks"]["generator"].update(sha256=hashlib.sha256(content).hexdigest()))(tmp_path / "b")
    with pytest.raises(UsageError, match="no safetensors file"):
        read_bundle(tmp_path / "b").weights()


def test_bundles_are_found_by_name_and_by_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USHARMONIZATION_MODELS", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    written(tmp_path / "one" / "a-to-b", source="a", target="b")
    written(tmp_path / "two" / "a-to-b", source="a", target="b", licence="MIT")
    written(tmp_path / "two" / "c-to-d", source="c", target="d")
    (tmp_path / "two" / ".hidden").mkdir()
    (tmp_path / "two" / ".hidden" / "model.json").touch()
    assert find_bundle("a-to-b").licence == "CC BY 4.0"  # the first place wins
    assert find_bundle(tmp_path / "two" / "a-to-b").licence == "MIT"
    assert [folder.name for folder in bundle_folders()][-3:] == ["a-to-b", "a-to-b", "c-to-d"]
    assert [bundle.name for bundle in installed_bundles()][-1] == "c-to-d"
    with pytest.raises(UsageError, match=r"'a-to-c' is neither .* installed: .*a-to-b.*c-to-d"):
        find_bundle("a-to-c")


def test_the_users_own_bundles_lie_in_the_home_folder_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("USHARMONIZATION_MODELS", raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert user_models() == [tmp_path / ".usharmonization" / "models"]
    shipped = bundle_folders()
    own = tmp_path / ".usharmonization" / "models" / "mine"
    own.mkdir(parents=True)
    (own / "model.json").write_text("{}")
    assert bundle_folders() == [*shipped, own]
    monkeypatch.setenv("USHARMONIZATION_MODELS", str(tmp_path / "elsewhere"))
    assert user_models() == [tmp_path / "elsewhere"]
    assert bundle_folders() == shipped
