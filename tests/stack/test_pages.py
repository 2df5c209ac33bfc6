"""The browser fixture itself: it opens pages and misses no complaint."""

import pytest

pytestmark = pytest.mark.browser


def test_pages_open_as_asked(pages):
    page = pages(language="en", theme="dark", width=390)
    page.goto("/healthz")
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.viewport_size["width"] == 390
    assert {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}["language"] == "en"


def test_a_failing_script_is_noticed(pages):
    page = pages()
    page.goto("/healthz")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('broken on purpose') })")
    assert any("broken on purpose" in problem for problem in pages.problems)
    pages.problems.clear()


def test_a_breach_of_the_content_policy_is_noticed(pages):
    page = pages()
    page.goto("/healthz")
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        # Some builds look at a handler only when it is called.
        page.evaluate("document.body.setAttribute('onclick', 'alert(1)'); document.body.click()")
    assert any("Content Security Policy" in problem for problem in pages.problems)
    pages.problems.clear()
