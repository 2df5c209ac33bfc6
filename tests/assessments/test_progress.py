"""A round in time: what each assessor did when, the pace, the forecast, and the picture of it."""

import re
from datetime import datetime, timedelta

import pghistory.models
import pytest
from django.db import connection, transaction
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from assessments.models import Assessment, Assignment, AssignmentMove, Entry, Round
from assessments.selectors.progress import MyPace, Progress, minutes_by_assessment, my_pace, outlooks
from assessments.services import assessments, deadlines, rounds
from secretariat import calendar, charts
from tests import factories

pytestmark = pytest.mark.django_db
# Some Saturday to come, for the database takes no assessment of rounds that are over; “now” is two weeks later, twelve working days.
SATURDAY = calendar.today() + timedelta(days=400)
SATURDAY += timedelta(days=(5 - SATURDAY.weekday()) % 7)
NOW = datetime(SATURDAY.year, SATURDAY.month, SATURDAY.day, tzinfo=calendar.TEHRAN) + timedelta(days=14)


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


def at(days, hours=0):
    return datetime(SATURDAY.year, SATURDAY.month, SATURDAY.day, tzinfo=calendar.TEHRAN) + timedelta(days=days, hours=hours)


def a_round(deadline=28, **fields):
    round_ = factories.round_("open", deadline=at(deadline), **fields)
    Round.objects.filter(pk=round_.pk).update(created_at=at(-3))
    round_.refresh_from_db()
    return round_


def sheet_of(round_):
    """One sheet shared by all entries of a round."""
    return round_.sheets.first() or factories.sheet(round_, factories.published_set())


def judge(round_, assessor, *submitted, owed=0, offered=0, accepted=1):
    """One assessor of a round: sheets submitted on these days, some owed, some not answered; asked on the first day."""
    rows = []
    for place in range(len(submitted) + owed + offered):
        entry = Entry.objects.create(round=round_, subject=factories.subject(), sheet=sheet_of(round_))
        is_offered = place >= len(submitted) + owed
        row = factories.assignment(entry, assessor, status="offered" if is_offered else "accepted")
        Assignment.objects.filter(pk=row.pk).update(offered_at=at(0))
        if not is_offered:
            backdated(row.moves.create(action="accept", source="offered", target="accepted", by=assessor.user), at(accepted))
        if place < len(submitted):
            with transaction.atomic():
                sheet = Assessment.objects.create(assignment=row)
                Assessment.objects.filter(pk=sheet.pk).update(started_at=at(submitted[place]), submitted_at=at(submitted[place], 1))
                Assignment.objects.filter(pk=row.pk).update(status="submitted")
        rows.append(row)
    return rows


def backdated(move, when):
    import pgtrigger

    with transaction.atomic(), pgtrigger.ignore("assessments.AssignmentMove:append_only"):
        AssignmentMove.objects.filter(pk=move.pk).update(at=when)


def lines(progress):
    return {line.assessor.pk: line for line in progress.lines}


# ------------------------------------------------------------------ what is told of it
def test_each_assessor_stands_where_he_is():
    round_ = a_round()
    quick, slow, idle, silent, done = (factories.assessor() for _ in range(5))
    judge(round_, quick, 2, 3, 4, 5, 6, 7, 8, owed=2)
    judge(round_, slow, 12, owed=12)
    judge(round_, idle, owed=1)
    judge(round_, silent, offered=2)
    judge(round_, done, 3, 6)
    found = Progress(round_, NOW)
    by = lines(found)
    assert [by[one.pk].state for one in (quick, slow, silent, done)] == ["working", "slow", "asked", "done"]
    assert (by[quick.pk].done, by[quick.pk].owed, by[quick.pk].asked) == (7, 2, 9)
    assert by[quick.pk].accepted_at == at(1) and by[quick.pk].asked_at == at(0) and by[quick.pk].started_at == at(2)
    assert by[quick.pk].last == at(8, 1) and by[quick.pk].deadline == round_.deadline
    assert by[done.pk].deadline is None and by[done.pk].chance is None and by[silent.pk].chance is None
    assert by[quick.pk].chance > 0.5 > by[slow.pk].chance
    assert (found.done, found.owed, found.all) == (10, 17, 27)
    assert found.slow == [by[slow.pk]] or by[idle.pk] in found.slow
    # Those who need looking after stand first.
    assert found.lines[0].state == "slow" and found.lines[-1].state == "done"


