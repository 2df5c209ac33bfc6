"""The board of actions in a real browser: by mouse, by keyboard, without scripts, and with two people at once."""

import os
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from secretariat.calendar import today
from secretariat.models import ActionItem
from secretariat.services import actions, agreements
from tests import council as make
from tests import doing, factories
from tests.axe import faults_of, in_both_looks

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")
TITLES = (
    "تدوین شیوه‌نامهٔ ارزیابی کتاب‌های کودک و ارسال آن برای همهٔ دستگاه‌های عضو",
    "برگزاری نشست هم‌اندیشی با ناشران",
    "گزارش عملکرد سه‌ماههٔ کارگروه",
    "راه‌اندازی بانک استادان",
    "بازبینی شاخص‌های پویانمایی",
    "دعوت از داوران استانی",
)


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def looked_at(page, name):
    """Nothing is wider than the window and axe finds nothing: wide and light, narrow and dark."""
    expect(page.locator("h1")).to_be_visible()
    for width, theme in in_both_looks(page):
        assert faults_of(page) == [], (page.url, width, theme)
        shot(page, f"{name}-{width}-{theme}")


@pytest.fixture
def story():
    """A council with actions in every column, all of one owner, and its secretary."""
    council = make.council(name_fa="کمیسیون کتاب و نشر")
    keeper = make.seat(council, factories.user(first_name="مریم", last_name="دبیرزاده"), role="secretary").user
    owner = factories.user(first_name="رضا", last_name="کارگشا")
    for n, title in enumerate(TITLES):
        doing.action(council, owner, title=title, axis="کتاب" if n % 2 else "", due_on=today() + timedelta(days=3 * n - 4))
    items = list(ActionItem.objects.order_by("pk"))
    actions.move(items[1].pk, "begin", by=owner)
    actions.move(items[2].pk, "report", by=owner, why="گزارش نوشته و فرستاده شد.")
    actions.move(items[3].pk, "report", by=owner, why="بانک با ۱۲۰ نام راه افتاد.")
    actions.move(items[3].pk, "confirm", by=keeper)
    actions.note(items[1].pk, by=owner, text="فهرست مهمانان آماده است و سالن رزرو شد.", percent=40)
    actions.postpone(items[4].pk, by=keeper, why="منتظر نظر کمیتهٔ علمی", due_days=30)
    return council, keeper, owner, items


def card(page, item):
    return page.locator(f'[data-card^="{item.pk}."]')


def column(page, status):
    return page.locator(f'[data-column="{status}"]')


def status(item):
    return ActionItem.objects.get(pk=item.pk).status


def test_a_card_is_dragged_refused_and_reported(pages, story):
    _council, keeper, owner, items = story
    page = pages(user=owner)
    page.goto(reverse("action_board"))
    looked_at(page, "board")
    card(page, items[0]).drag_to(column(page, "doing"))
    expect(column(page, "doing").locator(f'[data-card="{items[0].pk}.2"]')).to_be_visible()
    expect(page.locator("[data-board-says]")).to_contain_text("در دست انجام")
    assert status(items[0]) == "doing"
    # Straight to "confirmed" no step leads: the card goes back, and the sentence says why.
    card(page, items[0]).drag_to(column(page, "confirmed"))
    expect(page.locator("[data-board-says]")).to_contain_text("نمی‌توان یکباره")
    expect(column(page, "doing").locator(f'[data-card="{items[0].pk}.2"]')).to_be_visible()
    # "Done" asks what was done; without an answer the card stays.
    card(page, items[0]).drag_to(column(page, "done"))
    dialog = page.locator("[data-why-dialog]")
    expect(dialog).to_be_visible()
    shot(page, "board-why")
    dialog.get_by_role("button", name="بازگشت").click()
    expect(column(page, "doing").locator(f'[data-card^="{items[0].pk}."]')).to_be_visible()
    card(page, items[0]).drag_to(column(page, "done"))
    dialog.locator("textarea").fill("شیوه‌نامه تدوین و فرستاده شد.")
    dialog.get_by_role("button", name="انتقال").click()
    expect(column(page, "done").locator(f'[data-card="{items[0].pk}.3"]')).to_be_visible()
    assert status(items[0]) == "done"
    # Somebody else was quicker: it is told, and the card stands where it is now.
    actions.move(items[0].pk, "give_back", by=keeper, why="امضا ندارد")
    staff = pages(user=keeper)
    staff.goto(reverse("action_board"))
    actions.move(items[2].pk, "confirm", by=keeper)
    card(staff, items[2]).drag_to(column(staff, "doing"))
    expect(staff.locator("[data-board-says]")).to_contain_text("در این میان")
    expect(column(staff, "confirmed").locator(f'[data-card^="{items[2].pk}."]')).to_be_visible()


