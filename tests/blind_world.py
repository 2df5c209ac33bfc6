"""A blind round at work in which every secret is a word that stands nowhere else, and every hidden row has a number of its own."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from assessments.models import (
    Appeal,
    Assignment,
    ConflictWaiver,
    Entry,
    ExpertiseField,
    Moderation,
    RemarkCheck,
    RosterImport,
    Round,
    Score,
    ScoringFlag,
    SetAside,
)
from assessments.services import (
    appeals,
    conflicts,
    deadlines,
    discussions,
    excellence_years,
    moderations,
    programme_copies,
    programmes,
    rounds,
    runs,
    self_assessments,
    sets,
)
from products.models import CertificateBatch, KindField, Overlap, Product, RenewalRequest
from products.services import nameless, renewal_requests, screening, submission
from secretariat.models import AgendaItem, CouncilImport, Invitation, Notice, Unit
from secretariat.services import actions, agenda_papers, agreements
from tests import council as make
from tests import doing, exemplars, factories, named_files, specimens
from tests.assessments import disputed, reviewing, self_assessing, weighing

ROOMS = ("secretariat", "assessments", "products", "portal")


@dataclass
class Secrets:
    """Words by whose they are; each is a stem, so that every form of a name is found."""

    maker: list = field(
        default_factory=lambda: [
            "زرگنده", "zargandeh", "چهلستونی", "chehelsotuni", "ساروخانی", "sarukhani", "کاشفی", "گلفامیه", "zgoriginal", "zgmeta",
        ]
    )  # fmt: skip
    rival: list = field(default_factory=lambda: ["رقیبانه", "raghibaneh"])
    panel: list = field(
        default_factory=lambda: ["همایی", "homai", "تابنده", "tabandeh", "کنارکش", "konarkesh", "رشته‌نهان", "شاهدنهان"]
    )
    words: list = field(
        default_factory=lambda: ["قوت‌نهان", "بهبودنهان", "یادداشت‌نهان", "نظرنهان", "گفتگونهان", "پیشنهادنهان", "توافق‌نهان"]
    )
    reasons: list = field(default_factory=lambda: ["علت‌نهان", "مهلت‌نهان"])
    figures: list = field(default_factory=list)
    council: list = field(default_factory=lambda: ["مصوبه‌نهان", "بندنهان", "zgpaper", "شوراهای‌نهان"])
    # Between an agency and the secretariat.
    house: list = field(
        default_factory=lambda: [
            "خودارزیابی‌نهان",
            "ممیزنهان",
            "برنامه‌نهان",
            "zgevidence",
            "اقدام‌نهان",
            "تفاهم‌نهان",
            "zgproof",
            "یادآوری‌نهان",
            "نمایندهٔ‌نهان",
            "تمدیدنهان",
            "zgrenewal",
            "آموزه‌نهان",
        ]
    )
    # What another agency, whose results are published, contests.
    appeal: list = field(default_factory=lambda: ["اعتراض‌نهان", "zgappeal", "واژه‌گشوده"])
    former: list = field(default_factory=lambda: ["قوت‌گذشته", "بهبودگذشته", "یادداشت‌گذشته", "نظرگذشته"])
    staff: list = field(
        default_factory=lambda: [
            "غربال‌نهان", "هم‌پوشان‌نهان", "کنارنهان", "معافیت‌نهان", "تعارض‌نهان", "فهرست‌نهان", "مهمان‌نهان", "بازداشته‌نهان",
        ]
    )  # fmt: skip


def number_rows():
    """Give each table numbers of its own, so that a primary key that is told can be told from every other number."""
    with connection.cursor() as cursor:
        for place, model in enumerate(tables()):
            if isinstance(model._meta.pk, models.AutoField | models.BigAutoField):
                table, column = model._meta.db_table, model._meta.pk.column
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [table, column, 7_300_000 + 1000 * place])


def tables():
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            if not model._meta.proxy and not hasattr(model, "pgh_tracked_model"):
                yield model


def build(**policy):
    """The world: one product of the maker and one of a rival in an open blind round, its panel at work in every state."""
    number_rows()
    secrets = Secrets()
    officer = factories.officer(first_name="کارشناس", last_name="دبیرخانه")
    maker, owner = _maker()
    rival = factories.agency(name_fa="بنیاد رقیبانه", name_en="Raghibaneh Foundation", slug="raghibaneh", is_member=True)
    rival_owner = factories.representative(rival)
    version = factories.published_set(scale_=factories.scale("number", step="0.01"), indicators=1)
    kind = factories.product_kind(indicator_set=version.set)
    KindField.objects.create(kind=kind, key="publisher", label_fa="ناشر", label_en="Publisher", names_maker=True)
    product, files = _handed_in(maker, owner, kind)
    other = _accepted(factories.submission(agency_=rival, kind=kind, title_fa="نقش صنوبر", title_en="Larches").product)
    Overlap.objects.create(product=product, other=other, similarity=0.93, reasons={"title": 0.9})
    round_ = disputed.round_(
        "open", title_fa="دور آزمون", title_en="Trial round", moderation="consensus", **{"see_submitter": "never", **policy}
    )
    sheet = factories.sheet(round_, version)
    entry, theirs = (Entry.objects.create(round=round_, subject=one.subject, sheet=sheet) for one in (product, other))
    people = _panel(entry, theirs, officer)
    _score(round_, entry)
    secrets.figures += _figures(entry, ("37.93", "83.61"))
    bystander = factories.agency()
    third = Entry.objects.create(round=round_, subject=factories.subject(bystander), sheet=sheet)
    world = SimpleNamespace(
        bystander=bystander,
        secrets=secrets, officer=officer, maker=maker, owner=owner, rival=rival, rival_owner=rival_owner, kind=kind, version=version,
        product=product, other=other, files=files, round=round_, entry=entry, theirs=theirs,
        leaf=version.indicators.filter(scale__isnull=False).first(), late_work=factories.assignment(third, people["second"]), **people,
    )  # fmt: skip
    _asked(third, world.reader, officer)
    _staff_words(world)
    _council(world)
    _discussion(world)
    _programme(world)
    _houses(world)
    _appeal(world)
    world.chosen = _chosen(world)
    return world


def _chosen(world):
    """Keys of the rows that everybody asks for; no two tables of this world share a key."""
    rows = [
        world.maker, world.rival, world.product, world.other, world.round, world.entry, world.theirs, world.moderation, world.programme,
        world.appeal, world.appealed, world.checked, world.leaf, world.meeting, world.mark, world.resolution, world.first, world.second, world.gone, *world.files, *world.renewal,
        *world.entry.assignments.filter(assessor__in=[world.first, world.reader, world.done, world.gone]),
        *world.theirs.assignments.filter(assessor__in=[world.first, world.second, world.gone]),
        *Assignment.objects.filter(entry__subject=world.programme.subject_id),
    ]  # fmt: skip
    return {row.pk for row in rows}


def _maker():
    maker = factories.agency(
        name_fa="سازمان زرگنده", name_en="Zargandeh Institute", slug="zargandeh-house", website="https://zargandeh-site.ir/"
    )
    Unit.objects.create(agency=maker, kind="directorate", name_fa="معاونت چهلستونی", name_en="Chehelsotuni office")
    owner = factories.representative(
        maker, username="b.sarukhani", first_name="بهنود", last_name="ساروخانی", email="b@zargandeh-mail.ir"
    )
    return maker, owner


def _handed_in(maker, owner, kind):
    product = submission.start(maker, kind, by=owner)
    files = [
        submission.attach(
            product.pk, specimens.upload(make_("ZgMetaAuthor"), f"زرگنده-zgoriginal{extension}"), by=owner, note="زرگنده"
        )
        for extension, make_ in named_files.ALL.items()
    ]
    product.refresh_from_db()
    said = {
        "answers": {
            "title_fa": "کتاب باران", "title_en": "The book of rain", "summary": "کتابی دربارهٔ باران", "audience": "general",
            "starts_on": "1403/02/01", "unit": str(maker.units.get().pk), "q_publisher": "نشر گلفامیه",
        },
        "creators": [{"name": "هومان کاشفی‌نیا", "role": "نویسندهٔ زرگنده"}],
        "links": [{"url": "https://opac.zargandeh-site.ir/1", "label": "زرگنده"}, {"url": "https://example.com/rain", "label": "زرگنده"}],
    }  # fmt: skip
    saved = submission.save_draft(product.pk, said, by=owner, version=product.version)
    version = submission.submit(product.pk, by=owner, version=saved.version)
    checklist = dict.fromkeys(screening.CHECKLIST, "yes")
    screening.screen(version.pk, "return", checklist, {"summary": "غربال‌نهان زرگنده"}, "غربال‌نهان", by=factories.officer())
    product.refresh_from_db()
    submission.submit(product.pk, by=owner, version=product.version)
    nameless.make_waiting()
    return _accepted(product), files


def _accepted(product):
    Product.objects.filter(pk=product.pk).update(status="accepted")
    product.refresh_from_db()
    return product


def _panel(entry, theirs, officer):
    """Who judges: one at work, one who has submitted, one asked; the others, of whom nothing may be known."""

    def assessor(first, last, mail, **more):
        return factories.assessor(first_name=first, last_name=last, username=mail, email=f"{mail}@example.org", **more)

    reader, done = assessor("سیما", "خواننده", "reader"), assessor("سیما", "سپرده", "done")
    first, second = assessor("داریوش", "همایی‌پور", "d.homai"), assessor("فرنگیس", "تابنده‌فر", "f.tabandeh")
    gone = assessor("مهراوه", "کنارکش", "m.konarkesh")
    for one in (first, second):
        type(one).objects.filter(pk=one.pk).update(field_fa="رشته‌نهان", field_en="رشته‌نهان")
    _asked(entry, gone, officer, "decline")
    rounds.withdraw(_asked(theirs, gone, officer, "accept").pk, by=officer, why="دیگر لازم نیست")
    insider = assessor("درون", "نشسته", "insider")
    factories.granted("officer", user_=insider.user)
    factories.assignment(entry, insider)
    given = {}
    for one, value, words in ((first, "37.93", True), (second, "83.61", True), (done, "61", False)):
        given[one.pk] = _submitted(entry, one, value, words)
    _submitted(theirs, first, "19.47", True)
    _submitted(theirs, second, "72.71", True)
    _submitted(theirs, assessor("گواه", "شاهدنهان", "witness"), "44.87", False)
    work = {
        "reader_work": _asked(entry, reader, officer, "accept"),
        "done_work": given[done.pk].assignment,
    }
    return {
        "reader": reader,
        "done": done,
        "insider": insider,
        "first": first,
        "second": second,
        "gone": gone,
        **work,
    }


def _asked(entry, assessor, officer, answer=""):
    assignment = rounds.assign(entry.pk, assessor.pk, by=officer)
    if answer:
        rounds.answer(assignment.pk, answer, by=assessor.user, why="علت‌نهان" if answer == "decline" else "")
    return assignment


def _submitted(entry, assessor, value, words, when="نهان"):
    texts = {"strengths": f"قوت‌{when}", "improvements": f"بهبود{when}", "note_to_staff": f"یادداشت‌{when}"} if words else {}
    return factories.submitted_assessment(entry, value, assessor, comment=f"نظر{when}" if words else "", **texts)


def _score(round_, entry):
    Entry.objects.filter(round=round_).update(inputs_version=2, inputs_changed_at=timezone.now())
    runs.score_round(round_.pk)
    assert Score.objects.filter(entry=entry).exists()


def _figures(entry, given):
    """Every number that tells of the others' judgement, as it may be written: with one place as a page rounds it, or exactly."""
    round_ = Round.objects.get(pk=entry.round_id)
    numbers = {float(one) for one in given}
    for score in Score.objects.filter(run=round_.run_id, value__isnull=False):
        numbers |= {score.value, score.low, score.high, score.raw_mean}
    written = {f"{number:.{places}f}" for number in numbers - {None, 0.0, 100.0} for places in (1, 2, 3)}
    return sorted(text for text in written if len(text.rstrip("0").replace(".", "")) >= 3)


