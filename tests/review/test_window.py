"""What one reaches as ``kpikit.review.…``: functions, whatever was imported before."""

import inspect
import subprocess
import sys

import pytest

from kpikit import review


@pytest.mark.parametrize("name", review.__all__)
def test_a_public_name_is_a_function_with_an_example(name):
    function = getattr(review, name)
    assert inspect.isfunction(inspect.unwrap(function))
    assert ">>> " in inspect.getdoc(function) or name == "learning"


def test_it_stays_a_function_when_its_module_was_imported_first():
    code = """
import kpikit.review.listing.agenda, kpikit.review.telling
from kpikit.review import learning, opening
import kpikit.review.beginning
from kpikit.review.listing.agenda import owners_of
from kpikit import review
print(all(callable(each) for each in (review.agenda, review.story, review.opening, learning, opening, owners_of)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_another_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        review.nonsense  # noqa: B018 - the access is the test
