"""Nobody learns what he may not know: every address, link, form, file, letter and notice is read for words that are secrets.

Two proofs side by side. Each secret of the world is a word or number that stands nowhere else: no answer may hold it. And
what a person is shown does not change by a byte while that changes which he may not know: so no counter, order, date or
fingerprint tells of it either.
"""

import difflib
import logging
import re
from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import HttpResponseNotFound
from django.urls import reverse
from django.utils import timezone
from rest_framework.throttling import SimpleRateThrottle

from assessments.models import Entry, Round, Score, SetAside
from assessments.services import runs
from portal.views import desk
from products.models import Creator
from secretariat import urls
from secretariat.models import Agency, Letter, Notice, Resolution, User
from tests import blind_world, factories
from tests import council as make
from tests.blind_people import PUBLIC, READS_WHAT_IS_PUBLIC, REGISTER, SENDING, WHO, numbers, others, people, told
from tests.crawl import CannotAsk, Rows, crawl, every_address, fetch, signed_in
from tests.journeys.test_refusals import ANYBODY, OFFICERS, SEEN_BY, keep_no_contexts

pytestmark = pytest.mark.django_db

REFUSALS = (301, 302, 400, 401, 403, 404, 405, 409, 415, 422)


@pytest.fixture(autouse=True)
def _asked_without_end(monkeypatch):
    """A crawl asks more often than programs may; and what it is refused need not be logged."""
    monkeypatch.setattr(SimpleRateThrottle, "allow_request", lambda *args: True)
    # The page that says so is read once, below; hundreds of times it would only cost.
    monkeypatch.setattr(urls, "handler404", lambda request, exception: HttpResponseNotFound(), raising=False)
    keep_no_contexts(monkeypatch)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Built once for all: every question's effects are taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield blind_world.build()
        transaction.set_rollback(True)


def rows_of(world):
    """Those who together can open every page, so that each shows what is looked for when it is asked for."""
    seat, keeper = world.resolution.meeting.attendances.first().seat.user, make.keeper(world.resolution.council)
    judging = [world.reader.user, world.first.user, world.checker.user]
    return Rows([world.officer, world.owner, *judging, world.appellant, seat, keeper, None], world.chosen)


def test_every_address_can_be_asked_for(world):
    """A new address of which nobody here knows what stands in it fails this, with its name."""
    rows, unknown = rows_of(world), []
    for address in every_address():
        try:
            rows.urls(address)
        except CannotAsk as why:
            unknown.append(str(why))
    assert not unknown, "\n".join(unknown)


# --- what changes while nobody may notice ---------------------------------------------------------------


def the_panel_goes_on(world):
    """What the others do: one more submits, one declines, an assessor is set aside, the scores move, a council decides."""
    third = factories.assessor(first_name="تازه", last_name="رسیده")
    factories.submitted_assessment(world.entry, "5.5", third, comment="تازه", strengths="تازه", note_to_staff="تازه")
    factories.submitted_assessment(world.theirs, "99.5", third)
    factories.assignment(world.entry, factories.assessor(), status="declined")
    SetAside.objects.create(round=world.round, assessor=world.second, why="تازه", by=world.officer)
    Entry.objects.filter(round=world.round).update(inputs_version=5, inputs_changed_at=timezone.now())
    before = set(Score.objects.filter(run__round=world.round).values_list("value", flat=True))
    runs.score_round(world.round.pk)
    assert set(Score.objects.filter(run__round=world.round).values_list("value", flat=True)) != before
    Resolution.objects.filter(pk=world.resolution.pk).update(text="تازه")
    factories.product("submitted", agency_=world.bystander, kind=world.kind)
    factories.user()


def the_maker_is_another(world):
    """Everything by which the maker could be known, as far as it can change at all."""
    Agency.objects.filter(pk=world.maker.pk).update(
        name_fa="یکی دیگر", name_en="Somebody else", website="https://else.example.org/"
    )
    world.maker.units.update(name_fa="جای دیگر", name_en="Elsewhere")
    Creator.objects.filter(product=world.product).update(name="کس دیگر")
    User.objects.filter(pk=world.owner.pk).update(first_name="نام", last_name="دیگر", email="else@example.org")