def _staff_words(world):
    ScoringFlag.objects.create(round=world.round, kind="severity", assessor=world.first, figure=9, sheets=9)
    SetAside.objects.create(round=world.round, assessor=world.gone, why="کنارنهان", by=world.officer)
    world.round.moves.create(action="set_aside", source="open", target="open", by=world.officer, why="کنارنهان")
    Overlap.objects.update(
        decision="distinct", decision_reason="هم‌پوشان‌نهان", decided_by=world.officer, decided_at=timezone.now()
    )


def _council(world):
    """A council that has another product's mark before it, in a draft that nobody outside may read."""
    resolution = make.session(title="مصوبه‌نهان", text="مصوبه‌نهان زرگنده")
    begun = submission.start(world.maker, world.kind, by=world.owner)
    # What the council reads of it, and nobody else.
    world.files += [
        submission.attach(begun.pk, specimens.upload(named_files.pdf("ZgMetaAuthor"), "زرگنده-zgoriginal.pdf"), by=world.owner)
    ]
    product = make.scored_product(product=_accepted(factories.submission(begun, title_fa="کار دیگر زرگنده").product))
    world.meeting = meeting = resolution.meeting
    item = AgendaItem.objects.create(meeting=meeting, title="بندنهان")
    agenda_papers.attach(
        item.pk, specimens.upload(named_files.pdf("ZgMetaAuthor"), "zgpaper.pdf"), by=make.keeper(resolution.council)
    )
    make.item(meeting, kind="marks")
    make.withheld(resolution, make.scored_product())
    CouncilImport.objects.create(file_name="شوراهای‌نهان.xlsx", sent_by=world.officer)
    world.mark = make.proposed_mark(resolution_=resolution, product=product)
    world.resolution = resolution


