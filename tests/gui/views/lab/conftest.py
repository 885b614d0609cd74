"""What the tests of the lab's views share."""

import pytest

from support.views import make_theme


@pytest.fixture(scope="module")
def theme():
    """One theme for all tests of a module: applying a style sheet takes a while."""
    return make_theme()