# --- the crawl -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", WHO)
def test_a_person_is_told_nothing_that_he_may_not_know(world, who):
    user, words, forbidden = people(world)[who]
    asked_for = addresses_for(who)
    methods, but = ("get", "post") if who in SENDING else ("get",), () if who in READS_WHAT_IS_PUBLIC else PUBLIC
    found = list(crawl(user, rows_of(world), asked_for, methods, but=but))
    every_page_was_asked_for(found, asked_for)
    no_secret_in(found, words, world.secrets.figures, forbidden)
    shown = [answer for answer in found if answer.status in (200, 302) and not answer.is_refused]
    if who == "reader":  # what is told does not hang on the language
        no_secret_in(again(user, shown, "en"), words, world.secrets.figures, forbidden)
    the_panel_goes_on(world)
    if who in KNOW_THE_MAKER:
        nothing_differs(user, shown)
        return
    shown = [answer for answer in shown if not answer.url.startswith(FOLLOWED.get(who, ("-",)))]
    nothing_differs(user, [answer for answer in shown if answer.url.startswith(REGISTER)])
    the_maker_is_another(world)
    nothing_differs(user, [answer for answer in shown if not answer.url.startswith(REGISTER)])


KNOW_THE_MAKER = {"owner"}
# Who follows a discussion, reads whose product overlaps with his own, or how the years go, sees of course that they change.
FOLLOWED = {"first": ("/moderations/",), "rival_owner": ("/products/",), "member": ("/overview/",)}


def nothing_differs(user, before):
    pairs = [
        (was, is_) for was, is_ in zip(before, again(user, before), strict=True) if same(was) != same(is_) and not is_life(was)
    ]
    shows = [f"{was.method} {was.url}: {difference(same(was), same(is_))}" for was, is_ in pairs]
    assert not shows, "what may not be known shows in:\n" + "\n".join(shows)


def test_an_officer_who_still_judges_reads_nothing_of_the_others_judgement(world):
    """He knows makers and panel, for he is an officer; an officer's links lead everywhere, so they are not followed."""
    names = (
        "round",
        "entry",
        "assess",
        "moderation",
        "question",
        "remark",
        "appeal",
        "api-",
        "desk",
        "overview",
        "decision",
        "mark",
    )
    # Who sits where is no judgement.
    asked_for = [address for address in addresses_of(*names) if not address.name.startswith("round_panel")]
    found = list(crawl(world.insider.user, rows_of(world), asked_for, methods=("get",), follows=False))
    assert len(found) > 100
    no_secret_in(found, world.secrets.words, world.secrets.figures, set())


def addresses_for(who):
    """All but the officers' own, which the test of refusals closes to everybody; what is everybody's is read by the first few."""
    known = {name for name, may in SEEN_BY.items() if may == OFFICERS or (may >= ANYBODY and who not in READS_WHAT_IS_PUBLIC)}
    return [address for address in every_address() if address.name not in known]


def addresses_of(*names):
    return [address for address in every_address() if address.name.startswith(names)]


def every_page_was_asked_for(found, asked_for):
    asked = {name for answer in found for name in answer.names}
    assert asked == {address.name for address in asked_for}, "addresses for which nothing could be asked"
    odd = [f"{a.method} {a.url}: {a.status}" for a in found if a.status not in (200, 201, *REFUSALS) and not is_life(a)]
    assert not odd, "\n".join(odd)
    assert sum(answer.status == 200 for answer in found) > 20, "the crawl hardly found anything"


def no_secret_in(answers, words, figures, forbidden):
    wrong = [f"{a.method} {a.url}: {secrets}" for a in answers if (secrets := told(a, words, figures, forbidden))]
    assert not wrong, "\n".join(wrong)


def again(user, answers, language="fa"):
    """What the same questions are answered now; a sign of life is another each time."""
    client = signed_in(user and User.objects.get(pk=user.pk), language)
    return [
        answer if is_life(answer) else fetch(client, answer.method.lower(), answer.url, **answer.headers) for answer in answers
    ]


def difference(before, after):
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return " ".join(line.strip()[:160] for line in lines if not line.startswith(("---", "+++", "@@")))[:600]


def is_life(answer):
    """Whether the answer is another each time: a sign of life, a key made for the asking, a signature of this moment."""
    return re.match(
        r"/healthz|/account/second-factor/|/credentials/status/|/marks/.*(credential|certificate)|.*register\.json", answer.url
    )