def _discussion(world):
    """The panel of the rival's product lies apart and discusses, under its numbers."""
    moderation = Moderation.objects.get(entry=world.theirs)
    indicators = disputed.points(moderation)
    moderations.discuss(moderation.pk, indicators, by=world.officer)
    discussions.say(moderation.pk, "گفتگونهان", by=world.second.user)
    discussions.propose(moderation.pk, indicators[0], "55.5", "پیشنهادنهان", by=world.second.user)
    discussions.agree(moderation.pk, indicators[0], "51.5", "توافق‌نهان", by=world.officer)
    deadlines.ask_time(world.late_work.pk, timezone.now() + timedelta(days=40), by=world.second.user, why="مهلت‌نهان")
    world.moderation = moderation


def _programme(world):
    """A programme of the maker in the same round, judged by the reader; and one that is still being written."""
    made, _user = reviewing.written(world.maker, world.owner, title_fa="باغ کتاب", title_en="Garden of books")
    name = "زرگنده-zgoriginal.pdf"
    programmes.attach(made.pk, specimens.upload(named_files.pdf("ZgMetaAuthor"), name), by=world.owner)
    programmes.propose(made.pk, by=world.owner)
    programmes.accept(made.pk, by=world.officer, set_id=world.version.set_id)
    (entry,), _left_out = programmes.add_programmes(world.round.pk, [made.pk], by=world.officer)
    programme_copies.make_waiting()
    _asked(entry, world.reader, world.officer, "accept")
    _asked(entry, world.gone, world.officer, "accept")
    conflicts.set_conflict(world.gone.pk, entry.subject_id, "تعارض‌نهان با زرگنده", by=world.officer)
    world.programme = made
    reviewing.written(world.maker, world.owner, title_fa="برنامه‌نهان")