def test_whoever_is_past_his_own_deadline_is_late(officer):
    round_ = a_round()
    late, given = factories.assessor(), factories.assessor()
    judge(round_, late, 2, owed=2)
    rows = judge(round_, given, 2, owed=1)
    deadlines.give_time(round_.pk, [rows[-1].pk], timezone.now() + timedelta(days=900), by=officer, why="Illness")
    Round.objects.filter(pk=round_.pk).update(deadline=at(10))
    found = Progress(Round.objects.get(pk=round_.pk), NOW)
    by = lines(found)
    assert by[late.pk].state == "late" and by[late.pk].late == 2 and found.late == [by[late.pk]]
    assert by[given.pk].state != "late" and found.last_deadline == by[given.pk].deadline


def test_who_declined_is_no_longer_awaited(officer):
    round_ = a_round()
    gone = factories.assessor()
    rows = judge(round_, gone, owed=2)
    for row in rows:
        rounds.withdraw(row.pk, by=officer, why="Ill")
    (line,) = Progress(round_, NOW).lines
    assert (line.state, line.ended, line.asked) == ("left", 2, 0)


def test_a_product_left_out_is_not_awaited(officer):
    round_ = a_round()
    row = judge(round_, factories.assessor(), owed=1)[0]
    rounds.exclude_entry(row.entry_id, by=officer, why="Withdrawn")
    assert Progress(round_, NOW).lines == []


# ------------------------------------------------------------------ the forecast
def test_a_steady_round_is_foretold_by_its_pace():
    """Ten sheets in ten working days, each of two assessors; ten more each take about ten more working days."""
    round_ = a_round(deadline=60)
    days = [day for day in range(1, 13) if (SATURDAY + timedelta(days=day)).weekday() != 4][:10]
    for _ in range(2):
        judge(round_, factories.assessor(), *days, owed=10, accepted=0.5)
    found = Progress(round_, NOW)
    low, middle, high = found.expected
    assert low < middle < high
    assert 9 <= found.clock.days(middle) - found.clock.days(NOW) <= 17
    assert found.misses_by == 0 and found.slow == []
    Round.objects.filter(pk=round_.pk).update(deadline=NOW + timedelta(days=3))
    pressed = Progress(Round.objects.get(pk=round_.pk), NOW)
    assert pressed.expected == found.expected
    assert pressed.misses_by == round(found.clock.days(middle) - found.clock.days(NOW + timedelta(days=3)))
    assert len(pressed.slow) == 2


def test_nothing_is_foretold_from_too_little_or_when_it_is_over():
    round_ = a_round()
    judge(round_, factories.assessor(), 3, owed=3)
    assert Progress(round_, NOW).expected is None and Progress(round_, NOW).misses_by is None
    judge(round_, factories.assessor(), 3, 4, 5, owed=1)
    assert Progress(round_, NOW).expected is not None
    Round.objects.filter(pk=round_.pk).update(status="moderation")
    assert Progress(Round.objects.get(pk=round_.pk), NOW).forecast is None


def test_holidays_stretch_the_forecast():
    from secretariat.models import Holiday

    round_ = a_round(deadline=60)
    judge(round_, factories.assessor(), 2, 3, 4, 5, owed=4)
    before = Progress(round_, NOW).expected[1]
    for gap in range(1, 6):
        Holiday.objects.create(date=NOW.date() + timedelta(days=gap), title_fa="تعطیل", title_en="Holiday")
    assert Progress(round_, NOW).expected[1] > before + timedelta(days=3)