# Where officers and owners read what is secret to the others.
OF_OFFICERS = (
    "agency_people", "assessment_detail", "assessor_detail", "assessor_invited", "decision_board", "entry_detail", "entry_scores", "extension_answer",
    "invitation_list", "moderation_detail", "overlap_detail", "product_detail", "product_version", "remark_check", "roster_import",
    "round_assessors", "round_set_aside", "round_take_back", "screening_form", "self_assessment_result", "self_file", "unit_edit", "waiver_detail",
    "mark_detail", "exemplar_detail",
)  # fmt: skip
OF_OWNERS = (
    "action_",
    "agreement_",
    "account",
    "api-product",
    "notices",
    "product_detail",
    "product_file",
    "programme_list",
    "renewal_",
    "self_a",
)


def test_the_crawl_finds_what_is_there_to_be_found(world):
    """Officers and owners together read everything: a secret that not even their crawls meet would prove nothing above."""
    s = world.secrets
    missing = {word for kind in vars(s).values() for word in kind} - set(s.figures)
    hidden, figures = numbers(world, "maker", "product", "owner") | others(world), set()
    seat, head = world.resolution.meeting.attendances.first().seat.user, factories.secretary()
    readers = (
        (world.officer, OF_OFFICERS), (world.owner, OF_OWNERS), (world.appellant, ("appeal_", "entry_scores")),
        (seat, ("meeting_", "paper_file")), (head, ("council_import",)),
    )  # fmt: skip
    for user, names in readers:
        for answer in crawl(user, rows_of(world), addresses_of(*names), methods=("get",), follows=False):
            met = set(told(answer, missing, s.figures, hidden))
            figures |= met - missing
            missing -= met
        if not missing and len(figures) > 10:
            return
    raise AssertionError(f"seeded, and nowhere to be read: {missing or figures}")


def test_the_crawl_finds_what_a_round_shows(world):
    """Where the round says that its assessors see whose the product is, their crawl meets the maker."""
    Round.objects.filter(pk=world.round.pk).update(see_submitter="always")
    user, _words, _forbidden = people(world)["reader"]
    missing = {"زرگنده", "کاشفی", "گلفامیه", "zgoriginal", "zgmeta"}
    for answer in crawl(user, rows_of(world), addresses_of("assessment_form", "product_file"), methods=("get",), follows=False):
        missing -= set(told(answer, missing, [], set()))
        if not missing:
            return
    raise AssertionError(missing)


def test_the_crawl_finds_what_a_council_reads(world):
    """A member meets the maker in the papers of a product that stands before the council: the address is really asked for."""
    seat, missing = world.resolution.meeting.attendances.first().seat, {"زرگنده", "zgoriginal", "zgmeta"}
    for answer in crawl(seat.user, rows_of(world), addresses_of("decision_evidence", "product_file"), methods=("get",), follows=False):
        missing -= set(told(answer, missing, [], set()))
    assert not missing


@pytest.mark.parametrize("who", WHO)
def test_no_letter_and_no_notice_holds_a_secret(world, who):
    user, words, forbidden = people(world)[who]
    if user is None:
        return
    said = [f"{row.subject}\n{row.text}\n{row.html}" for row in Letter.objects.filter(to=user.email)]
    said += [f"{row.text_fa}\n{row.text_en}\n{row.link}" for row in Notice.objects.filter(user=user)]
    assert said or who in ("rival_owner", "appellant", "member"), "nothing was told, so nothing was tried"
    for text in said:
        assert [word for word in words if word.casefold() in text.casefold()] == []
        assert [pk for pk in forbidden if str(pk) in text] == []


def test_error_pages_tell_nothing(world, monkeypatch):
    def broken(user):
        raise RuntimeError("زرگنده همایی 37.93")

    monkeypatch.undo()
    monkeypatch.setattr(desk, "sections", broken)
    user, words, forbidden = people(world)["reader"]
    answer = fetch(signed_in(user), "get", reverse("desk"))
    assert answer.status == 500 and told(answer, words, world.secrets.figures, forbidden) == []
    for url in ("/nowhere/", f"/products/{world.product.pk}/", "/api/v1/nowhere/"):
        assert told(fetch(signed_in(user), "get", url), words, world.secrets.figures, forbidden) == []