def _houses(world):
    """What else an agency and the secretariat have between them, and the secretariat's own papers."""
    officer = world.officer
    checker = factories.assessor(first_name="ناظر", last_name="ممیزنهان", username="checker")
    year = self_assessing.year(officer, percent=100)
    own, user = self_assessing.begun(year, world.maker, by=world.owner)
    evidence = specimens.upload(named_files.pdf("ZgMetaAuthor"), "zgevidence.pdf")
    self_assessments.attach(own.pk, self_assessing.leaves(year)[0].pk, evidence, by=user)
    self_assessing.answer_all(own, user, done="خودارزیابی‌نهان")
    self_assessments.submit(own.pk, by=user, version=own.version)
    excellence_years.draw_sample(year.pk, by=officer, why="همه رسیده است", seed="seed")
    self_assessing.appointed(own, checker)
    world.checker = checker
    Notice.objects.create(user=world.owner, kind="test", text_fa="یادآوری‌نهان", text_en="یادآوری‌نهان", link="/desk/")
    for purpose, name, agency in (("representative", "نمایندهٔ‌نهان", world.maker), ("assessor", "مهمان‌نهان", None)):
        Invitation.objects.create(
            purpose=purpose, agency=agency, email=f"{purpose}@example.org", full_name=name, token_hash=purpose[0] * 64,
            invited_by=officer, expires_at=timezone.now() + timedelta(days=3),
        )  # fmt: skip
    ConflictWaiver.objects.create(assessor=world.second, subject=world.product.subject, reason="معافیت‌نهان", asked_by=officer)
    ExpertiseField.objects.create(name_fa="حوزه", name_en="Field")
    RosterImport.objects.create(file_name="فهرست‌نهان.xlsx", sent_by=officer)
    weighing.study(sets.new_version(factories.published_set(code="poster").set_id, by=officer), experts=[world.first.user])
    granted = make.granted_mark()
    CertificateBatch.objects.create(asked_by=officer, resolution=granted.resolution, marks=[granted.pk])
    own = make.granted_mark(publish=False, agency_=world.maker)
    asked = RenewalRequest.objects.create(mark=own, term=90, changes="تمدیدنهان زرگنده")
    enclosure = specimens.upload(named_files.pdf("ZgMetaAuthor"), "zgrenewal.pdf")
    world.renewal = [asked, own, renewal_requests.attach(asked.pk, enclosure, by=world.owner)]
    RenewalRequest.objects.filter(pk=asked.pk).update(status="sent", sent_at=timezone.now())
    # Other agencies' exemplars: one that everybody reads, and one that its agency and the secretariat alone may read yet.
    exemplars.published(exemplars.scored_product(files=1))
    exemplars.ready(exemplars.scored_product(files=1), words=dict.fromkeys(exemplars.WORDS_SAID, "آموزه‌نهان"))
    council = world.resolution.council
    action = doing.action(council, world.owner, title="اقدام‌نهان")
    actions.attach(action.pk, specimens.upload(named_files.pdf("ZgMetaAuthor"), "zgproof.pdf"), by=world.owner)
    agreement = doing.agreement(world.maker, council=council, title_fa="تفاهم‌نهان", title_en="تفاهم‌نهان")
    agreements.attach(agreement.pk, specimens.upload(named_files.pdf("ZgMetaAuthor"), "zgproof.pdf"), by=officer)
    doing.action(agreement=agreement, owner=world.owner)
    agreements.review(agreement.pk, by=None)


