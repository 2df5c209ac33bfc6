"""Browser fixtures: real pages in Chromium, with everything the browser complains about collected.

    def test_home(pages):
        page = pages(language="en", theme="dark", width=390)
        page.goto("/")

A test fails when a page broke the content policy, a script failed or a part of the page was missing.
"""

import os
from urllib.parse import urlsplit

import pytest

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


@pytest.fixture(scope="session")
def browser():
    """Start one Chromium for the run. No browser is a failure, never a skip."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROME_PATH")
    if not path:
        pytest.fail("no browser: run the tests with script/test, or name a Chromium in CHROME_PATH", pytrace=False)
    env = dict(os.environ)
    if os.environ.get("CHROME_LIBRARIES"):
        env.update(LD_LIBRARY_PATH=os.environ["CHROME_LIBRARIES"], FONTCONFIG_FILE=os.environ["CHROME_FONTS"])
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS, env=env)
        # Playwright leaves a running event loop in this thread, in which Django would refuse the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


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
        page = context.new_page()
        page.set_default_timeout(15_000)
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


@pytest.fixture
def pages(browser, live_server, settings):
    """Open pages; at the end nothing may be left that the browser complained about."""
    factory = Pages(browser, live_server, settings)
    yield factory
    factory.close()
    assert factory.problems == []