# --- asking for a secret -------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["reader", "public"])
def test_searching_for_a_secret_finds_as_much_as_searching_for_nothing(world, who):
    user, _words, _forbidden = people(world)[who]
    client, s = signed_in(user), world.secrets
    searched = [
        reverse("search"),
        reverse("agency_list"),
        *(url for url in lists(client) if 'name="q"' in fetch(client, "get", url).text),
    ]
    assert len(searched) > (2 if user else 1)
    named = {"زرگنده", "zargandeh", "رقیبانه", "raghibaneh"}
    secrets = {*(kind[0] for kind in vars(s).values()), "کاشفی", "zgoriginal", "باران", "rain", str(world.product.pk)}
    for url in searched:
        nothing = without_question(fetch(client, "get", f"{url}?q=qqxyzzyqq"), "qqxyzzyqq")
        for secret in sorted(secrets):
            answer = without_question(fetch(client, "get", f"{url}?q={quote(secret)}"), secret)
            if secret in named and (url in (reverse("search"), reverse("agency_list"))):
                assert "باران" not in answer  # the register may be searched
                continue
            assert answer == nothing, f"{url}?q={secret} tells that there is something"


def lists(client):
    """Every list that a person can open, but for those that everybody reads and those of officers."""
    names = [address.name for address in every_address() if not address.arguments and "list" in address.name]
    urls = [reverse(name) for name in names if SEEN_BY[name] != OFFICERS and not SEEN_BY[name] >= ANYBODY]
    return [url for url in urls if fetch(client, "get", url).status == 200]


def without_question(answer, question):
    """The answer without what was asked, however it is written in it again."""
    said, value = same(answer), question.partition("=")[2]
    for written in (quote(quote(question)), quote(question), quote(question, safe="="), question, f'value="{value}"'):
        said = said.replace(written, "")
    return said


# Columns of tables; a list's own columns, which it shows, go by other names.
HIDDEN_ORDERS = (
    "subject__agency", "entry__subject__agency__sort_key", "agency__sort_key", "-result__value", "-entry__result__value",
    "assessor__user__sort_key", "created_by",
)  # fmt: skip


@pytest.mark.parametrize("who", ["reader", "owner"])
def test_no_list_can_be_put_in_an_order_that_tells(world, who):
    """Sorted or narrowed by a column that is not shown, rows would tell by their places what stands in it."""
    user, _words, _forbidden = people(world)[who]
    client = signed_in(user)
    for url in [*lists(client), reverse("my_assessments"), reverse("desk"), reverse("notices")]:
        if fetch(client, "get", url).status != 200:
            continue

        def asked(question, url=url):
            return without_question(fetch(client, "get", f"{url}?{question}"), question)

        word = "ordering" if url.startswith("/api/") else "sort"
        plain = asked(f"{word}=qqxyzz")
        assert not [column for column in HIDDEN_ORDERS if asked(f"{word}={column}") != plain], url
        for column in ("subject__agency", "entry__subject__agency"):
            assert asked(f"{column}={world.maker.pk}") == asked(f"{column}=987654"), f"{url}?{column}"


# --- nothing changes with what is hidden ---------------------------------------------------------------

# Keys of forms and nonces; a strong ETag is the digest of the body, which is compared itself.
_CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|nonce[-=]\S+|\b(?=\w*[A-Z])[A-Za-z0-9]{64}\b"
    r'|(?:Set-Cookie|Retry-After):.*|ETag: "[0-9a-f]{32}"|(?:[۰-۹]+ (?:ثانیه|دقیقه|ساعت) پیش|همین حالا)|"saved_at": "[^"]*"'
)


def same(answer):
    """An answer without what differs from one asking to the next."""
    return _CHANGING.sub("", answer.lasting)


def test_one_s_work_stands_in_no_order_of_makers(world):
    """Whatever the makers are called, the assessor's list keeps its order."""
    client = signed_in(world.reader.user)
    factories.assignment(factories.entry(world.round, factories.subject(agency_=world.rival)), world.reader)
    before = same(fetch(client, "get", reverse("my_assessments")))
    Agency.objects.filter(pk=world.rival.pk).update(name_fa="آآآ", name_en="Aaa", slug="aaa")
    Agency.objects.filter(pk=world.maker.pk).update(name_fa="یی", name_en="Zzz", slug="zzz")
    assert same(fetch(client, "get", reverse("my_assessments"))) == before