# ------------------------------------------------------------------ minutes
def test_minutes_are_counted_without_the_pauses():
    """Saved at 0, 5, 12 minutes, then a night, then 4 minutes more: sixteen minutes of work."""
    row = factories.assignment()
    leaves = list(row.entry.sheet.parts.get().version.indicators.filter(scale__isnull=False))
    version = 0
    for leaf in leaves:
        version = assessments.save_draft(row.pk, {f"r-{leaf.pk}": "4"}, by=row.assessor.user, version=version).assessment.version
    assessments.submit(row.pk, by=row.assessor.user, version=version)
    sheet = Assessment.objects.get()
    start = timezone.now() - timedelta(days=2)
    night = start + timedelta(hours=10)
    events = list(Assessment.pgh_event_model.objects.order_by("pgh_id"))
    moments = [start + timedelta(minutes=5), start + timedelta(minutes=12), night, night + timedelta(minutes=4)]
    _retimed(sheet, start, events[:4], moments, night + timedelta(minutes=4, seconds=30))
    (minutes,) = minutes_by_assessment("e.round_id = %s", row.entry.round_id).values()
    assert minutes == pytest.approx(16.5, abs=0.01)
    own = my_pace(row.assessor, owed=3)
    assert own.minutes == pytest.approx(16.5, abs=0.01) and own.left == pytest.approx(49.5, abs=0.03)
    assert my_pace(factories.assessor(), owed=3).left is None


def _retimed(sheet, started, events, moments, submitted):
    import pgtrigger

    names = ["assessments.Assessment:submitted_assessment_is_frozen", "assessments.Assessment:update_update"]
    with transaction.atomic(), pgtrigger.ignore(*names):
        Assessment.objects.filter(pk=sheet.pk).update(started_at=started, submitted_at=submitted)
    with connection.cursor() as cursor:
        # The history is append-only even for tests: its guard is lifted for this one transaction.
        cursor.execute("SET session_replication_role = replica")
        for event, moment in zip(events, moments, strict=True):
            cursor.execute("UPDATE assessments_assessmentevent SET pgh_created_at = %s WHERE pgh_id = %s", [moment, event.pgh_id])
        cursor.execute("DELETE FROM assessments_assessmentevent WHERE pgh_id <> ALL(%s)", [[event.pgh_id for event in events]])
        cursor.execute("SET session_replication_role = DEFAULT")
    assert issubclass(type(events[0]), pghistory.models.Event)


# ------------------------------------------------------------------ the picture
def drawn(progress, language="en"):
    with translation.override(language):
        template = Template("{% load progress_pictures %}{% round_gantt progress lines %}")
        return template.render(Context({"progress": progress, "lines": progress.lines}))


def test_the_picture_runs_the_way_its_page_reads():
    round_ = a_round()
    judge(round_, factories.assessor(last_name="کاظمی"), 2, 8, owed=1)
    progress = Progress(round_, NOW)
    for language, turned in (("en", False), ("fa", True)):
        picture = drawn(progress, language)
        d = re.search(r'class="gantt-point" d="([^"]+)"', picture)[1]
        first, second = (float(x) for x in re.findall(r"M([\d.]+) ", d)[:2])
        assert (first > second) == turned
    assert calendar.day_and_month(SATURDAY) in drawn(progress)
    assert not re.search(r">[^<]*[0-9][^<]*</text>", drawn(progress, "fa"))


def test_the_picture_shows_phases_lateness_and_what_is_expected():
    round_ = a_round(deadline=11)
    judge(round_, factories.assessor(), 2, 3, 4, 5, 6, 7, 8, 9, owed=2)
    picture = drawn(Progress(round_, NOW))
    assert "gantt-late" in picture and "gantt-work" in picture and "gantt-mark-today" in picture and "gantt-zone" in picture
    assert "gantt-span-open" in picture or "gantt-span-draft" in picture


def test_bars_lie_within_the_plot_and_in_their_order():
    rows = [{"label": "x" * 80, "bars": [(0, 10, "work"), (12, 30, "late")], "points": [3, 50], "limit": 12}]
    for mirrored in (False, True):
        for shape in charts.gantt(rows, 0, 20, [(0, "a"), (10, "b")], mirrored=mirrored, spans=[(0, 5, "open", "open")], marks=[(9, "m", "today")]):
            xs = [float(x) for path in shape["paths"] for x in re.findall(r"[MH]([\d.]+)", path["d"])]
            assert all(0 <= x <= shape["width"] for x in xs)
            begin, end = (float(x) for x in re.findall(r"[MH]([\d.]+)", shape["paths"][0]["d"]))
            assert (begin > end) == mirrored
            assert shape["lines"][0]["label"].endswith("…") and shape["lines"][0]["full"] == "x" * 80


