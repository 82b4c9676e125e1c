"""Browser journeys. The steps of the long story are modules of their own, whose assertions pytest shall explain too."""

import pytest

pytest.register_assert_rewrite("tests.journeys.village", "tests.journeys.money", "tests.journeys.county")
