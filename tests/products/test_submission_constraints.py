"""What the database itself refuses about submissions, whoever writes: each by raw update, bulk insert or delete."""

import datetime

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError, InternalError
from django.utils import timezone

from products.models import (
    KindField,
    Overlap,
    Product,
    ProductFile,
    ProductKind,
    ProductMove,
    Screening,
    SubmissionVersion,
    VersionFile,
)
from tests import factories

pytestmark = pytest.mark.django_db


def refuse(write, name, error=IntegrityError):
    with pytest.raises(error, match=name), transaction.atomic():
        write()


def version_of(product, number=1):
    return SubmissionVersion.objects.create(product=product, number=number, content={}, content_hash="0" * 64)


def file_of(product, **fields):
    row = {
        "product": product, "file": "products/aa/x.pdf", "name": "x.pdf", "extension": ".pdf", "content_type": "application/pdf",
        "size": 1, "sha256": "a" * 64, **fields,
    }  # fmt: skip
    return ProductFile.objects.bulk_create([ProductFile(**row)])[0]


@pytest.fixture
def product():
    return factories.product(status="submitted")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"status": "lost"}, "product_status_known"),
        ({"title_fa": ""}, "submitted_product_has_title_and_time"),
        ({"submitted_at": None}, "submitted_product_has_title_and_time"),
        ({"starts_on": datetime.date(2024, 5, 2), "ends_on": datetime.date(2024, 5, 1)}, "product_ends_after_it_begins"),
    ],
)
def test_product_columns(product, changes, name):
    refuse(lambda: Product.objects.filter(pk=product.pk).update(**changes), name)


def test_a_draft_needs_no_title():
    draft = factories.product(title_fa="")
    refuse(lambda: Product.objects.filter(pk=draft.pk).update(status="submitted"), "submitted_product_has_title_and_time")


def test_subject_and_product_share_their_agency(product):
    words = "a product and its subject belong to one agency"
    refuse(lambda: Product.objects.filter(pk=product.pk).update(agency=factories.agency()), words)
    refuse(lambda: Product.objects.filter(pk=product.pk).update(subject=factories.subject()), words)
    other_kind = factories.subject(product.agency, kind="paper")
    refuse(lambda: Product.objects.filter(pk=product.pk).update(subject=other_kind), words)


def test_one_product_a_subject(product):
    twin = Product(subject=product.subject, agency=product.agency, kind=product.kind)
    refuse(lambda: Product.objects.bulk_create([twin]), "subject_id")


def test_moves_are_added_only(product):
    move = ProductMove.objects.create(product=product, action="submit", source="draft", target="submitted")
    refuse(lambda: ProductMove.objects.filter(pk=move.pk).update(why="دیگر"), "append_only", InternalError)
    refuse(lambda: ProductMove.objects.filter(pk=move.pk)._raw_delete("default"), "append_only", InternalError)


def test_versions_never_change(product):
    version = version_of(product)
    rows = SubmissionVersion.objects.filter(pk=version.pk)
    refuse(lambda: rows.update(content={"x": 1}), "submission_is_immutable", InternalError)
    refuse(lambda: rows._raw_delete("default"), "submission_is_immutable", InternalError)
    refuse(lambda: version_of(product), "submission_number_unique_in_product")


def test_a_file_once_in_a_product(product):
    file = file_of(product)
    refuse(lambda: file_of(product), "file_once_in_a_product")
    ProductFile.objects.filter(pk=file.pk).update(removed_at=timezone.now())
    file_of(product)
    refuse(lambda: ProductFile.objects.filter(pk=file.pk).update(removed_at=None), "file_once_in_a_product")


def test_an_uploaded_file_stays_what_it_is(product):
    file = file_of(product)
    refuse(lambda: file_of(product, sha256="b" * 64, size=0), "file_not_empty")
    for changes in ({"sha256": "b" * 64}, {"file": "elsewhere"}, {"size": 2}, {"name": "y"}, {"product": factories.product()}):
        refuse(lambda changes=changes: ProductFile.objects.filter(pk=file.pk).update(**changes), "does not change")
    ProductFile.objects.filter(pk=file.pk).update(note="یادداشت")


def test_files_of_a_version_stay(product):
    version, file = version_of(product), file_of(product)
    place = VersionFile.objects.create(version=version, file=file, position=1)
    foreign = file_of(factories.product())
    refuse(
        lambda: VersionFile.objects.bulk_create([VersionFile(version=version, file=foreign, position=2)]), "of its own product"
    )
    refuse(
        lambda: VersionFile.objects.bulk_create([VersionFile(version=version, file=file, position=2)]), "file_once_in_a_version"
    )
    second = file_of(product, sha256="c" * 64)
    refuse(
        lambda: VersionFile.objects.bulk_create([VersionFile(version=version, file=second, position=1)]),
        "one_file_a_place_in_a_version",
    )
    refuse(lambda: VersionFile.objects.filter(pk=place.pk).update(position=3), "submitted_files_stay", InternalError)
    refuse(lambda: VersionFile.objects.filter(pk=place.pk)._raw_delete("default"), "submitted_files_stay", InternalError)
    with pytest.raises(DatabaseError), transaction.atomic():
        ProductFile.objects.filter(pk=file.pk)._raw_delete("default")
        from django.db import connection

        connection.check_constraints()


def test_screenings_never_change(product):
    screening = Screening.objects.create(version=version_of(product), decision="accept", by=factories.officer())
    rows = Screening.objects.filter(pk=screening.pk)
    refuse(lambda: rows.update(decision="refuse"), "screening_is_immutable", InternalError)
    refuse(lambda: rows._raw_delete("default"), "screening_is_immutable", InternalError)
    again = Screening(version=screening.version, decision="accept", by=factories.officer())
    refuse(lambda: Screening.objects.bulk_create([again]), "version_id")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"decision": "distinct"}, "overlap_decided_with_a_reason"),
        ({"decision": "distinct", "decided_at": timezone.now()}, "overlap_decided_with_a_reason"),
        ({"decided_at": timezone.now()}, "overlap_decided_with_a_reason"),
        ({"similarity": 1.2}, "likeness_is_a_share"),
        ({"similarity": -0.1}, "likeness_is_a_share"),
    ],
)
def test_overlap_columns(product, changes, name):
    overlap = Overlap.objects.create(product=product, other=factories.product(), similarity=0.7)
    refuse(lambda: Overlap.objects.filter(pk=overlap.pk).update(**changes), name)


def test_overlap_pairs(product):
    overlap = Overlap.objects.create(product=product, other=factories.product(), similarity=0.7)
    refuse(lambda: Overlap.objects.filter(pk=overlap.pk).update(other=product), "overlap_with_another|two agencies")
    twin = Overlap(product=product, other=overlap.other, similarity=0.5)
    refuse(lambda: Overlap.objects.bulk_create([twin]), "overlap_named_once")


def test_kinds_and_their_questions():
    kind = factories.product_kind()
    field = KindField.objects.create(kind=kind, key="a", label_fa="a", label_en="a")
    refuse(lambda: ProductKind.objects.filter(pk=kind.pk).update(group="thing"), "kind_group_known")
    refuse(lambda: KindField.objects.filter(pk=field.pk).update(type="magic"), "question_type_known")
    refuse(lambda: KindField.objects.filter(pk=field.pk).update(type="choice"), "choice_question_has_choices")
    twin = KindField(kind=kind, key="a", label_fa="b", label_en="b")
    refuse(lambda: KindField.objects.bulk_create([twin]), "question_key_unique_in_kind")