def test_ticks_are_round_and_few():
    for span in (0, 1, 3, 9, 30, 90, 200, 700):
        days = calendar.days_to_mark(SATURDAY, SATURDAY + timedelta(days=span), 7)
        assert 1 <= len(days) <= 8, (span, days)
        assert days == sorted(days) and days[0] >= SATURDAY and days[-1] <= SATURDAY + timedelta(days=span)


# ------------------------------------------------------------------ the page
def test_the_page_tells_the_same_in_words_and_table(client, officer):
    round_ = a_round(deadline=400)
    assessor = factories.assessor()
    judge(round_, assessor, 2, 3, 4, owed=2)
    request = deadlines.ask_time(
        Assignment.objects.filter(status="accepted").first().pk, at(500), by=assessor.user, why="Illness"
    )
    client.force_login(officer)
    page = client.get(reverse("round_progress", args=[round_.pk])).content.decode()
    assert assessor.user.display_name in page and "3 of 5" in page and "<svg" in page
    assert "At this pace" in page and reverse("extension_answer", args=[request.pk]) in page
    assert reverse("round_remind", args=[round_.pk]) in page


def test_an_empty_round_says_so(client, officer):
    client.force_login(officer)
    page = client.get(reverse("round_progress", args=[factories.round_().pk]))
    assert page.status_code == 200 and "Nobody is asked yet." in page.content.decode()


def test_strangers_find_nothing(client):
    row = factories.assignment()
    url = reverse("round_progress", args=[row.entry.round_id])
    assert client.get(url).status_code == 302
    for stranger in (row.assessor.user, factories.representative(row.entry.subject.agency)):
        client.force_login(stranger)
        assert client.get(url).status_code == 404


def test_the_page_is_small_and_asks_the_database_as_often_for_thirty(client, officer):
    round_ = a_round(deadline=400)
    client.force_login(officer)

    def looked(count):
        for _ in range(count):
            judge(round_, factories.assessor(), 2, owed=1)
        with CaptureQueriesContext(connection) as found:
            page = client.get(reverse("round_progress", args=[round_.pk]))
        return len(found), len(page.content)

    few, _size = looked(2)
    many, size = looked(40)
    assert many == few and size < 100_000


# ------------------------------------------------------------------ several rounds in one line each
def test_outlooks_say_of_each_round_what_its_own_page_says():
    steady, pressed, silent = a_round(deadline=60), a_round(deadline=60), a_round(deadline=60)
    for round_ in (steady, pressed):
        judge(round_, factories.assessor(), 2, 3, 4, 5, owed=4, accepted=0.5)
        judge(round_, factories.assessor(), 3, 6, owed=3, accepted=0.5)
    Round.objects.filter(pk=pressed.pk).update(deadline=at(13))
    rows = list(Round.objects.filter(pk__in=[steady.pk, pressed.pk, silent.pk]))
    found = outlooks(rows, NOW)
    for round_ in rows:
        whole = Progress(round_, NOW)
        assert found[round_.pk].misses_by == whole.misses_by
        assert dict(found[round_.pk].late) == {line.assessor: line.late for line in whole.late}
    assert found[pressed.pk].misses_by > 0 and [sheets for _who, sheets in found[pressed.pk].late] == [4, 3]
    assert found[silent.pk].misses_by is None


def test_outlooks_cost_the_same_for_one_round_and_for_many():
    def queries(rounds):
        with CaptureQueriesContext(connection) as asked:
            outlooks(rounds, NOW)
        return len(asked)

    rounds_ = [a_round(deadline=10) for _ in range(4)]
    for round_ in rounds_:
        judge(round_, factories.assessor(), owed=2)
    Round.objects.update(deadline=at(5))
    assert queries(list(Round.objects.all()[:1])) == queries(list(Round.objects.all()))


@pytest.mark.parametrize(
    ("minutes", "owed", "words"),
    [(None, 3, ""), (12.0, 0, ""), (12.0, 3, "about 35 minutes"), (0.5, 1, "about 5 minutes"), (31.0, 4, "about 2 hours")],
)
def test_what_is_left_is_told_in_round_words(minutes, owed, words):
    assert MyPace(minutes, owed).words.startswith(words) and bool(MyPace(minutes, owed).words) == bool(words)
