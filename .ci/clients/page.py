#!/usr/bin/env python3
"""Opens the pages of the suite in headless Chromium, on a telephone and on a desk, in light and in dark.

Runs the suite against the bash example, against a plugin that is wrong and against one that writes markup, compares
the first two, and holds what a reader sees and does against report.json. Folders with other reports are opened as
well. Screenshots are for eyes.

Usage: page.py CONFORMANCE SCREENSHOTS [FOLDER...]

Ends with 77 and a sentence where no browser can be had: Debian's chromium-headless-shell or chromium is enough.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

try:
    from playwright.sync_api import Error, sync_playwright
except ImportError:
    print("skip  the pages: the Python package playwright is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parents[2] / "conformance"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SCREENS = {"telephone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}
SCHEMES = ("light", "dark")

# What is shown of the cases, and the groups that are shown without one.
SHOWN = """[...document.querySelectorAll('[data-status]')]
  .filter((it) => it.checkVisibility()).map((it) => ({...it.dataset}))"""
EMPTY = """[...document.querySelectorAll('[data-group]')]
  .filter((it) => it.checkVisibility() && !it.querySelector('[data-status]:not([hidden])')).length"""

# Whether an element is what a finger would touch in its place.
ON_TOP = """(it) => {
  const box = it.getBoundingClientRect();
  return it.contains(document.elementFromPoint(box.x + 20, box.y + box.height / 2));
}"""

# What is wider than the page, unless it scrolls by itself.
STICKS_OUT = """() => [...document.querySelectorAll('body *')]
  .filter((it) => it.checkVisibility() && !it.closest('.scroll, .jump'))
  .filter((it) => it.getBoundingClientRect().right > innerWidth + 0.5)
  .map((it) => `${it.tagName}.${it.className}: ${it.textContent.slice(0, 40)}`)"""

# Texts with less than 4.5 to 1 against what is behind them: Web Content Accessibility Guidelines 2.2, 1.4.3.
FAINT = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (it) => {
    for (; it; it = it.parentElement) {
      const colour = channels(getComputedStyle(it).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = new Map();
  for (const it of document.querySelectorAll('body *')) {
    const says = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!says || !it.checkVisibility() || it.closest('script')) continue;
    const [a, b] = [light(channels(getComputedStyle(it).color)), light(behind(it))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.set(`${it.tagName}.${it.className}`, ratio.toFixed(2));
  }
  return [...found];
}"""


class Checks:
    """What held and what did not."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, name, found, expected=True):
        if found == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL  {name}: {found!r}, not {expected!r}", flush=True)


class Visit:
    """A page under watch: what it asks for, and what it complains of."""

    def __init__(self, browser, url, scripts=True, **options):
        self.context = browser.new_context(java_script_enabled=scripts, **options)
        self.page = self.context.new_page()
        self.complaints, self.asked = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url.split("#")[0]))
        self.url = url
        self.page.goto(url)

    def __enter__(self):
        return self.page

    def __exit__(self, *_):
        self.context.close()

    def strangers(self):
        """What was asked for beside the file itself."""
        return [url for url in self.asked if url != self.url.split("#")[0] and not url.startswith("data:")]


def launch(playwright):
    """Playwright's own browser, or one of the system; None where there is none."""
    for path in [None, *filter(None, map(shutil.which, BROWSERS))]:
        try:
            # The sandbox needs namespaces, which not every machine gives; the page is our own.
            return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            print(f"note  {path or 'the browser of playwright'}: {str(error).splitlines()[0]}")
    return None