def test_by_keyboard_alone(pages, story):
    _council, _keeper, owner, items = story
    page = pages(user=owner)
    page.goto(reverse("action_board"))
    card(page, items[0]).locator("> a").focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, items[5]).locator("> a")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(card(page, items[1]).locator("> a")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(card(page, items[0]).locator("> a")).to_be_focused()
    page.keyboard.press("Shift+ArrowLeft")
    expect(column(page, "doing").locator(f'[data-card="{items[0].pk}.2"] > a')).to_be_focused()
    assert status(items[0]) == "doing"
    expect(page.locator("#column-doing [data-count]")).to_have_text("۲")
    # The same by the menu of the card.
    card(page, items[0]).locator("summary").press("Enter")
    shot(page, "board-menu")
    card(page, items[0]).get_by_role("button", name="در نوبت").press("Enter")
    expect(column(page, "todo").locator(f'[data-card="{items[0].pk}.3"]')).to_be_visible()


def test_a_lost_connection_leaves_the_card_where_it_was(pages, story):
    _council, _keeper, owner, items = story
    page = pages(user=owner)
    page.goto(reverse("action_board"))
    page.context.set_offline(True)
    card(page, items[0]).drag_to(column(page, "doing"))
    expect(page.locator("[data-board-says]")).to_contain_text("ارتباط برقرار نشد")
    expect(column(page, "todo").locator(f'[data-card="{items[0].pk}.1"]')).to_be_visible()
    assert status(items[0]) == "todo"


def test_without_scripts(pages, story):
    _council, _keeper, owner, items = story
    page = pages(user=owner, scripts=False)
    page.goto(reverse("action_board") + "?mine=on")
    card(page, items[0]).locator("summary").click()
    card(page, items[0]).get_by_role("button", name="در دست انجام").click()
    expect(column(page, "doing").locator(f'[data-card="{items[0].pk}.2"]')).to_be_visible()
    assert page.url.endswith("?mine=on")
    card(page, items[0]).locator("summary").click()
    card(page, items[0]).get_by_role("button", name="انجام‌شده").click()
    page.get_by_label("آنچه انجام شد").fill("انجام شد")
    page.get_by_role("button", name="گزارش انجام").click()
    assert status(items[0]) == "done"


def test_the_pages_of_one_action(pages, story):
    council, keeper, owner, items = story
    page = pages(user=owner)
    page.goto(reverse("action_detail", args=[items[1].pk]))
    page.get_by_label("تا کجا پیش رفته").fill("دعوت‌نامه‌ها فرستاده شد")
    expect(page.locator("[data-autosave-status]")).to_contain_text("ذخیره شد")
    page.reload()
    expect(page.get_by_label("تا کجا پیش رفته")).to_have_value("دعوت‌نامه‌ها فرستاده شد")
    page.get_by_role("button", name="ثبت یادداشت").click()
    expect(page.locator(".action-notes")).to_contain_text("دعوت‌نامه‌ها فرستاده شد")
    looked_at(page, "detail")
    staff = pages(user=keeper)
    for name, *args in (
        ("action_list",), ("action_new",), ("action_move", items[4].pk, "postpone"), ("action_move", items[4].pk, "reassign"),
        ("action_edit", items[4].pk), ("action_detail", items[4].pk), ("action_report", council.pk), ("desk",),
    ):  # fmt: skip
        staff.goto(reverse(name, args=args))
        shot_name = "-".join([name, *(str(one) for one in args if isinstance(one, str))])
        looked_at(staff, shot_name)


def test_the_pages_of_an_agreement(pages, story):
    council, _keeper, _owner, _items = story
    agency = factories.agency(name_fa="سازمان فرهنگی شهر")
    representative, officer = factories.representative(agency), factories.officer()
    agreement = doing.agreement(agency, council=council, title_fa="همکاری در ارتقای کیفیت کتاب‌های کودک و نوجوان", text="مادهٔ ۱. دو طرف …\n\nمادهٔ ۲. …")
    item = doing.action(agreement=agreement, owner=representative, title="چاپ ده عنوان کتاب برگزیده", due_on=today() - timedelta(days=3))
    actions.note(item.pk, by=representative, text="پنج عنوان چاپ شده است.", percent=50)
    doing.action(agreement=agreement, side="secretariat", owner=officer, title="معرفی ارزیاب برای هر عنوان")
    review = agreements.review(agreement.pk, by=officer)
    draft = doing.agreement(agency, council=council, status="draft", title_fa="تفاهم‌نامهٔ پیش‌نویس")
    page = pages(user=officer)
    for name, *args in (
        ("agreement_list",), ("agreement_detail", agreement.pk), ("agreement_edit", draft.pk), ("commitment_new", agreement.pk),
        ("agreement_review", review.pk), ("agreement_move", agreement.pk, "end"),
    ):  # fmt: skip
        page.goto(reverse(name, args=args))
        looked_at(page, name)
    mine = pages(user=representative)
    mine.goto(reverse("agreement_detail", args=[agreement.pk]))
    mine.get_by_role("link", name=item.title).click()
    mine.get_by_role("link", name="گزارش انجام").click()
    mine.get_by_label("آنچه انجام شد").fill("هر ده عنوان چاپ شد.")
    mine.get_by_role("button", name="گزارش انجام").click()
    expect(mine.locator(".state").first).to_contain_text("در انتظار تأیید")
    assert ActionItem.objects.get(pk=item.pk).done_at <= timezone.now()
    agreements.publish(agreement.pk, by=officer, is_public=True)
    visitor = pages()
    visitor.goto(agreement.get_absolute_url())
    expect(visitor.locator(".agreement-text")).to_contain_text("مادهٔ ۱")
    looked_at(visitor, "agreement_public")


def test_the_owner_is_found_by_what_is_typed(pages, story):
    council, keeper, _owner, _items = story
    agency = factories.agency(name_fa="سازمان تبلیغات")
    wanted = factories.granted("representative", factories.user(first_name="علی", last_name="یکتایی"), agency=agency)
    for n in range(12):
        factories.granted("representative", factories.user(last_name=f"نماینده{n}"), agency=factories.agency())
    page = pages(user=keeper)
    page.goto(reverse("action_new") + f"?council={council.pk}")
    search, people = page.locator(".choose-search"), page.locator("[name=owner]")
    assert people.locator("optgroup").count() >= 13
    search.focus()
    page.keyboard.type("تبليغات يكتا")  # Arabic letters
    expect(people.locator("option:not([value=''])")).to_have_count(1)
    expect(page.locator(".choose-search ~ [role=status]")).to_contain_text("۱")
    page.keyboard.press("Enter")
    expect(people).to_have_value(str(wanted.pk))
    search.fill("")
    expect(people).to_have_value(str(wanted.pk))
    assert people.locator("optgroup").first.get_attribute("label") == "کرسی‌های شورا"
    search.fill("کسی که نیست")
    expect(page.locator(".choose-search ~ [role=status]")).not_to_be_empty()
    expect(people).to_have_value(str(wanted.pk))
    search.fill("نماینده")
    search.press("ArrowDown")
    expect(people).to_be_focused()
    shot(page, "owner")
    looked_at(page, "owner-form")
    plain = pages(user=keeper, scripts=False)
    plain.goto(page.url)
    plain.locator("[name=title]").fill("بی‌اسکریپت")
    plain.locator("[name=owner]").select_option(str(wanted.pk))
    plain.locator("[name=due_days]").fill("۳")
    plain.locator("main form .btn-primary").last.click()
    expect(plain.locator("h1")).to_contain_text("بی‌اسکریپت")
    assert ActionItem.objects.get(title="بی‌اسکریپت").owner == wanted
