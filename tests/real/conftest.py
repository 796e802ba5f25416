"""The mappings of real data point from their own folder to the data beside the project."""

import pytest

from kpikit.errors import KpikitError
from kpikit.words import LANGUAGES


@pytest.fixture(scope="session")
def real(root, shared_data):
    """The folder of the mappings, where the data they name are there."""
    if not (root.parent / "shared" / "data").samefile(shared_data):
        pytest.skip("shared: the folder is not where tests/real/*.toml look for it")
    return root / "tests" / "real"


@pytest.fixture(scope="session")
def speaks():
    """An error of ours that can be said in both languages; gives back its rules."""

    def check(error):
        assert isinstance(error, KpikitError)
        for language in LANGUAGES:
            sentence = error.sentence(language)
            assert sentence
            assert "Traceback" not in sentence
        return {fault.rule for fault in getattr(error, "faults", ())}

    return check