def run(conformance, plugin, out, *arguments):
    """The suite against a plugin; its report."""
    call = [conformance, "run", "--plugin", HERE / plugin, "--adapter", "command", "--out", out, *arguments]
    subprocess.run(call, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return json.loads(out.joinpath("report.json").read_text())


def compared(conformance, out, reports):
    call = [conformance, "compare", *reports, "--out", out]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def looks(checks, browser, name, url, case, screenshots):
    """The same page on every screen and in both schemes, closed and with everything open."""
    for screen, viewport in SCREENS.items():
        for scheme in SCHEMES:
            shot = f"{name}-{viewport['width']}-{scheme}"
            visit = Visit(browser, url, viewport=viewport, color_scheme=scheme)
            with visit as page:
                page.screenshot(path=screenshots / f"{shot}.png")
                checks.that(f"{shot}: nothing sticks out", page.evaluate(STICKS_OUT), [])
                page.goto(f"{url}#{urllib.parse.quote(case)}")
                page.screenshot(path=screenshots / f"{shot}-case.png")
                page.locator("#open").click()
                checks.that(f"{shot}: nothing sticks out when all is open", page.evaluate(STICKS_OUT), [])
                width = page.evaluate("document.scrollingElement.scrollWidth")
                checks.that(f"{shot}: no scrolling to the side", width, viewport["width"])
                checks.that(f"{shot}: every text can be read", page.evaluate(FAINT), [])
            checks.that(f"{shot}: no complaint", visit.complaints, [])
            checks.that(f"{shot}: no request", visit.strangers(), [])


def filters(checks, page, results):
    """Each filter shows what the reports have, and nothing else."""
    total = len(results)
    shown = page.locator("#shown")

    def expect(name, chosen):
        found = page.evaluate(SHOWN)
        checks.that(f"filter {name}: count", len(found), len(chosen))
        words = f"{len(chosen)} of {total} cases" if len(chosen) < total else f"{total} cases"
        checks.that(f"filter {name}: words", shown.inner_text(), words)
        checks.that(f"filter {name}: areas", {it["area"] for it in found}, {it["area"] for it in chosen})
        checks.that(f"filter {name}: no empty group", page.evaluate(EMPTY), 0)

    expect("nothing", results)
    for status in ("fail", "skip"):
        page.get_by_role("checkbox", name=status).check()
        expect(status, [it for it in results if it["status"] == status])
        page.get_by_role("checkbox", name=status).uncheck()
    page.get_by_role("combobox", name="level").select_option("core")
    expect("core", [it for it in results if it["level"] == "core"])
    page.get_by_role("combobox", name="area").select_option("cache-scope")
    expect("core and area", [it for it in results if it["level"] == "core" and it["area"] == "cache-scope"])
    page.get_by_role("button", name="Reset").click()
    expect("reset", results)
    page.keyboard.press("/")
    checks.that("a slash leads to the search", page.evaluate("document.activeElement.name"), "search")
    page.keyboard.type("Other-Image repository")
    found = page.evaluate(SHOWN)
    words = [it for it in results if it["id"].startswith("cache-scope/other-image") and "repository" in it["id"]]
    checks.that("a search finds", len(found) >= len(words) > 0 and len(found) < total)
    page.get_by_role("searchbox", name="Search").fill("nobody says this")
    expect("no such word", [])
    page.get_by_role("button", name="Reset").click()


def doors(checks, page, case):
    """Cases open by mouse, by key, by address, and all at once."""
    # An id may hold what a selector may not.
    door = page.locator(f'details:has(> [id="{case}"])')
    summary, inside = door.locator("> summary"), door.locator("> .inside")
    checks.that("a case is closed at first", inside.is_visible(), False)
    summary.click()
    checks.that("a press opens", inside.is_visible())
    summary.focus()
    page.keyboard.press("Enter")
    checks.that("a key closes", inside.is_visible(), False)
    page.get_by_role("checkbox", name="skip").check()
    page.evaluate("(id) => { location.hash = encodeURIComponent(id); }", case)
    inside.wait_for()
    checks.that("an address opens what a filter hid", inside.is_visible())
    checks.that("its line is in view", summary.evaluate(ON_TOP))
    checks.that("and has the focus", summary.evaluate("(it) => it === document.activeElement"))
    total = page.locator("details").count()
    opened = "document.querySelectorAll('details[open]').length"
    page.get_by_role("button", name="Open all").click()
    checks.that("all are opened", page.evaluate(opened), total)
    page.get_by_role("button", name="Close all").click()
    checks.that("all are closed", page.evaluate(opened), 0)


def counts(checks, page, report):
    """The table says what report.json says."""
    summary = report["summary"]
    rows = {"core": summary["core"], "extended": summary["extended"], "all": summary["total"], **summary["areas"]}
    for name, row in rows.items():
        found = page.locator(f'tr[data-row="{name}"] td:not(.wide)').all_inner_texts()
        expected = [row["passed"], row["failed"] + row["errors"], row["skipped"] + row["disabled"]]
        checks.that(f"counts of {name}", found, [str(count) for count in expected])


def comparison(checks, browser, url, right, wrong):
    """The page has the reports' scores, and the cases on which they differ."""

    def score(report):
        total = report["summary"]["total"]
        return f"{total['passed']} / {total['failed'] + total['errors']} / {total['skipped'] + total['disabled']}"

    statuses = {it["id"]: it["status"] for it in right["results"]}
    differing = [it for it in wrong["results"] if statuses[it["id"]] != it["status"]]
    with Visit(browser, url, viewport=SCREENS["desk"]) as page:
        checks.that("differences", page.locator("details").count(), len(differing))
        found = page.locator('tr[data-row="all"] td').all_inner_texts()
        checks.that("scores", found, [score(right), score(wrong)])
        page.get_by_role("checkbox", name="fail").check()
        checks.that("a comparison is filtered", len(page.evaluate(SHOWN)), len(differing))
        page.get_by_role("searchbox", name="Search").fill("covers")
        checks.that("and searched", [it["area"] for it in page.evaluate(SHOWN)], ["cache-scope"])


def without_scripts(checks, browser, url, case):
    """What needs no script works without one."""
    with Visit(browser, f"{url}#{urllib.parse.quote(case)}", scripts=False) as page:
        inside = page.locator(f'[id="{case}"]')
        checks.that("without scripts an address opens", inside.is_visible())
        page.locator("summary").first.click()
        checks.that("without scripts a press opens", page.locator("details[open]").count(), 2)
        checks.that("without scripts there are no filters", page.locator("#filters").is_visible(), False)
        checks.that("and the page says so", page.get_by_text("need JavaScript").is_visible())


def inert(checks, browser, url):
    """What a plugin wrote is text, and the page's own policy would let nothing out."""
    visit = Visit(browser, url)
    with visit as page:
        page.get_by_role("button", name="Open all").click()
        made = page.locator("img, iframe, object, body script:not(:last-child)").count()
        checks.that("markup of a plugin makes no element", made, 0)
        checks.that("nor a script", "taken" in page.title(), False)
        checks.that("it is shown", page.get_by_text('<img src="x" onerror="document.title=1">').first.is_visible())
        checks.that("it asks nobody", visit.strangers(), [])
        checks.that("it complains of nothing", visit.complaints, [])
        # A port on which nobody answers.
        blocked = """() => new Promise((resolve) => {
            document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective));
            new Image().src = 'http://127.0.0.1:9/x';
            setTimeout(() => resolve('nothing'), 2000);
        })"""
        checks.that("the policy holds for pictures", page.evaluate(blocked), "img-src")


def main():
    conformance, screenshots = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    screenshots.mkdir(parents=True, exist_ok=True)
    checks = Checks()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as work:
        browser = launch(playwright)
        if browser is None:
            print(f"skip  the pages: no browser; one of {', '.join(BROWSERS)} is enough")
            sys.exit(77)
        try:
            visit(checks, browser, conformance, screenshots, pathlib.Path(work))
        except Error as error:
            # What a check needs is not there or not in time.
            checks.that("the pages can be used", str(error), "no error")
        browser.close()
    print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
    sys.exit(1 if checks.failed else 0)


def visit(checks, browser, conformance, screenshots, work):
    right = run(conformance, "adapters/static.sh", work / "right")
    wrong = run(conformance, "tests/run/plugins/key-of-image.sh", work / "wrong")
    run(conformance, "tests/run/plugins/markup-on-stderr.sh", work / "markup", "--filter", "wire/version")
    reports = [work / name / "report.json" for name in ("right", "wrong")]
    compared(conformance, work, reports)
    compared(conformance, work / "same", reports[:1] * 2)
    page_of = lambda name: work.joinpath(name).as_uri()
    report, compare, case = page_of("wrong/report.html"), page_of("compare.html"), "cache-scope/covers"

    looks(checks, browser, "report", report, case, screenshots)
    looks(checks, browser, "compare", compare, case, screenshots)
    for folder in map(pathlib.Path, sys.argv[3:]):
        looks(checks, browser, folder.name, folder.joinpath("report.html").resolve().as_uri(), case, screenshots)
        checks.that(f"{folder.name} is small", folder.joinpath("report.html").stat().st_size < 1_000_000)
    with Visit(browser, report, viewport=SCREENS["desk"]) as page:
        page.keyboard.press("Tab")
        checks.that("the first key leads to the cases", page.evaluate("document.activeElement.className"), "jump")
        counts(checks, page, wrong)
        filters(checks, page, wrong["results"])
        doors(checks, page, case)
    with Visit(browser, report, viewport=SCREENS["telephone"]) as page:
        doors(checks, page, "cache-scope/other-image[one_segment]")
    comparison(checks, browser, compare, right, wrong)
    same = Visit(browser, page_of("same/compare.html"))
    with same as page:
        words = page.locator("#page-cases").inner_text().split()
        checks.that("reports that agree differ on nothing", words[-1], "None.")
    checks.that("and without a complaint", same.complaints, [])
    without_scripts(checks, browser, report, case)
    inert(checks, browser, page_of("markup/report.html"))


main()
