"""The main job in the browser, whole: one product from an empty form to a certificate whose QR code opens its verification.

Every person has a browser of their own, signs in by typing, and meets the real worker. With SHOTS=folder in the
environment the same walk leaves pictures of its steps there.
"""

import os
import re
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import Affiliation, Assessment, Entry, IndicatorSet, Round, Score
from assessments.services import runs
from assessments.starter import load_frameworks
from products.models import Product, QualityMark
from products.starter import load_kinds
from secretariat.models import Agency, Ballot, Council, Meeting, Recusal, Resolution, Seat, User, Vote
from secretariat.persian import digits_to_persian, to_jalali
from secretariat.starter import load_ground
from secretariat.starter_councils import load_councils
from tests import council as make
from tests import factories, specimens

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "یک جملهٔ بلند برای آزمون"
TITLE = "داستان راستان برای نوجوانان"
ASSESSORS = [("مریم", "کاظمی"), ("حسین", "رستگار"), ("فاطمه", "نیک‌پور")]
SHOTS = os.environ.get("SHOTS", "")


def person(**fields):
    made = factories.user(**fields)
    made.set_password(PASSWORD)
    made.save()
    return made


@pytest.fixture
def world(worker):
    """The starter content and nine people; nobody has done anything yet."""
    load_ground()
    load_councils()
    load_frameworks()
    load_kinds()
    agency = Agency.objects.get(slug="iplf")
    person(username="sazman", first_name="یاسر", last_name="گودرزی", mobile="09123456789")
    factories.granted("representative", User.objects.get(username="sazman"), agency=agency)
    factories.granted("officer", person(username="karshenas", first_name="گلناز", last_name="پورچیان"))
    for n, (first, last) in enumerate(ASSESSORS, 1):
        judge = factories.assessor(
            user=person(username=f"arzyab{n}", first_name=first, last_name=last, name_en=f"Judge {n} Hidden")
        )
        judge.expertise.set(IndicatorSet.objects.filter(code="book"))
    tied = factories.assessor(user=person(username="arzyab4", first_name="علی", last_name="وابسته"))
    Affiliation.objects.create(assessor=tied, agency=agency)
    council = Council.objects.get(kind=Council.Kind.POLICY)
    factories.granted("council_secretary", person(username="dabirshora", first_name="مریم", last_name="ثابت"), council=council)
    for role, last in ((Seat.Role.CHAIR, "دانش‌پژوه"), (Seat.Role.MEMBER, "حکیمی"), (Seat.Role.MEMBER, "نیک‌اندیش")):
        make.seat(council, factories.user(first_name="پریسا", last_name=last), role)
    recused = factories.granted("representative", agency=agency, first_name="جواد", last_name="سلیمی")
    make.seat(council, recused)
    return agency


