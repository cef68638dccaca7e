"""A private home for every test about files."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    """A fresh FILEMILL_HOME, with the outputs' storage inside it."""
    home = tmp_path / "home"
    home.mkdir()
    settings.FILEMILL_HOME = home
    settings.FILEMILL_MAX_UPLOAD_BYTES = 1024 * 1024
    settings.STORAGES = {
        **settings.STORAGES,
        "outputs": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": home / "storage"},
        },
    }
    return home
