"""Exemplars: who may be nominated, the agency's word, the council's, and what follows; nothing is published without both."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from assessments.models import Entry
from products.models import Exemplar, Product
from products.selectors import exemplars as selectors
from products.services import exemplar_motions, marks
from products.services import exemplars as services
from products.services.submission import withdraw
from secretariat import matters
from secretariat.digests import digest
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice, Resolution
from secretariat.rules import Decision
from secretariat.selectors.register import breaks
from secretariat.services import ballots, resolutions
from tests import council as make
from tests import exemplars, factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def told(user, kind):
    return Notice.objects.filter(user=user, kind=kind).count()


# --- who may be nominated ------------------------------------------------------------------------


def test_an_officer_and_the_agency_itself_nominate_and_nobody_else():
    first, second = exemplars.scored_product(), exemplars.scored_product()
    made = services.nominate(first.pk, by=factories.officer())
    own = services.nominate(second.pk, by=factories.representative(second.agency))
    assert (made.by_agency, own.by_agency) == (False, True)
    assert (made.score_value, made.moves.get().action) == (87.5, "nominate")
    for by in (factories.user(), factories.representative(), factories.assessor().user):
        with pytest.raises(RuleBroken):
            services.nominate(exemplars.scored_product().pk, by=by)


@pytest.mark.parametrize("status", ["open", "moderation", "scored", "confirmed", "cancelled"])
def test_a_score_that_is_not_public_makes_no_exemplar(status):
    product = exemplars.scored_product(status=status)
    assert not selectors.may_be_nominated(Product.objects.all()).exists()
    with pytest.raises(RuleBroken, match="published score"):
        services.nominate(product.pk, by=factories.officer())


def test_a_newer_score_that_is_not_public_yet_shows_itself_nowhere():
    product = exemplars.scored_product(81.0)
    entry = factories.entry(factories.round_(status="open"), product.subject)
    factories.score(entry, 55)
    Entry.objects.filter(pk=entry.pk).update(inputs_version=2, scored_version=2)
    factories.settled(entry.round, "confirmed")
    assert services.nominate(product.pk, by=factories.officer()).score_value == 81.0


def test_withdrawn_products_and_those_whose_mark_was_revoked_are_refused():
    gone = exemplars.scored_product()
    withdraw(gone.pk, by=factories.representative(gone.agency), why="پایان کار")
    mark = make.granted_mark(product=exemplars.scored_product())
    marks.revoke(mark.pk, by=make.keeper(mark.resolution.council), why="تخلف")
    for product in (gone, mark.product):
        with pytest.raises(RuleBroken):
            services.nominate(product.pk, by=factories.officer())
    assert not selectors.may_be_nominated(Product.objects.all()).exists()


def test_one_nomination_a_product_until_it_has_ended():
    product, officer = exemplars.scored_product(), factories.officer()
    first = services.nominate(product.pk, by=officer)
    with pytest.raises(RuleBroken, match="already"):
        services.nominate(product.pk, by=officer)
    services.refuse(first.pk, by=officer, why="زود است")
    assert services.nominate(product.pk, by=officer).pk != first.pk


# --- writing -------------------------------------------------------------------------------------


def test_what_is_written_is_kept_in_order_and_a_second_writer_is_told():
    product, officer = exemplars.scored_product(files=2), factories.officer()
    exemplar = exemplars.written(product, by=officer)
    assert [point.score.indicator.code for point in exemplar.points.all()] == ["D1", "D2"]
    assert exemplar.files.count() == 2 and exemplar.links == ["https://example.org/report"]
    with pytest.raises(Stale):
        services.save(exemplar.pk, by=officer, version=1, **exemplars.content(exemplar))
    services.save(exemplar.pk, by=officer, version=exemplar.version, **exemplars.content(exemplar, points=[], files=[]))
    assert not exemplar.points.exists() and not exemplar.files.exists()


def test_only_scores_and_files_of_the_product_itself():
    exemplar, other = exemplars.written(), exemplars.written(exemplars.scored_product(files=1))
    for changes in ({"points": [other.points.first().score_id]}, {"files": [other.files.get().place_id]}):
        with pytest.raises(RuleBroken):
            services.save(exemplar.pk, by=factories.officer(), version=exemplar.version, **exemplars.content(exemplar, **changes))


def test_nobody_is_asked_before_it_is_whole():
    officer = factories.officer()
    exemplar = services.nominate(exemplars.scored_product().pk, by=officer)
    with pytest.raises(RuleBroken, match="Still missing"):
        services.ask(exemplar.pk, by=officer)
    exemplar = services.save(exemplar.pk, by=officer, version=1, **exemplars.content(exemplar, points=[]))
    with pytest.raises(RuleBroken, match="in what it is an exemplar"):
        services.ask(exemplar.pk, by=officer)


# --- the agency's word ---------------------------------------------------------------------------


def test_the_agency_is_asked_and_its_consent_keeps_every_word():
    exemplar = exemplars.asked(exemplars.scored_product(files=2))
    owner, officer = exemplars.owner_of(exemplar), factories.officer()
    services.send_back(exemplar.pk, by=officer, why="یک نکته")
    services.ask(exemplar.pk, by=officer)
    assert told(owner, "exemplar_ask") == 1
    first, second = exemplar.files.all()
    seen = digest(selectors.words_of(exemplar))
    made = services.consent(exemplar.pk, by=owner, answers={first.pk: True, second.pk: False}, seen=seen)
    consent = made.consents.get()
    assert (made.status, consent.by, consent.words["words"]) == ("ready", owner, exemplars.WORDS_SAID)
    assert [file[-1] for file in consent.words["files"]] == [True, False]
    assert told(officer, "exemplar_consent") == 1
    with pytest.raises(RuleBroken):  # once is enough
        services.consent(exemplar.pk, by=owner, answers={}, seen=digest(selectors.words_of(made)))


def test_consent_is_to_what_was_read_and_answers_for_every_file():
    exemplar = exemplars.asked(exemplars.scored_product(files=1))
    owner = exemplars.owner_of(exemplar)
    with pytest.raises(Stale):
        services.consent(exemplar.pk, by=owner, answers={}, seen="0" * 64)
    with pytest.raises(RuleBroken, match="each file"):
        services.consent(exemplar.pk, by=owner, answers={}, seen=digest(selectors.words_of(exemplar)))
    for by in (factories.officer(), factories.representative()):
        with pytest.raises(RuleBroken):
            exemplars.agreed(exemplar, by=by)
    assert not exemplar.consents.exists()


def test_the_agency_says_no_and_the_text_is_written_anew():
    exemplar = exemplars.asked()
    owner = exemplars.owner_of(exemplar)
    with pytest.raises(RuleBroken, match="reason"):
        services.decline(exemplar.pk, by=owner, why=" ")
    assert services.decline(exemplar.pk, by=owner, why="نام همکاران نیامده است").status == "nominated"


def test_an_agency_hands_in_its_own_nomination_with_its_consent():
    product = exemplars.scored_product()
    owner = factories.representative(product.agency)
    exemplar = exemplars.written(product, by=owner)
    assert exemplars.agreed(exemplar, by=owner).status == "ready"
    officers_own = exemplars.written()
    with pytest.raises(RuleBroken, match="still writing"):
        exemplars.agreed(officers_own)


def test_a_changed_text_needs_a_new_consent():
    exemplar = exemplars.ready(exemplars.scored_product(files=1))
    services.send_back(exemplar.pk, by=factories.officer(), why="کوتاه‌تر شود")
    assert exemplar.consents.get().ended_why == "کوتاه‌تر شود"
    assert exemplar.files.get().agreed is None
    services.ask(exemplar.pk, by=factories.officer())
    exemplars.agreed(Exemplar.objects.get(pk=exemplar.pk))
    assert exemplar.consents.count() == 2


def test_the_agency_withdraws_its_own_nomination_only():
    product = exemplars.scored_product()
    owner = factories.representative(product.agency)
    assert services.withdraw(exemplars.written(product, by=owner).pk, by=owner, why="دیرتر").status == "withdrawn"
    officers_own = exemplars.asked()
    with pytest.raises(RuleBroken):
        services.withdraw(officers_own.pk, by=exemplars.owner_of(officers_own), why="نه")


# --- the council's word --------------------------------------------------------------------------


def test_a_council_names_several_and_the_agencies_are_told():
    first, second = exemplars.ready(), exemplars.ready()
    owner = exemplars.owner_of(first)
    resolution = exemplars.before_a_council(first, second)
    assert matters.decisions_of(resolution) == [Decision.EXEMPLAR]
    assert [title for title, _what in matters.lines_of(resolution)] == [first.product.title, second.product.title]
    keeper = make.keeper(resolution.council)
    with pytest.raises(RuleBroken, match="not adopted"):
        exemplar_motions.publish_all(resolution.pk, by=keeper)
    adopted = make.adopted(resolution)
    published, gone = exemplar_motions.publish_all(resolution.pk, by=keeper)
    assert [one.pk for one in published] == [first.pk, second.pk] and not gone
    assert Exemplar.objects.shown().count() == 2 and told(owner, "exemplar_publish") == 1
    assert first.consents.get().words_hash in adopted.register_entry and list(breaks()) == []
    with pytest.raises(RuleBroken, match="No exemplar"):  # pressed twice
        exemplar_motions.publish_all(resolution.pk, by=keeper)


def test_only_the_keeper_draws_up_and_only_what_is_ready_at_an_item_of_its_kind():
    room, exemplar = exemplars.sitting(), exemplars.ready()
    said = {"title": "الگوها", "text": "متن"}
    for by in (factories.officer(), make.keeper(make.council())):
        with pytest.raises(RuleBroken):
            exemplar_motions.draw_up(room.item.pk, [exemplar.pk], by=by, **said)
    with pytest.raises(RuleBroken):
        exemplar_motions.draw_up(make.item(room.meeting).pk, [exemplar.pk], by=room.keeper, **said)
    with pytest.raises(RuleBroken):
        exemplar_motions.draw_up(room.item.pk, [], by=room.keeper, **said)
    with pytest.raises(RuleBroken, match="no longer possible"):
        exemplar_motions.draw_up(room.item.pk, [exemplar.pk, exemplars.asked().pk], by=room.keeper, **said)
    assert not Resolution.objects.exists()


def test_it_stands_before_one_council_only():
    exemplar = exemplars.ready()
    exemplars.before_a_council(exemplar)
    with pytest.raises(RuleBroken, match="no longer possible"):
        exemplars.before_a_council(exemplar)


def test_who_is_tied_to_the_product_does_not_vote_on_it():
    room, exemplar = exemplars.sitting(4), exemplars.ready()
    seat = room.meeting.attendances.order_by("pk").last().seat
    factories.granted("representative", seat.user, agency=exemplar.product.agency)
    resolution = exemplars.before_a_council(exemplar, room=room)
    make.ballot(resolution, choice=None)
    assert list(resolution.recusals.values_list("seat", flat=True)) == [seat.pk]


def test_what_is_not_adopted_goes_back_with_the_councils_word():
    exemplar = exemplars.ready()
    owner = exemplars.owner_of(exemplar)
    resolution = make.adopted(exemplars.before_a_council(exemplar), choice="against")
    exemplar.refresh_from_db()
    assert (resolution.status, exemplar.status, exemplar.resolution, exemplar.consent) == ("rejected", "nominated", None, None)
    last = exemplar.moves.last()
    assert last.action == "fail" and resolution.title in last.why and last.resolution == resolution
    assert told(owner, "exemplar_fail") == 1
    # What was decided on stays readable, whatever becomes of the nomination.
    assert [title for title, _what in matters.lines_of(resolution)] == [exemplar.product.title]


def test_a_motion_taken_back_unvoted_sends_its_nominations_back():
    exemplar = exemplars.ready()
    resolution = exemplars.before_a_council(exemplar)
    resolutions.withdraw(resolution.pk, by=make.keeper(resolution.council), why="به جلسهٔ دیگر")
    exemplar.refresh_from_db()
    assert exemplar.status == "nominated" and "به جلسهٔ دیگر" in exemplar.moves.last().why


def test_taken_out_of_a_draft_it_waits_for_a_council_as_before():
    exemplar = exemplars.ready()
    resolution = exemplars.before_a_council(exemplar, exemplars.ready())
    keeper = make.keeper(resolution.council)
    with pytest.raises(RuleBroken):
        exemplar_motions.release(exemplar.pk, by=factories.officer())
    assert exemplar_motions.release(exemplar.pk, by=keeper).status == "ready"
    assert len(selectors.placed(resolution)) == 1 and exemplar.pk not in selectors.placed(resolution)
    other = Exemplar.objects.get(status="proposed")
    make.ballot(resolution, choice=None)
    with pytest.raises(RuleBroken, match="voting"):
        exemplar_motions.release(other.pk, by=keeper)


# --- afterwards ----------------------------------------------------------------------------------


def test_the_agency_takes_its_consent_back_and_the_page_goes():
    exemplar = exemplars.published()
    owner = exemplars.owner_of(exemplar)
    taken = services.take_back(exemplar.pk, by=owner, why="همکاری پایان یافت")
    assert (taken.status, taken.moves.last().action, taken.consents.get().ended_by) == ("retired", "take_down", owner)
    with pytest.raises(RuleBroken):
        services.take_back(exemplar.pk, by=owner, why="دوباره")


def test_a_consent_taken_back_before_the_council_has_spoken_keeps_it_from_the_public():
    exemplar, other = exemplars.ready(), exemplars.ready()
    resolution = exemplars.before_a_council(exemplar, other)
    ballot = make.ballot(resolution)
    services.take_back(exemplar.pk, by=exemplars.owner_of(exemplar), why="پشیمانی")
    keeper = make.keeper(resolution.council)
    assert told(keeper, "exemplar_object") == 0  # not yet a keeper when it happened
    ballots.close_ballot(ballot.pk, by=keeper)
    published, gone = exemplar_motions.publish_all(resolution.pk, by=keeper)
    assert ([one.pk for one in published], [one.pk for one in gone]) == ([other.pk], [exemplar.pk])
    assert list(breaks()) == []


def test_taken_back_while_it_waits_it_goes_back_to_be_written():
    exemplar = exemplars.ready()
    assert services.take_back(exemplar.pk, by=exemplars.owner_of(exemplar), why="بازنگری").status == "nominated"


def test_it_is_taken_off_with_a_reason_by_who_decides():
    exemplar = exemplars.published()
    for by in (factories.officer(), exemplars.owner_of(exemplar)):
        with pytest.raises(RuleBroken):
            services.retire(exemplar.pk, by=by, why="کهنه")
    keeper = make.keeper(exemplar.resolution.council)
    assert services.retire(exemplar.pk, by=keeper, why="کهنه").status == "retired"
    assert services.nominate(exemplar.product_id, by=factories.officer()).status == "nominated"


def test_a_revoked_mark_takes_the_exemplar_off_too():
    product = exemplars.scored_product()
    mark = make.granted_mark(product=product)
    exemplar = exemplars.published(product)
    marks.revoke(mark.pk, by=make.keeper(mark.resolution.council), why="تخلف روشن")
    exemplar.refresh_from_db()
    assert exemplar.status == "retired" and "تخلف روشن" in exemplar.moves.last().why


def test_a_score_that_is_another_now_is_not_published():
    exemplar = exemplars.ready()
    resolution = make.adopted(exemplars.before_a_council(exemplar))
    exemplars.scored_product(70.0, product=exemplar.product, deadline=timezone.now() + timedelta(days=900))
    with pytest.raises(RuleBroken, match="another one now"):
        exemplar_motions.publish_all(resolution.pk, by=make.keeper(resolution.council))
    services.fail(exemplar.pk, by=make.keeper(resolution.council), why="امتیاز تازه دارد")


def test_a_product_that_is_shown_is_not_withdrawn():
    exemplar = exemplars.published()
    with pytest.raises(RuleBroken, match="exemplar"):
        withdraw(exemplar.product_id, by=exemplars.owner_of(exemplar), why="پایان")