class Walk:
    """The browsers of everybody, each opened once."""

    def __init__(self, pages):
        self.pages, self.open = pages, {}

    def as_(self, name, typed=None):
        """The page of a person, signed in by typing the first time."""
        if name not in self.open:
            page = self.open[name] = self.pages()
            page.goto(reverse("sign_in"))
            page.locator("[name=username]").press_sequentially(typed or name)
            page.locator("[name=password]").press_sequentially(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url("**" + reverse("desk"))
        return self.open[name]


@pytest.fixture
def walk(pages):
    return Walk(pages)


def shot(page, name, at=None):
    """A picture of what the window shows, of `at` and what follows it if given."""
    if SHOTS:
        page.wait_for_load_state("networkidle")
        page.evaluate("document.querySelectorAll('.toast-note').forEach((toast) => toast.remove())")
        page.evaluate("scrollTo(0, 0)")
        if at:
            page.locator(at).first.evaluate("(part) => scrollTo(0, part.getBoundingClientRect().top + scrollY - 24)")
        page.screenshot(path=f"{SHOTS}/{name}.png")


def press(page, selector="main form .form-actions .btn-primary"):
    page.locator(selector).first.click()


def saved_by_itself(page):
    expect(page.locator("[data-autosave-status]")).to_contain_text(re.compile("[۰-۹]{2}:[۰-۹]{2}"))


# --- the walk, step by step ----------------------------------------------------------------------


def submit_a_book(page, tmp_path):
    page.get_by_role("link", name="محصول تازه").first.click()
    page.locator("label.kind-card", has_text="کتاب").first.click()
    press(page)
    page.wait_for_url(re.compile("/products/[0-9]+/edit/"))
    for name, typed in {
        "title_fa": TITLE,
        "title_en": "Stories of the Righteous for Teenagers",
        "summary": "بازآفرینی داستان‌های کهن برای نوجوانان، با تصویرهای تازه و پرسش‌هایی برای گفت‌وگو در کلاس.",
        "starts_on": "۱۴۰۳/۰۲/۱۵",
        "q_isbn": "۹۷۸۶۰۰۱۲۳۴۵۶۹",
        "q_publisher": "نشر نمونه",
        "q_pages": "۲۱۶",
        "q_print_run": "۳۰۰۰",
        "creators-0-name": "سارا یوسفی",
        "creators-0-role": "نویسنده",
    }.items():
        page.locator(f"[name={name}]").fill(typed)
    for name, choice in {"audience": "general", "q_origin": "adaptation", "q_form": "print"}.items():
        page.locator(f"[name={name}]").select_option(choice)
    saved_by_itself(page)
    product = Product.objects.get()
    assert product.draft["answers"]["title_fa"] == TITLE  # kept before anybody pressed a button
    book = tmp_path / "بخش نمونه.pdf"
    book.write_bytes(specimens.pdf(text="Sample chapter"))
    page.set_input_files("#id_file", book)
    press(page, "[data-file-form] button.btn-outline-primary")
    expect(page.get_by_role("link", name="بخش نمونه.pdf")).to_be_visible()
    page.reload()
    expect(page.locator("[name=title_fa]")).to_have_value(TITLE)
    expect(page.locator("[name=creators-0-name]")).to_have_value("سارا یوسفی")
    shot(page, "submission")
    press(page, "button[name=action][value=review].btn-primary")
    expect(page.locator(".review-title")).to_have_text(TITLE)
    press(page)
    expect(page.locator(".toast, .note, [data-message]").first).to_be_visible()
    assert Product.objects.get().status == "submitted"
    return product.pk


def return_with_a_reason(page, pk):
    page.goto(reverse("product_queue"))
    page.get_by_role("link", name=TITLE).click()
    for code in ("identity", "kind", "evidence", "rights", "period", "nameless"):
        page.locator(f"[name=check_{code}][value=yes]").check()
    page.locator("[name=check_creators][value=no]").check()
    page.locator("[name=wrong_creators]").check()
    page.locator("[name=why_creators]").fill("تصویرگر کتاب را هم نام ببرید.")
    shot(page, "screening")
    press(page, "button[name=decision][value=return]")
    page.wait_for_url("**" + reverse("product_queue"))
    assert Product.objects.get(pk=pk).status == "returned"


def correct_and_hand_in_again(page, pk):
    page.goto(reverse("product_detail", args=[pk]))
    expect(page.get_by_text("تصویرگر کتاب را هم نام ببرید.").first).to_be_visible()
    page.goto(reverse("product_edit", args=[pk]))
    expect(page.locator("#creators .note-warning")).to_contain_text("تصویرگر")  # beside the field itself
    page.locator("#creators [data-row-add]").click()
    page.locator("[name=creators-1-name]").fill("نگار صبوری")
    page.locator("[name=creators-1-role]").fill("تصویرگر")
    saved_by_itself(page)
    press(page, "button[name=action][value=review].btn-primary")
    press(page)
    expect(page.get_by_role("link", name="نسخهٔ ۲").first).to_be_visible()
    assert list(Product.objects.get(pk=pk).versions.values_list("number", flat=True)) == [2, 1]


def accept(page, pk):
    page.goto(reverse("screening_form", args=[pk]))
    for radio in page.locator("[name^=check_][value=yes]").all():
        radio.check()
    press(page, "button[name=decision][value=accept]")
    page.wait_for_url("**" + reverse("product_queue"))
    assert Product.objects.get(pk=pk).status == "accepted"


def make_a_round(page):
    """A round in preparation, by its form."""
    from datetime import timedelta

    from django.utils import timezone

    page.goto(reverse("round_new"))
    page.locator("[name=title_fa]").fill("دور نخست کتاب")
    page.locator("[name=title_en]").fill("First round of books")
    page.locator("[name=deadline]").fill(digits_to_persian(f"{to_jalali(timezone.localdate() + timedelta(days=20)):%Y/%m/%d}"))
    press(page)
    page.wait_for_url(re.compile("/rounds/[0-9]+/$"))
    return Round.objects.get()


def open_a_round(page):
    round_ = make_a_round(page)
    page.goto(reverse("round_add_products", args=[round_.pk]))
    page.locator("[data-choose]").check()
    page.locator("[name=bulk_action]").select_option("preview")
    press(page, "[data-bulk] button.btn")
    expect(page.get_by_role("row").nth(2)).to_contain_text("٪")  # the sets with their shares
    press(page)
    page.wait_for_url(re.compile("/rounds/[0-9]+/$"))
    page.goto(reverse("round_move", args=[round_.pk, "open"]))
    press(page)
    page.wait_for_url(re.compile("/rounds/[0-9]+/$"))
    assert Round.objects.get().status == "open"
    return round_.pk


def ask_three(page):
    entry = Entry.objects.get()
    page.goto(reverse("round_assign", args=[entry.pk]))
    barred = page.get_by_role("row", name="علی وابسته")
    expect(barred.locator("input")).to_have_count(0)  # tied to the agency: shown with the reason, never to be chosen
    expect(barred.locator("td")).not_to_be_empty()
    for first, last in ASSESSORS:
        page.get_by_label(f"{first} {last}").check()
    shot(page, "assigning")
    press(page)
    page.wait_for_url("**" + reverse("entry_detail", args=[entry.pk]))
    assert entry.assignments.filter(status="offered").count() == 3
    return entry.pk


def take_on(page):
    page.goto(reverse("my_assessments"))
    page.locator("main a.btn-primary").first.click()
    page.locator("[name=declaration][value=none]").check()
    press(page, "button[name=decision][value=accept]")
    page.wait_for_url(re.compile("/assessments/[0-9]+/$"))
    expect(page.get_by_role("link", name=re.compile("pdf")).first).to_be_visible()  # the evidence beside the sheet


def rate_by_keyboard(page):
    """All of it without the mouse: arrows to go, digits to choose."""
    questions = page.locator("[data-q]")
    page.locator("body").press("ArrowDown")
    for n in range(questions.count()):
        question = questions.nth(n)
        assert question.evaluate("(q) => q.contains(document.activeElement)"), f"the arrows did not reach question {n + 1}"
        if question.locator("[type=radio]").count():
            levels = [radio.get_attribute("value") for radio in question.locator("[type=radio]").all()]
            page.keyboard.press("Digit5" if "5" in levels or "100" in levels else "Digit1")
        else:
            page.keyboard.type("۹۰")
        page.keyboard.press("ArrowDown")


def rate_by_hand(page, levels):
    """Click the levels in turn."""
    for n, question in enumerate(page.locator("[data-q]").all()):
        if not question.locator("[type=radio]").count():
            question.locator("[type=text]").fill("۸۵")
            continue
        values = [radio.get_attribute("value") for radio in question.locator("[type=radio]").all()]
        wanted = levels[n % len(levels)]
        value = wanted if wanted in values and "100" not in values else "75" if "75" in values else "1"
        question.locator(".levels label").nth(values.index(value)).click()


def write_and_submit(page, n, *, picture=False):
    page.locator("[name=strengths]").fill(f"زبان روان و تصویرهای سنجیده؛ نظر {digits_to_persian(str(n))}")
    page.locator("[name=improvements]").fill("پرسش‌های پایان هر داستان بیشتر شود.")
    saved_by_itself(page)
    if picture:
        shot(page, "assessment")
    press(page, "button[name=then][value=review]")
    page.wait_for_url(re.compile("/submit/$"))
    press(page, "main form .btn-primary")
    page.wait_for_url(re.compile("/assessments/[0-9]+/read/$"))


def measure(page, round_pk, entry_pk):
    page.goto(reverse("round_measurements", args=[round_pk]))
    for field in page.locator("main [name^=value-]").all():
        if field.evaluate("(field) => field.tagName") == "SELECT":
            field.select_option(index=field.locator("option").count() - 1)
        else:
            field.fill("۸۵")
    for field in page.locator("main [name^=target-]").all():
        field.fill("۱۰۰")
    for field in page.locator("main [name^=note-]").all():
        field.fill("از گزارش فروش ناشر")
    press(page)
    expect(page.locator("main .note-danger")).to_have_count(0)
    assert Entry.objects.get(pk=entry_pk).measurements.exists()


def wait_for_the_score(page, worker, entry_pk):
    """Look at the page until the worker has computed it of everything that was said."""

    def there():
        page.goto(reverse("entry_scores", args=[entry_pk]))
        return page.locator(".why-provenance").count() and not page.locator(".why > .note-info").count()

    worker.wait_for(there, limit=40)
    score = Score.objects.get(current_of=entry_pk)
    expect(page.locator(".why-top")).to_contain_text(digits_to_persian(f"{score.value:.1f}").replace(".", "٫"))
    shot(page, "score")
    return score


def release_the_words(page, round_pk):
    """An officer looks whether the assessors' words tell who wrote them, and lets the harmless ones pass together."""
    page.goto(reverse("round_remarks", args=[round_pk]))
    shot(page, "remarks")
    page.locator(".remarks-all button").click()
    page.locator("dialog[open] button[value=yes]").click()
    expect(page.locator(".remark")).to_have_count(0)


def close_and_publish(page, round_pk):
    for action, state in (("close", "moderation"), ("score", "scored"), ("confirm", "confirmed"), ("publish", "published")):
        page.goto(reverse("round_move", args=[round_pk, action]))
        press(page)
        page.wait_for_url(re.compile("/rounds/[0-9]+/$"))
        assert Round.objects.get().status == state


def call_a_meeting(page):
    """The secretary of the council writes the meeting and the resolution in the administration pages."""
    page.goto(reverse("admin:secretariat_meeting_add"))
    council = Council.objects.get(kind=Council.Kind.POLICY)
    page.locator("[name=council]").select_option(str(council.pk))
    from django.utils import timezone

    page.locator("[name=starts_at_0]").fill(digits_to_persian(f"{to_jalali(timezone.localdate()):%Y/%m/%d}"))
    page.locator("[name=starts_at_1]").fill("۱۰:۳۰")
    page.locator("[name=place]").fill("سالن جلسات دبیرخانه")
    page.locator("[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    page.goto(reverse("admin:secretariat_resolution_add"))
    page.locator("[name=council]").select_option(str(council.pk))
    page.locator("[name=meeting]").select_option(str(Meeting.objects.get().pk))
    page.locator("[name=kind]").select_option(Resolution.Kind.GRANT_MARKS)
    page.locator("[name=title]").fill("اعطای نشان کیفیت به کتاب‌های دور نخست")
    page.locator("[name=text]").fill("شورا بر پایهٔ امتیاز کیفیت و شواهد دور نخست، اعطای نشان را تصویب کرد.")
    page.locator("[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    return Resolution.objects.get().pk


def decide(page, pk):
    page.goto(reverse("mark_propose", args=[pk]))
    expect(page.get_by_role("row", name=TITLE)).to_be_visible()
    press(page)
    page.wait_for_url("**" + reverse("decision_board", args=[pk]))
    page.goto(reverse("resolution_record", args=[pk]))
    recused = page.get_by_role("row", name="جواد سلیمی")
    expect(recused.locator("select")).to_have_value("recused")  # beforehand: he represents the agency
    for row in page.locator("main tbody tr").all():
        row.locator("[type=checkbox]").check()
        if row.locator("select").input_value() != "recused":
            row.locator("select").select_option(Vote.Choice.FOR)
    press(page)
    page.wait_for_url("**" + reverse("decision_board", args=[pk]))
    shot(page, "council")
    page.goto(reverse("ballot_close", args=[Ballot.objects.get().pk]))
    press(page)
    page.wait_for_url("**" + reverse("decision_board", args=[pk]))
    page.goto(reverse("mark_grant", args=[pk]))
    press(page)
    page.wait_for_url("**" + reverse("decision_board", args=[pk]))
    assert list(Vote.objects.values_list("choice", flat=True)) == ["for", "for", "for"]
    assert Recusal.objects.get().source == "computed"
    return QualityMark.objects.get(status="granted", published_at__isnull=False)


def read_the_certificate(page, mark):
    """The PDF as a reader fetches it from the page; gives what its QR code says."""
    page.goto(reverse("mark_verify", args=[mark.serial]))
    link = page.locator("main a[href*='certificate.pdf']").first.get_attribute("href")
    answer = page.context.request.get(page.url.split("/marks/")[0] + link)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    image = pypdfium2.PdfDocument(answer.body())[0].render(scale=2.5).to_pil()
    if SHOTS:
        image.convert("RGB").save(f"{SHOTS}/certificate.png")
    return [code.text for code in zxingcpp.read_barcodes(image)]


def names_nobody(page):
    source = page.content()
    people = User.objects.filter(assessor__isnull=False)
    said = {word for one in people for word in (one.username, one.email, one.get_full_name(), one.last_name, one.name_en) if word}
    return [word for word in said if word in source]


def test_a_book_goes_from_an_empty_form_to_a_verified_mark(world, worker, walk, pages, settings, live_server, tmp_path):
    settings.PUBLIC_URL = live_server.url
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)

    pk = submit_a_book(walk.as_("sazman", "۰۹۱۲۳۴۵۶۷۸۹"), tmp_path)
    return_with_a_reason(walk.as_("karshenas"), pk)
    correct_and_hand_in_again(walk.as_("sazman"), pk)
    accept(walk.as_("karshenas"), pk)

    round_pk = open_a_round(walk.as_("karshenas"))
    entry_pk = ask_three(walk.as_("karshenas"))
    for n in (1, 2, 3):
        page = walk.as_(f"arzyab{n}")
        take_on(page)
        if n == 1:
            rate_by_keyboard(page)
        else:
            rate_by_hand(page, ["5", "4"] if n == 2 else ["4", "5", "5"])
        write_and_submit(page, n, picture=n == 1)
        assert Assessment.objects.filter(submitted_at__isnull=False).count() == n
        # Having submitted, still nobody learns what the others gave or what it comes to.
        assert page.goto(reverse("entry_scores", args=[entry_pk])).status == 404

    measure(walk.as_("karshenas"), round_pk, entry_pk)
    score = wait_for_the_score(walk.as_("karshenas"), worker, entry_pk)
    assert (score.raters, score.low < score.value < score.high) == (3, True)
    # Nothing of the result reaches the agency before publication.
    assert not walk.as_("sazman").goto(reverse("entry_scores", args=[entry_pk])).ok
    release_the_words(walk.as_("karshenas"), round_pk)
    close_and_publish(walk.as_("karshenas"), round_pk)

    secretary = walk.as_("dabirshora")
    mark = decide(secretary, call_a_meeting(secretary))
    verification = live_server.url + reverse("mark_verify", args=[mark.serial])
    assert read_the_certificate(secretary, mark) == [verification]

    visitor = pages()
    visitor.goto(verification)
    expect(visitor.locator(".note-success .note-title")).to_be_visible()
    expect(visitor.locator("main")).to_contain_text(TITLE)
    shot(visitor, "verification")
    visitor.goto(reverse("product_public", args=[pk]))
    expect(visitor.locator(".why-table").first).to_be_visible()
    assert names_nobody(visitor) == []

    agency = walk.as_("sazman")
    agency.goto(reverse("product_detail", args=[pk]))
    expect(agency.locator(".why-top")).to_contain_text(digits_to_persian(f"{score.value:.1f}").replace(".", "٫"))
    for n in (1, 2, 3):
        expect(agency.locator(".why")).to_contain_text(f"نظر {digits_to_persian(str(n))}")
    expect(agency.locator(".why-voice h3")).to_have_count(3)
    assert names_nobody(agency) == []

    if SHOTS:
        more_pictures(pages, pk)
        settings.PUBLIC_URL = "https://neshan.example.ir"
        read_the_certificate(secretary, mark)
    assert mark.score_value == score.value
    assert list(runs.differences()) == []


def more_pictures(pages, pk):
    """The same pages in the dark and on a phone."""
    dark = pages(user=User.objects.get(username="sazman"), theme="dark")
    dark.goto(reverse("product_detail", args=[pk]))
    shot(dark, "result-dark")
    phone = pages(width=390)
    phone.goto(reverse("product_public", args=[pk]))
    shot(phone, "public-phone")
    home = pages()
    home.goto("/")
    shot(home, "home")
