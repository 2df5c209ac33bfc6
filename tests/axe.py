"""What is wrong with a page in the browser: what axe finds, and whether it is wider than its window."""

from axe_playwright_python.base import AXE_SCRIPT

# Only the violations cross to Python: all that axe has to say is many times the page, and takes longer to carry than to find.
RUN_AXE = """([outside, options]) => axe
    .run({exclude: outside.map((part) => [part])}, {resultTypes: ["violations"], ...options})
    .then((said) => said.violations.map((fault) => [fault.id, fault.nodes.map((node) => node.html)]))"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults_of(page, *, outside=(), **options):
    """A line for each fault of the page as it stands; `outside` are parts that axe leaves out, `options` are axe's own."""
    page.wait_for_load_state()  # a click returns when the next page begins, in which nothing stands yet
    assert not page.evaluate("window.isLeaving"), "the page is being left: wait for the one that is to come"
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
        page.add_init_script(AXE_SCRIPT)  # half a megabyte: the browser keeps it for the pages that follow
    found = page.evaluate(RUN_AXE, [list(outside), options])
    return [f"{rule}: {' | '.join(html[:300] for html in nodes[:3])}" for rule, nodes in found] + too_wide(page)


def too_wide(page):
    """A line if the page must be scrolled sideways."""
    wide = page.evaluate(TOO_WIDE)
    return [f"{wide} px too wide for {page.viewport_size['width']}"] if wide > 0 else []


def in_both_looks(page):
    """Show one loaded page wide and light, then narrow and dark, and as it was in the end; gives the width and theme each time."""
    usual, is_dark = page.viewport_size, page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for width, theme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": usual["height"]})
        page.emulate_media(color_scheme=theme)
        yield width, theme
    page.set_viewport_size(usual)
    page.emulate_media(color_scheme="dark" if is_dark else "light")
