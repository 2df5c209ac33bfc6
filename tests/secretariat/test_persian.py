"""Persian text, numbers, identifiers and dates: every vector, and the properties that hold for any input."""

import datetime
import io
import itertools
import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from persiantools import digits as other_digits
from persiantools.jdatetime import JalaliDate

from secretariat import persian
from secretariat.persian import Refused
from secretariat.persian.__main__ import main

VECTORS = yaml.safe_load((Path(__file__).parents[1] / "data/persian_vectors.yaml").read_text(encoding="utf-8"))["vectors"]

LETTERS = "آاأإؤئءبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیةۀيىك"
MARKS = "\u064b\u064e\u0650\u0651\u0652\u0654"
ODDITIES = " \u200c\u00a0\u0640\u200e\u200f\u202b\u202c\ufeff\u00ad\n\r\t.,،؟٬٫-/﷼ﻛﺘﺎﺏﻻﷲ۰۱٢3abİßé"
persian_text = st.text(st.sampled_from(LETTERS + MARKS + ODDITIES)) | st.text()
jalali_days = st.dates(datetime.date(1921, 3, 21), datetime.date(2122, 3, 20))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_vector(vector):
    line = json.dumps({"category": vector["category"], "input": vector["input"]}).encode()
    output, errors = io.BytesIO(), io.StringIO()
    assert main([line], output, errors) == 0, errors.getvalue()
    assert json.loads(output.getvalue()) == vector["expected"]


def code_of(read, *args):
    """The reason for which an input is refused."""
    with pytest.raises(Refused) as caught:
        read(*args)
    return caught.value.code


def in_order(texts):
    """The texts sorted by their keys, from the opposite order."""
    backwards = texts[::-1]
    backwards.sort(key=persian.sort_key)
    return backwards


class TestText:
    @given(persian_text)
    def test_canonical_is_idempotent(self, text):
        once = persian.canonical(text)
        assert persian.canonical(once) == once

    @given(persian_text)
    def test_search_key_ignores_canonical_form(self, text):
        assert persian.search_key(persian.canonical(text)) == persian.search_key(text)

    @given(persian_text)
    def test_search_key_is_idempotent(self, text):
        key = persian.search_key(text)
        assert persian.search_key(key) == key

    @given(st.text(st.sampled_from("ابپکیهو۱۲"), min_size=1), st.data())
    def test_search_key_ignores_what_hands_spell_differently(self, text, data):
        noise = st.sampled_from(["", "", " ", "\u200c", "\u0640", "\u064e", "\u0651", "\u200f", "-", "،", "ء"])
        swap = {"ی": "يىئ", "ک": "ك", "ا": "آأإ", "و": "ؤ", "ه": "ةۀ", "۱": "1١", "۲": "2٢"}
        spelled = "".join(data.draw(st.sampled_from(c + swap.get(c, ""))) + data.draw(noise) for c in text)
        assert persian.search_key(spelled) == persian.search_key(text)

    @pytest.mark.parametrize(
        "text, stored",
        [
            ("خانه\u0640\u0654", "خانۀ"),  # the hamza joins once the tatweel between them is gone
            ("ى\u0654", "ئ"),
            ("ي\u0654", "ئ"),
            ("می\u200c\u200cخواهم", "می\u200cخواهم"),
            ("\u200cمتن\u200c", "متن"),
            ("متن \u200c\u200c  دو", "متن دو"),
            ("یک\u200c\nدو", "یک\nدو"),
            ("یک\n\nدو", "یک\n\nدو"),
            ("متن\u00a0دو\u202fسه", "متن دو سه"),
            ("ﻻ", "لا"),
            ("١٢٣", "١٢٣"),
            ("  متن  ", "متن"),
            ("ﬁ", "ﬁ"),  # Latin ligatures are none of our business
        ],
    )
    def test_canonical(self, text, stored):
        assert persian.canonical(text) == stored

    def test_canonical_is_linear_in_hostile_runs(self):
        assert persian.canonical("ا" + "\u200c" * 300_000 + "ب") == "ا\u200cب"

    @pytest.mark.parametrize("query", ["", " ", "\u200c", "،؛", "ء", "..."])
    def test_empty_query_matches_nothing(self, query):
        assert not persian.search_match(query, "کتاب")

    def test_sort_follows_the_alphabet(self):
        alphabet = list("آاءبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی")
        assert in_order(alphabet) == alphabet
        pairs = ["".join(pair) for pair in itertools.product(alphabet, repeat=2)]
        assert in_order(pairs) == pairs

    def test_sort_puts_kinds_of_signs_in_collation_order(self):
        ordered = ["", "-", "- ب", "--", "٪", "1", "۲", "3", "آب", "ا ب", "اب", "اَب", "یخ", "a", "A", "b", "я"]
        assert in_order(ordered) == ordered

    @given(persian_text, st.text(st.sampled_from(LETTERS), min_size=1))
    def test_sort_key_puts_a_text_before_its_extensions(self, text, more):
        text = persian.canonical(text)
        if "\u0654" not in more and persian.canonical(text + more) == text + more:
            assert persian.sort_key(text) < persian.sort_key(text + more)

    @given(persian_text)
    def test_sort_key_ignores_half_spaces_and_fits_a_column(self, text):
        key = persian.sort_key(text)
        assert "\x00" not in key
        key.encode()
        if "\u200c" in text and " " not in text:
            assert persian.sort_key(text.replace("\u200c", "")) == key or any(c in text for c in MARKS)


