"""What the database itself refuses about exemplars, whoever writes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from products.models import Exemplar, ExemplarConsent, ExemplarFile, ExemplarMove, ExemplarPoint
from products.models.exemplars import WORDS
from products.selectors import exemplars as selectors
from products.services import exemplars as services
from tests import council as make
from tests import exemplars, factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db


def rows(exemplar):
    return Exemplar.objects.filter(pk=exemplar.pk)


def row_of(product, **fields):
    score = selectors.public_score(product) or product.subject.entries.get().result
    return Exemplar(product=product, score=score, score_value=score.value, **fields)


# --- what it rests on ----------------------------------------------------------------------------


def test_one_living_exemplar_a_product():
    exemplar = exemplars.written()
    with refused("one_living_exemplar_a_product"):
        row_of(exemplar.product).save()
    services.refuse(exemplar.pk, by=factories.officer(), why="زود است")
    row_of(exemplar.product).save()


def test_it_rests_on_the_public_total_of_its_own_accepted_product():
    first, second = exemplars.scored_product(), exemplars.scored_product()
    wrong = row_of(first)
    wrong.product = second
    point = selectors.spots(wrong.score)[0].score
    for one in (
        wrong,
        Exemplar(product=first, score=point, score_value=point.value),
        Exemplar(product=first, score=selectors.public_score(first), score_value=99.9),
        row_of(exemplars.scored_product(status="scored")),
    ):
        with refused("exemplar_rests_on_a_public_score"):
            one.save()
    type(first).objects.filter(pk=first.pk).update(status="withdrawn")
    with refused("exemplar_rests_on_a_public_score"):
        row_of(first).save()


def test_its_state_is_known_and_brings_what_it_asks():
    exemplar = exemplars.written()
    for change in (
        {"status": "famous"},
        {"status": "asked", "published_at": timezone.now()},
        {"status": "proposed"},
        {"status": "retired"},
    ):
        with refused("exemplar_has_what_its_state_asks"):
            rows(exemplar).update(**change)


@pytest.mark.parametrize("missing", ["reason_fa", "done_fa", "worked_fa", "needs_fa", "begin_fa"])
def test_nobody_is_asked_about_half_a_text(missing):
    exemplar = exemplars.written(words={**exemplars.WORDS_SAID, missing: ""})
    with refused("exemplar_before_others_is_whole"):
        rows(exemplar).update(status="asked")


# --- what was agreed to --------------------------------------------------------------------------


@pytest.mark.parametrize("column", [*WORDS, "links", "score_low"])
def test_what_was_agreed_to_does_not_change(column):
    exemplar = exemplars.asked()
    value = {"links": ["https://example.org/else"], "score_low": 1.0}.get(column, "سخن دیگر")
    with refused("exemplar_stands_as_agreed", saying="agreed to"):
        rows(exemplar).update(**{column: value})


def test_the_product_and_its_score_never_change():
    exemplar, other = exemplars.written(), exemplars.scored_product()
    for change in ({"product": other}, {"score": selectors.public_score(other)}, {"score_value": 1.0}, {"by_agency": True}):
        with refused("exemplar_stands_as_agreed", saying="agreed to"):
            rows(exemplar).update(**change)


def test_what_has_ended_does_not_come_back():
    ended, shown = exemplars.written(), exemplars.published()
    services.refuse(ended.pk, by=factories.officer(), why="زود است")
    with refused("exemplar_stands_as_agreed", saying="come back"):
        rows(ended).update(status="nominated")
    with refused("exemplar_stands_as_agreed", saying="day of publication"):
        rows(shown).update(published_at=timezone.now())
    with refused("exemplar_never_disappears"):
        sql("DELETE FROM products_exemplar WHERE id = %s", shown.pk)
    with refused("append_only"):
        ExemplarMove.objects.filter(exemplar=shown).delete()


def test_points_and_files_stand_too():
    exemplar = exemplars.asked(exemplars.scored_product(files=2))
    point, file = exemplar.points.first(), exemplar.files.first()
    for change in (lambda: exemplar.points.all().delete(), lambda: ExemplarPoint.objects.filter(pk=point.pk).update(position=9)):
        with refused("points_stand_as_agreed"):
            change()
    with refused("points_stand_as_agreed"):
        ExemplarPoint.objects.create(exemplar=exemplar, score=point.score, dimension=point.dimension, position=9)
    for change in (lambda: exemplar.files.all().delete(), lambda: ExemplarFile.objects.filter(pk=file.pk).update(position=9)):
        with refused("files_stand_as_agreed"):
            change()
    exemplars.agreed(exemplar)
    with refused("files_stand_as_agreed"):
        sql("UPDATE products_exemplarfile SET agreed = NOT agreed WHERE id = %s", file.pk)


def test_points_and_files_are_of_the_product_itself_and_stand_once():
    exemplar, other = exemplars.written(exemplars.scored_product(files=1)), exemplars.written(exemplars.scored_product(files=1))
    point, file = exemplar.points.first(), exemplar.files.get()
    with refused("point_of_the_same_published_run"):
        ExemplarPoint.objects.create(exemplar=exemplar, score=other.points.first().score, dimension=point.dimension, position=9)
    with refused("point_of_the_same_published_run"):
        ExemplarPoint.objects.create(exemplar=exemplar, score=exemplar.score, dimension=point.dimension, position=9)
    with refused("point_once_in_an_exemplar"):
        ExemplarPoint.objects.create(exemplar=exemplar, score=point.score, dimension=point.dimension, position=9)
    with refused("one_point_a_place_in_an_exemplar"):
        ExemplarPoint.objects.filter(pk=point.pk).update(position=exemplar.points.last().position)
    with refused("evidence_from_the_accepted_submission"):
        ExemplarFile.objects.create(exemplar=exemplar, place=other.files.get().place, position=9)
    with refused("file_once_in_an_exemplar"):
        ExemplarFile.objects.create(exemplar=exemplar, place=file.place, position=9)


def test_evidence_stands_in_an_order():
    exemplar = exemplars.written(exemplars.scored_product(files=2))
    with refused("one_file_a_place_in_an_exemplar"):
        exemplar.files.update(position=1)


def test_evidence_is_of_the_submission_that_was_accepted():
    from products.models import Screening

    exemplar = exemplars.written(exemplars.scored_product(files=1), files=[])
    place = selectors.evidence_places(exemplar.product)[0]
    assert Screening.objects.filter(version=place.version, decision="accept").exists()
    waiting = exemplars.scored_product(files=1)
    version = factories.submission(_again(waiting))
    with refused("evidence_from_the_accepted_submission"):
        ExemplarFile.objects.create(exemplar=exemplar, place=version.placed_files.first(), position=1)


def _again(product):
    type(product).objects.filter(pk=product.pk).update(status="returned")
    product.refresh_from_db()
    return product


# --- consent -------------------------------------------------------------------------------------


def test_nothing_is_ready_or_published_without_a_consent():
    exemplar = exemplars.asked()
    with refused("exemplar_with_the_agencys_consent"):
        rows(exemplar).update(status="ready")


def test_a_consent_stays_as_it_was_given_and_ends_once():
    exemplar = exemplars.ready()
    consent = ExemplarConsent.objects.filter(exemplar=exemplar)
    for change in ({"words_hash": "0" * 64}, {"words": {}}, {"by": factories.user()}):
        with refused("consent_stays_as_given", saying="as it was given"):
            consent.update(**change)
    with refused("consent_stays_as_given", saying="as it was given"):
        consent.delete()
    with refused("consent_stays_as_given", saying="goes before it ends"):
        consent.update(ended_at=timezone.now())
    services.send_back(exemplar.pk, by=factories.officer(), why="کوتاه‌تر")
    with refused("consent_stays_as_given", saying="as it was given"):
        consent.update(ended_at=None, ended_by=None, ended_why="")


def test_one_consent_holds_and_ends_after_it_began():
    exemplar = exemplars.ready()
    with refused("one_living_consent_an_exemplar"):
        ExemplarConsent.objects.create(exemplar=exemplar, words={}, words_hash="")
    with refused("consent_ends_after_it_was_given"):
        ExemplarConsent.objects.create(exemplar=exemplar, words={}, words_hash="", ended_at=timezone.now() - timedelta(days=9))


# --- the council ---------------------------------------------------------------------------------


def test_it_stands_before_a_council_that_names_exemplars():
    exemplar = exemplars.ready()
    marks, powerless = make.session(), make.council(grants_marks=False)
    for resolution in (marks, make.resolution(powerless, kind="exemplars")):
        with refused("exemplar_by_its_council", saying="that may"):
            rows(exemplar).update(status="proposed", resolution=resolution)


def test_only_an_adopted_resolution_publishes_and_it_is_kept():
    exemplar = exemplars.ready()
    resolution = exemplars.before_a_council(exemplar)
    with refused("exemplar_by_its_council", saying="adopted resolution"):
        rows(exemplar).update(status="published", published_at=timezone.now())
    other = make.resolution(resolution.council, resolution.meeting, kind="exemplars")
    make.adopted(resolution)
    with refused("exemplar_by_its_council", saying="adopted resolution"):
        rows(exemplar).update(status="published", published_at=timezone.now(), resolution=other)
    rows(exemplar).update(status="published", published_at=timezone.now())
    with refused("exemplar_by_its_council", saying="keeps its resolution"):
        rows(exemplar).update(resolution=other)


def test_what_is_voted_on_is_neither_joined_nor_left():
    exemplar, late = exemplars.ready(), exemplars.ready()
    resolution = exemplars.before_a_council(exemplar)
    make.ballot(resolution, choice=None)
    with refused("council_votes_on_the_exemplars_that_stand"):
        rows(late).update(status="proposed", resolution=resolution)
    with refused("council_votes_on_the_exemplars_that_stand"):
        rows(exemplar).update(status="nominated", resolution=None)
    other = make.resolution(resolution.council, resolution.meeting, kind="exemplars")
    with refused("council_votes_on_the_exemplars_that_stand"):
        rows(exemplar).update(resolution=other)


def test_it_does_not_join_a_resolution_that_is_decided():
    exemplar = exemplars.ready()
    resolution = make.adopted(exemplars.before_a_council())
    with refused("council_votes_on_the_exemplars_that_stand"):
        rows(exemplar).update(status="proposed", resolution=resolution)


def test_it_is_not_published_by_the_vote_of_somebody_tied_to_it():
    exemplar = exemplars.ready()
    resolution = exemplars.before_a_council(exemplar, room=exemplars.sitting(4))
    ballot = make.ballot(resolution)
    voter = ballot.votes.first().seat.user
    make.ballots.close_ballot(ballot.pk, by=make.keeper(resolution.council))
    factories.granted("representative", voter, agency=exemplar.product.agency)
    with refused("no_exemplar_on_a_partial_vote"):
        rows(exemplar).update(status="published", published_at=timezone.now())
