"""Browser fixtures: real pages in Chromium, with everything the browser complains about collected.

    def test_home(pages):
        page = pages(language="en", theme="dark", width=390)
        page.goto("/")

A test fails when a page broke the content policy, a script failed or a part of the page was missing.

SLOW=0.5 in the environment makes every answer late by that many seconds, and each page come in two parts: then a test
that does not wait for what it has caused fails at once, instead of in one run of a thousand.
"""

import os
import time
from urllib.parse import urlsplit

import pytest
from django.core.handlers.wsgi import WSGIHandler

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
HEIGHT = 900
PATIENCE = 30_000  # milliseconds; a page that is right comes long before, on a slow machine too
SLOW = float(os.environ.get("SLOW", 0))  # seconds
# A page that is being left is still there for a moment, and answers for the one that is to come.
TELL_LEAVING = "addEventListener('beforeunload', () => { window.isLeaving = true })"


@pytest.fixture(scope="session")
def browser():
    """Start one Chromium for the run. No browser is a failure, never a skip."""
    from playwright.sync_api import expect, sync_playwright

    path = os.environ.get("CHROME_PATH")
    if not path:
        pytest.fail("no browser: run the tests with script/test, or name a Chromium in CHROME_PATH", pytrace=False)
    env = dict(os.environ)
    if os.environ.get("CHROME_LIBRARIES"):
        env.update(LD_LIBRARY_PATH=os.environ["CHROME_LIBRARIES"], FONTCONFIG_FILE=os.environ["CHROME_FONTS"])
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS, env=env)
        # Playwright leaves a running event loop in this thread, in which Django would refuse the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def until(page, expression, limit=30):
    """Wait until an expression holds; the page's own policy forbids Playwright's way of waiting."""
    end = time.monotonic() + limit
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.05)


class Pages:
    """Opens pages as a given person, language, theme and width."""

    def __init__(self, browser, live_server, settings):
        self.browser, self.base_url, self.settings = browser, live_server.url, settings
        self.contexts = []
        self.problems = []  # a test that provokes one takes it out of here

    def __call__(self, *, user=None, client=None, language="fa", theme="light", width=1280, scripts=True):
        context = self.browser.new_context(
            base_url=self.base_url,
            viewport={"width": width, "height": HEIGHT},
            color_scheme=theme,
            java_script_enabled=scripts,
            locale="fa-IR" if language == "fa" else "en-GB",
            timezone_id="Asia/Tehran",
            reduced_motion="reduce",
        )
        self.contexts.append(context)
        cookies = {self.settings.LANGUAGE_COOKIE_NAME: language}
        if user is not None and client is None:
            from django.test import Client

            client = Client()
            client.force_login(user)
        if client is not None:
            cookies[self.settings.SESSION_COOKIE_NAME] = client.cookies[self.settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": name, "value": value, "url": self.base_url} for name, value in cookies.items()])
        context.add_init_script(TELL_LEAVING)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        self._listen(page)
        return page

    def _listen(self, page):
        def on_console(message):
            # A refused form answers 4xx by design; missing parts of a page are caught by on_response.
            if message.type == "error" and not message.text.startswith("Failed to load resource"):
                self.problems.append(f"{page.url}: {message.text}")

        def on_response(response):
            if response.status >= 400 and response.request.resource_type in ("stylesheet", "script", "font", "image"):
                self.problems.append(f"{page.url}: {response.status} for {urlsplit(response.url).path}")

        page.on("console", on_console)
        page.on("response", on_response)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))

    def close(self):
        for context in self.contexts:
            context.close()


def _late(answer):
    """Every answer comes late, and most of a page later than its beginning: the browser has it before anything stands in it."""

    def in_two(page):
        whole = b"".join(page)
        page.close()
        yield whole[:15]
        time.sleep(SLOW)
        yield whole[15:]

    def later(*asked):
        time.sleep(SLOW)
        response = answer(*asked)
        return in_two(response) if getattr(response, "headers", {}).get("Content-Type", "").startswith("text/html") else response

    return later


@pytest.fixture
def pages(browser, live_server, settings, monkeypatch):
    """Open pages; at the end nothing may be left that the browser complained about."""
    if SLOW:
        monkeypatch.setattr(WSGIHandler, "__call__", _late(WSGIHandler.__call__))
    factory = Pages(browser, live_server, settings)
    yield factory
    factory.close()
    assert factory.problems == []