class TestNumbers:
    @given(st.integers(-(10**20), 10**20))
    def test_display_is_read_back(self, number):
        assert persian.parse_number(persian.display_fa(number)) == number

    @given(st.decimals(-(10**12), 10**12, places=3))
    def test_fraction_is_read_back_exactly(self, number):
        assert persian.parse_number(persian.display_fa(number)) == number

    @given(st.integers(0, 10**15 - 1))
    def test_words_agree_with_persiantools(self, number):
        assert persian.words_fa(number) == other_digits.to_word(number)

    @pytest.mark.parametrize(
        "typed, number",
        [
            ("۱٬۲۳۴٬۵۶۷٫۵", Decimal("1234567.5")),
            ("‎−۱٬۲۳۴", -1234),
            ("-٣.٢٥", Decimal("-3.25")),
            ("+7", 7),
            ("٪۱۲", 12),
            ("12 %", 12),
            ("1۲٣", 123),
            ("007", 7),
            ("٫۵", Decimal("0.5")),
            ("\u200f۱۲\u200f", 12),
            (5, 5),
            (2.5, Decimal("2.5")),
        ],
    )
    def test_read(self, typed, number):
        assert persian.parse_number(typed) == number

    @pytest.mark.parametrize(
        "typed, code",
        [
            ("", "empty"),
            (" \u200f", "empty"),
            ("۳/۵", "solidus"),
            ("۱۲،۳۴", "not_a_number"),
            ("1,23,456", "not_a_number"),
            ("1,234٬567", "not_a_number"),
            ("1.2.3", "not_a_number"),
            ("1e5", "not_a_number"),
            ("nan", "not_a_number"),
            ("Infinity", "not_a_number"),
            ("--7", "not_a_number"),
            ("12٪٪", "not_a_number"),
            ("دوازده", "not_a_number"),
            (True, "not_a_number"),
            (None, "not_a_number"),
            (float("nan"), "not_a_number"),
            ("9" * 5000, "number_too_long"),
        ],
    )
    def test_refused(self, typed, code):
        assert code_of(persian.parse_number, typed) == code

    @pytest.mark.parametrize(
        "number, shown",
        [(-7, "‎−۷"), (-0.0, "۰"), (1e21, "۱٬۰۰۰٬۰۰۰٬۰۰۰٬۰۰۰٬۰۰۰٬۰۰۰٬۰۰۰"), (0.1234, "۰٫۱۲۳"), (Decimal("2.500"), "۲٫۵")],
    )
    def test_display(self, number, shown):
        assert persian.display_fa(number) == shown

    def test_display_with_fixed_places_rounds_half_up(self):
        assert persian.display_fa(Decimal("2.25"), 1) == "۲٫۳"
        assert persian.display_fa(2, 2) == "۲٫۰۰"
        assert persian.percent_fa(12) == "۱۲٪"

    @pytest.mark.parametrize(
        "number, words",
        [(0, "صفر"), (110, "یکصد و ده"), (-21, "منفی بیست و یک"), (3.5, "سه و پنج دهم"), (Decimal("0.25"), "بیست و پنج صدم")],
    )
    def test_words(self, number, words):
        assert persian.words_fa(number) == words

    def test_words_of_a_number_past_all_names_are_refused(self):
        assert code_of(persian.words_fa, 10**21) == "number_too_long"

    def test_money(self):
        assert persian.rial_to_toman(15) == Decimal("1.5")
        assert persian.toman_to_rial(Decimal("1.5")) == 15
        assert code_of(persian.toman_to_rial, Decimal("0.01")) == "part_of_a_rial"


