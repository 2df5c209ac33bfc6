"""The command line: JSON lines {"category": …, "input": …} in, one JSON line with the answer out for each."""

import io
import json
import os
import sys
from decimal import Decimal

from . import dates, identifiers, numbers, text
from .refusal import Refused


class BadLine(ValueError):
    """A line that is not a question: not JSON, an unknown category, an input of the wrong kind."""


def _verdict(check):
    def answer(value):
        try:
            check(value)
        except Refused:
            return "invalid"
        return "valid"

    return answer


def _or_reject(read):
    def answer(value):
        try:
            return read(value)
        except Refused:
            return "reject"

    return answer


def _of_text(read):
    def answer(value):
        if not isinstance(value, str):
            raise BadLine("the input must be a text")
        return read(value)

    return answer


def _of_number(read):
    def answer(value):
        try:
            return read(value)
        except Refused:
            raise BadLine("the input must be a number") from None

    return answer


def _postal_code(value):
    try:
        code, doubt = identifiers.postal_code(value)
    except Refused:
        return {"level": "reject", "value": None}
    return {"level": "warn" if doubt else "ok", "value": code}


def _jalali_gregorian(value):
    return dates.parse_jalali(value).gregorian.isoformat()


def _jalali_parse(value):
    reading = dates.parse_jalali(value)
    return {
        "jalali": dates.iso(reading.jalali),
        "gregorian": reading.gregorian.isoformat(),
        "time": reading.time and reading.time.strftime("%H:%M"),
    }


def _jalali_day(value):
    return "exists" if dates.day_exists(value) else "missing"


def _search_match(value):
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("query", "text")):
        raise BadLine('the input must be {"query": text, "text": text}')
    return text.search_match(value["query"], value["text"])


def _sort_fa(value):
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadLine("the input must be a list of texts")
    return sorted(value, key=text.sort_key)


ANSWERS = {
    "digits_to_ascii": _of_text(text.digits_to_ascii),
    "number_input": _or_reject(numbers.parse_number),
    "number_display_fa": _of_number(numbers.display_fa),
    "number_words_fa": _of_number(numbers.words_fa),
    "rial_to_toman": _of_number(numbers.rial_to_toman),
    "text_canonical": _of_text(text.canonical),
    "search_match": _search_match,
    "sort_fa": _sort_fa,
    "national_code": _verdict(identifiers.national_code),
    "national_code_import": _or_reject(identifiers.national_code_from_sheet),
    "legal_id": _verdict(identifiers.legal_id),
    "mobile": _or_reject(identifiers.mobile),
    "postal_code": _postal_code,
    "iban": _or_reject(identifiers.iban),
    "tracking_code": _verdict(identifiers.tracking_code),
    "jalali_gregorian": _or_reject(_jalali_gregorian),
    "jalali_day": _jalali_day,
    "jalali_parse": _or_reject(_jalali_parse),
}


def answer(line):
    """Answer one line; a BadLine says what is wrong with it."""
    try:
        question = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadLine("not a line of JSON in UTF-8") from None
    if not isinstance(question, dict) or "category" not in question or "input" not in question:
        raise BadLine('expected {"category": …, "input": …}')
    category = question["category"]
    if not isinstance(category, str) or category not in ANSWERS:
        raise BadLine(f"unknown category {json.dumps(category)[:60]}; known: {', '.join(ANSWERS)}")
    return ANSWERS[category](question["input"])


def _json(value):
    written = json.dumps(value, ensure_ascii=False, default=_decimal)
    try:
        return written.encode()
    except UnicodeEncodeError:  # half of a surrogate pair came in as an escape: it goes out as one
        return json.dumps(value, default=_decimal).encode()


def _decimal(value):
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    raise TypeError(type(value).__name__)


def main(lines, output, errors):
    """Answer every line in its place; return 2 when one of them was bad, 0 otherwise."""
    status = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            written = _json(answer(line))
        except BadLine as bad:
            status = 2
            print(f"line {number}: {bad}", file=errors, flush=True)
            written = _json({"error": str(bad)})
        output.write(written + b"\n")
        output.flush()
    return status


if __name__ == "__main__":
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.exit(main(sys.stdin.buffer, sys.stdout.buffer, sys.stderr))
    except BrokenPipeError:
        # The reader went away: leave quietly, and keep the interpreter from writing to the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
