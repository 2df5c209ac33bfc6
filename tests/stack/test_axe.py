"""The eyes of the browser tests see what they are asked to see: a page with faults does not pass."""

import pytest

from tests.axe import faults_of

pytestmark = pytest.mark.browser

FAULTY = """<html lang="fa"><title>صفحه</title><main><h1>صفحه</h1>
<img src="data:,"> <p style="color: #ccc; background: #fff; width: 3000px">کم‌رنگ</p> <aside id="left-out"><button></button></aside></main>"""


def test_faults_are_found_and_parts_and_rules_can_be_left_out(browser):
    page = browser.new_page()
    page.set_content(FAULTY)
    found = {fault.split(":")[0] for fault in faults_of(page)}
    assert {"image-alt", "color-contrast", "button-name"} < found and any("too wide" in fault for fault in found)
    rest = {fault.split(":")[0] for fault in faults_of(page, outside=["#left-out"], rules={"color-contrast": {"enabled": False}})}
    assert found - rest == {"color-contrast", "button-name"}
    assert {fault.split(":")[0] for fault in faults_of(page, runOnly=["color-contrast"]) if "wide" not in fault} == {
        "color-contrast"
    }
    page.close()