class TestIdentifiers:
    @pytest.mark.parametrize("typed", ["۰۰۸۴۵۷۵۹۴۸", "008-457594-8", " 0084 575 948 ", "\u200e0084575948", "٠٠٨٤٥٧٥٩٤٨"])
    def test_national_code_is_stored_as_ten_ascii_digits(self, typed):
        assert persian.national_code(typed) == "0084575948"

    @pytest.mark.parametrize(
        "typed, code",
        [
            ("84575948", "too_short"),
            ("00845759480", "too_long"),
            ("008457594a", "not_digits"),
            ("1111111111", "repeated_digit"),
            ("0499370889", "wrong_check_digit"),
            ("", "empty"),
            ("---", "empty"),
            (None, "empty"),
            (True, "not_text"),
            (["0084575948"], "not_text"),
        ],
    )
    def test_national_code_refused(self, typed, code):
        assert code_of(persian.national_code, typed) == code

    @pytest.mark.parametrize("cell", [84575948, 84575948.0, "84575948", "0084575948"])
    def test_national_code_of_a_sheet_cell(self, cell):
        assert persian.national_code_from_sheet(cell) == "0084575948"

    def test_national_code_of_a_sheet_is_padded_by_two_at_most(self):
        assert code_of(persian.national_code_from_sheet, "4575948") == "too_short"
        assert code_of(persian.national_code_from_sheet, "84575949") == "wrong_check_digit"

    @given(st.integers(0, 10**9 - 1))
    def test_national_code_has_one_check_digit_for_each_body(self, body):
        codes = [f"{body:09d}{check}" for check in range(10)]
        valid = [code for code in codes if len(set(code)) > 1 and not _refuses(persian.national_code, code)]
        assert len(valid) == (0 if len(set(f"{body:09d}")) == 1 and valid == [] else 1)

    @pytest.mark.parametrize("typed", ["101001719200", "1010017192", "10100171921", "۱۰۱۰۰۱۷۱۹۲x"])
    def test_legal_id_refused(self, typed):
        code_of(persian.legal_id, typed)

    @pytest.mark.parametrize(
        "typed",
        ["00989120000000", "9120000000", "+98 (912) 000-0000", "+98 0912 000 0000", "۰۹۱۲\u200c۰۰۰\u200c۰۰۰۰", "0912–000–0000"],
    )
    def test_mobile(self, typed):
        assert persian.mobile(typed) == "+989120000000"
        assert persian.mobile_national(persian.mobile(typed)) == "09120000000"

    @pytest.mark.parametrize("typed", ["02166976601", "+14155550100", "0912000000", "0812000000", "+0912000000", "98912000000"])
    def test_mobile_refused(self, typed):
        assert code_of(persian.mobile, typed) == "not_a_mobile"

    def test_iban(self):
        assert persian.iban("ir۸۲-0540-1026-8002-0817-9090-02") == "IR820540102680020817909002"
        assert persian.iban_display("IR820540102680020817909002") == "IR82 0540 1026 8002 0817 9090 02"
        assert code_of(persian.iban, "820540102680020817909002") == "iban_without_country"
        assert code_of(persian.iban, "GB82WEST12345698765432") == "not_an_iban"

    def test_postal_code_says_what_it_doubts(self):
        assert persian.postal_code("15918 14313") == ("1591814313", None)
        assert persian.postal_code("1250000000") == ("1250000000", "unusual_postal_code")
        assert persian.postal_code("3333333333") == ("3333333333", "repeated_digit")

    @given(st.integers(1300, 1499), st.integers(0, 10**6 - 1))
    def test_tracking_code_detects_every_slip(self, year, number):
        code = persian.new_tracking_code(year, lambda _limit: number)
        assert persian.tracking_code(persian.tracking_code_display(code)) == code
        for place, digit in itertools.product(range(9), "0123456789"):
            if code[place] != digit:
                assert code_of(persian.tracking_code, code[:place] + digit + code[place + 1 :]) == "wrong_check_digit"
        for place in range(8):
            if code[place] != code[place + 1]:
                swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
                assert code_of(persian.tracking_code, swapped) == "wrong_check_digit"

    def test_tracking_code_carries_the_year_and_is_random(self):
        codes = {persian.new_tracking_code(1404) for _ in range(50)}
        assert len(codes) > 40
        assert {code[:2] for code in codes} == {"04"}


def _refuses(check, value):
    try:
        check(value)
    except Refused:
        return True
    return False


