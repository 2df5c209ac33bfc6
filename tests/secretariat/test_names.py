"""One person's name in several writings, in Python and in the database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secretariat import persian
from secretariat.models import Agency
from tests import factories

LETTERS = "ابپتدسشعفقکگلمنوهیآأؤئءيكةۀ۰۱٢abcZ \u200c«»،.-()|"
TITLES = ["دکتر", "خانم", "سید", "حجت\u200cالاسلام و المسلمین", "آیت الله", "Dr.", "Mr", "آقای", ""]


@pytest.mark.parametrize(
    "other",
    ["سارا یوسفی", "دکتر سارا یوسفی", "خانم دکتر  سارا\u200cیوسفي", "مهندس. سارا یوسفی", "سارا يوسفى"],
)
def test_writings_of_one_name(other):
    assert persian.name_key(other) == persian.name_key("سارا یوسفی") == "سارایوسفی"


@pytest.mark.parametrize("name", ["سید", "دکتر", "حاجی زاده", "Drago", "مهندسی فرهنگی"])
def test_a_title_alone_or_within_a_name_stays(name):
    assert persian.name_key(name) == persian.search_key(name)


@pytest.mark.django_db
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(TITLES), max_size=2), st.text(LETTERS, max_size=14))
def test_name_columns_are_the_name_key(titles, name):
    written = persian.canonical(" ".join([*titles, name]))  # as forms store it
    agency = factories.agency(head=written)
    assert Agency.objects.values_list("head_key", flat=True).get(pk=agency.pk) == persian.name_key(written)
