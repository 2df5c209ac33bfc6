"""The generated columns agree with the Persian module that they copy into the database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secretariat import persian
from secretariat.models import Province

LETTERS = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیآأؤئءيكةۀ۰۱۲0123abcZ \u200c«»،.-"
words = st.text(LETTERS, min_size=1, max_size=12)


def province(name):
    return Province.objects.create(iso=f"X{Province.objects.count():04}", name_fa=name, name_en=name)


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words)
def test_search_column_is_the_search_key(word):
    from tests import factories

    made = factories.agency(name_fa=f"{word}{next(factories.serial)}", name_en="")
    made.refresh_from_db()
    assert made.search_key == persian.search_key(made.name_fa + " ")
    made.delete()


@pytest.mark.django_db
def test_sort_column_follows_the_alphabet():
    names = [
        "یزد",
        "پارس",
        "بم",
        "تهران",
        "آمل",
        "اراک",
        "مؤسسه",
        "مبنا",
        "موج",
        "گیلان",
        "کرمان",
        "لرستان",
        "ژاله",
        "زاهدان",
        "چالوس",
        "جهرم",
        "هرمزگان",
        "ورامین",
        "Arak",
        "۲ راه",
        "باغ کتاب",
        "باغبان",
        "باغ",
    ]
    for name in names:
        province(name)
    stored = list(Province.objects.filter(iso__startswith="X").order_by("sort_key").values_list("name_fa", flat=True))
    assert stored == sorted(names, key=persian.sort_key)