class TestDates:
    def test_every_day_of_two_centuries_agrees_with_persiantools(self):
        day = datetime.date(1921, 3, 21)
        while day <= datetime.date(2122, 3, 20):
            ours, other = persian.to_jalali(day), JalaliDate(day)
            assert (ours.year, ours.month, ours.day) == (other.year, other.month, other.day)
            assert persian.to_gregorian(ours.year, ours.month, ours.day) == day
            assert persian.weekday_index(day) == other.weekday()
            day += datetime.timedelta(days=1)

    @given(jalali_days, st.booleans())
    def test_what_is_written_is_read_back(self, day, arabic):
        for written in (persian.short(day), persian.short_fa(day), persian.long_fa(day, weekday=True), persian.long_en(day, True)):
            typed = written.replace("ی", "ي").replace("ک", "ك") if arabic else written
            reading = persian.parse_jalali(typed)
            assert reading.gregorian == day
            assert not reading.weekday_contradicts

    @pytest.mark.parametrize(
        "typed, time",
        [
            ("1404/11/05 14:53", "14:53"),
            ("14:53 1404/11/05", "14:53"),
            ("1404-11-05T14:53:20", "14:53"),
            ("ساعت ۹:۰۵ يكشنبه ۵ بهمن ماه سال ۱۴۰۴", "09:05"),
            ("یک\u200cشنبه، ۵ بهمن\u200cماه ۱۴۰۴", None),
            ("یک شنبه ۱۴۰۴/۱۱/۵", None),
            ("مورخ ۵/۱۱/۱۴۰۴", None),
            ("۱۴۰۴ بهمن ۵, یکشنبه", None),
            ("5-بهمن-1404", None),
            ("\u202b۱۴۰۴/۱۱/۰۵\u202c", None),
            ("1404 / 11 / 05", None),
            ("۵ام بهمن ۱۴۰۴", None),
            ("5 bahman 1404", None),
        ],
    )
    def test_read(self, typed, time):
        reading = persian.parse_jalali(typed)
        assert reading.gregorian == datetime.date(2026, 1, 25)
        assert (reading.time and f"{reading.time:%H:%M}") == time

    @pytest.mark.parametrize(
        "typed, code",
        [
            ("04/11/05", "two_digit_year"),
            ("5/11/04", "two_digit_year"),
            ("۵ بهمن ۰۴", "two_digit_year"),
            ("041105", "two_digit_year"),
            ("2026/01/25", "gregorian_year"),
            ("25/01/2026", "gregorian_year"),
            ("20260125", "gregorian_year"),
            ("1404/12/30", "no_such_day"),
            ("1404/07/31", "no_such_day"),
            ("1404/01/00", "no_such_day"),
            ("1404/13/01", "no_such_month"),
            ("0500/01/01", "year_out_of_range"),
            ("1404/11", "day_missing"),
            ("بهمن ۱۴۰۴", "day_missing"),
            ("۵ بهمن", "year_missing"),
            ("۵/۱۱", "year_missing"),
            ("1404/11/05 25:00", "no_such_time"),
            ("1404/11/05 12:60", "no_such_time"),
            ("فردا", "unreadable_date"),
            ("404/11/05", "unreadable_date"),
            ("1404/011/05", "unreadable_date"),
            ("1404/11/05/06", "unreadable_date"),
            ("1404/1a/05", "unreadable_date"),
            ("۵ بهمن ۱۴۰۴ ۱۴۰۵", "unreadable_date"),
            ("1" * 200, "unreadable_date"),
            ("", "empty"),
            (" \u200c ", "empty"),
            (14041105, "not_text"),
            (None, "not_text"),
        ],
    )
    def test_refused(self, typed, code):
        assert code_of(persian.parse_jalali, typed) == code

    def test_gregorian_date_is_answered_with_its_jalali_form(self):
        with pytest.raises(Refused) as caught:
            persian.parse_jalali("2026/01/25")
        assert caught.value.params == {"suggestion": "1404/11/05"}

    def test_contradicting_weekday_is_noticed(self):
        assert persian.parse_jalali("دوشنبه ۵ بهمن ۱۴۰۴").weekday_contradicts
        assert not persian.parse_jalali("یکشنبه ۵ بهمن ۱۴۰۴").weekday_contradicts

    @given(st.text(st.sampled_from("۰۱۲۴٩0149/-.: \u200cبهمندیشقجعه،T")))
    def test_any_typing_is_read_or_refused(self, typed):
        if not _refuses(persian.parse_jalali, typed):
            reading = persian.parse_jalali(typed)
            assert persian.day_exists(persian.short(reading.jalali))
