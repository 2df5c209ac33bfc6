"""Who is behind a product, as the assessments are told."""

import pytest
from django.core.management import call_command

from assessments.models import Assignment, SubjectMaker
from products.models import Product
from products.services import round_entries
from products.services.makers import write_makers
from tests import factories

pytestmark = pytest.mark.django_db


def behind(product):
    return dict(SubjectMaker.objects.filter(subject=product.subject_id).values_list("name", "part"))


def test_handing_in_names_creators_makers_and_who_handed_it_in():
    kind = factories.product_kind()
    kind.fields.create(key="publisher", label_fa="ناشر", label_en="publisher", type="text", names_maker=True)
    kind.fields.create(key="isbn", label_fa="شابک", label_en="ISBN", type="isbn", names_maker=True, position=2)
    kind.fields.create(key="partners", label_fa="همکار", label_en="partners", type="long", names_maker=True, position=3)
    kind.fields.create(key="pages", label_fa="صفحه", label_en="pages", type="text", position=4)
    said = {"q_publisher": "نشر نمونه", "q_isbn": "9786001234560", "q_partners": "بنیاد الف، بنیاد ب\nج", "q_pages": "دوازده"}
    product = factories.submission(kind=kind, **{k: v for k, v in said.items() if k != "q_isbn"}).product
    assert behind(product) == {"سارا یوسفی": "نویسنده", "نشر نمونه": "ناشر", "بنیاد الف": "همکار", "بنیاد ب": "همکار", "ج": "همکار"}
    owner = factories.user(first_name="رضا", last_name="کریمی")
    Product.objects.filter(pk=product.pk).update(created_by=owner)
    product.refresh_from_db()
    write_makers(product)
    assert SubjectMaker.objects.get(user=owner).name == "رضا کریمی"
    assert behind(product)["رضا کریمی"] == "آن را ارسال کرده است"


def test_a_correction_names_them_anew():
    product = factories.submission().product
    Product.objects.filter(pk=product.pk).update(status="returned")
    SubjectMaker.objects.filter(subject=product.subject_id).update(name="کس دیگر")
    factories.submission(product)
    assert list(behind(product)) == ["سارا یوسفی"]


def test_nobody_judges_his_own_work_whichever_way_it_came_into_the_round():
    officer, judge = factories.officer(), factories.assessor(first_name="سارا", last_name="یوسفی")
    product = factories.submission().product
    SubjectMaker.objects.all().delete()
    Product.objects.filter(pk=product.pk).update(status="accepted")
    factories.published_set(layer="common")
    round_ = factories.round_()
    entries, left_out = round_entries.add_products(round_.pk, [product.pk], by=officer)
    if not entries:  # no common set in this small world: entered by hand
        assert left_out
        entries = [factories.entry(round_, product.subject)]
        write_makers(product)
    from assessments.services import rounds
    from secretariat.errors import RuleBroken

    with pytest.raises(RuleBroken):
        rounds.assign(entries[0].pk, judge.pk, by=officer)


def test_what_was_handed_in_before_is_named_by_the_command():
    product = factories.submission().product
    SubjectMaker.objects.all().delete()
    row = factories.assignment(factories.entry(subject_=product.subject), factories.assessor(first_name="سارا", last_name="یوسفی"))
    call_command("makers", verbosity=0)
    call_command("makers", verbosity=0)
    assert list(behind(product)) == ["سارا یوسفی"]
    assert Assignment.objects.get(pk=row.pk).status == "withdrawn"
