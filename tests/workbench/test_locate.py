"""The folders that ship beside the packages are found in a checkout, an editable install and a wheel."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile

import pytest

from workbench import locate


def test_the_checkout_has_its_folders(root):
    assert locate.pages_dir() == root / "pages"
    assert locate.sample_data_dir() == root / "sample_data"
    assert (locate.theme_dir() / ".streamlit" / "config.toml").is_file()


def test_another_folder_does_not_change_what_is_found(root, tmp_path):
    code = "import workbench.locate as l; print(l.sample_data_dir())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(root / "sample_data")


@pytest.fixture(scope="module")
def unpacked(root, tmp_path_factory):
    """A wheel built from the checkout and unpacked, as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = folder.glob("lm_workbench-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_a_wheel_carries_what_it_needs(unpacked):
    code = (
        "import workbench.locate as l; print(l.pages_dir()); print(l.sample_data_dir()); print(l.theme_dir())"
    )
    # -I: neither the working folder nor PYTHONPATH; the unpacked wheel comes first by its own line.
    first = f"import sys; sys.path.insert(0, {str(unpacked)!r}); {code}"
    done = subprocess.run([sys.executable, "-I", "-c", first], capture_output=True, text=True, check=True)
    pages, samples, theme = done.stdout.split()
    assert pages == str(unpacked / "workbench" / "pages")
    assert samples == str(unpacked / "workbench" / "sample_data")
    assert tomllib.loads((unpacked / "workbench" / ".streamlit" / "config.toml").read_text())["theme"]
    assert theme == str(unpacked / "workbench")


def test_a_wheel_names_its_command(unpacked):
    (entry_points,) = unpacked.glob("lm_workbench-*.dist-info/entry_points.txt")
    assert "workbench = workbench.cli:main" in entry_points.read_text()