def _appeal(world):
    """The published results of another agency, judged blind by the same people, and its appeal against them."""
    agency = factories.agency(name_fa="خانهٔ گلایه", name_en="Contesting House")
    world.appellant = factories.representative(agency)
    round_ = factories.round_("open", title_fa="دور پیشین", title_en="Former round", see_submitter="never")
    product = _accepted(
        factories.submission(agency_=agency, kind=world.kind, title_fa="کار پیشین", title_en="Former work").product
    )
    entry = Entry.objects.create(round=round_, subject=product.subject, sheet=factories.sheet(round_, world.version))
    given = [_submitted(entry, one, value, True, "گذشته") for one, value in ((world.first, "41"), (world.second, "43"))]
    _submitted(entry, world.done, "45", False)
    world.checked = given[0]
    runs.inputs_changed(entry.pk)
    runs.score_round(round_.pk)
    said = {"assessment": given[0], "indicator": None, "by": world.officer}
    RemarkCheck.objects.create(kind="strengths", source="قوت‌گذشته", text="واژه‌گشوده", verdict="released", **said)
    said["indicator"] = world.leaf
    RemarkCheck.objects.create(kind="comment", source="نظرگذشته", verdict="withheld", why="بازداشته‌نهان", **said)
    factories.settled(round_, "appeal")
    appeal = appeals.start_appeal(entry.pk, by=world.appellant)
    appeals.save_draft(appeal.pk, by=world.appellant, version=appeal.version, statement="اعتراض‌نهان", reasons={})
    appeals.attach(appeal.pk, specimens.upload(named_files.pdf("ZgMetaAuthor"), "zgappeal.pdf"), by=world.appellant)
    world.appeal, world.appealed = Appeal.objects.get(pk=appeal.pk), entry
