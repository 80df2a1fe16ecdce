#!/usr/bin/env python3
"""Opens HTML reports in headless Chromium as a reader would, and fails on what a reader would mind.

  check_report.py REPORT.html... [--screenshots FOLDER]
  check_report.py --poc QYOLO     reports that this binary makes of the embedded data, in both languages
  check_report.py --charts QYOLO  every chart that it draws: of the runs in results/reference, of a sensitivity, a diagnosis
                                  and a layer's weights, in both languages, laid out for pages and for phones

Each report is opened at desktop, tablet and phone width, light and dark, and as it is printed on A4; charts, many on one page,
at the widths they are made for, light, dark and printed. Failures: anything on the console, any request beside the file itself, a page
wider than the window, texts that overlap, leave their picture or do not stand out from it, pictures without a text alternative, a table
that does not sort. Needs chromium and chromedriver (Debian: chromium, chromium-driver)
and nothing from PyPI. Exit code 77, which ctest counts as skipped, where there is no browser.
"""
import argparse
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SKIPPED = 77
SLICE = 1500  # height of a screenshot, pixels
VIEWS = [  # name, width, height, phone, dark; the last one in print
    ("desktop", 1200, 900, False, False),
    ("phone", 390, 844, True, False),
    ("desktop-dark", 1200, 900, False, True),
    ("phone-dark", 390, 844, True, True),
    ("tablet", 820, 1180, False, False),
    ("print", 670, 950, False, False),
]

CHART_VIEWS = {  # of charts laid out for pages, and for phones
    960: [("desktop", 1200, 900, False, False), ("desktop-dark", 1200, 900, False, True), ("print", 1000, 900, False, False)],
    390: [("phone", 390, 844, True, False), ("phone-dark", 390, 844, True, True)],
}

# Rectangles of every line of visible text; two of different texts must not share area.
OVERLAPS = r"""
const pieces = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const parent = node.parentElement;
  if (!node.data.trim() || parent.closest("script,style,caption,title,desc,#tip")) continue;
  if (getComputedStyle(parent).visibility !== "visible") continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  // Glyphs take about 70 % of a line's height.
  for (const box of range.getClientRects()) {
    const trim = box.height * 0.15;
    if (box.width > 1 && box.height > 1)
      pieces.push({text: node.data.trim().slice(0, 40), node, left: box.left, right: box.right,
                   top: box.top + trim, bottom: box.bottom - trim});
  }
}
pieces.sort((a, b) => a.top - b.top);
const found = [];
for (let i = 0; i < pieces.length; ++i) {
  for (let j = i + 1; j < pieces.length && pieces[j].top < pieces[i].bottom; ++j) {
    const a = pieces[i], b = pieces[j];
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (a.node !== b.node && width > 1.5 && height > 1.5) found.push(a.text + " | " + b.text);
  }
}
return found;
"""

WIDER = r"""
const limit = document.documentElement.clientWidth;
const found = [];
if (document.documentElement.scrollWidth > limit)
  found.push("the page is " + document.documentElement.scrollWidth + " wide, the window " + limit);
for (const one of document.querySelectorAll("body *")) {
  if (one.closest("caption,#tip")) continue;
  const box = one.getBoundingClientRect();
  if (box.width > 0 && (box.right > limit + 1 || box.left < -1))
    found.push(one.tagName + " " + (one.id || one.className.baseVal || one.className || "") + " reaches from " +
               Math.round(box.left) + " to " + Math.round(box.right));
}
return found.slice(0, 10);
"""

# Texts of charts lie within them and stand out from the page, those on coloured cells from these: their ink stays.
IN_CHARTS = r"""
const found = [];
const luminance = colour => {
  const parts = colour.match(/[0-9.]+/g).map(Number).slice(0, 3).map(value => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
  });
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
};
for (const chart of document.querySelectorAll("svg.qyolo:not([aria-hidden])")) {
  const outer = chart.getBoundingClientRect();
  if (outer.width === 0) continue;
  const name = (chart.closest("[id]") || chart).id;
  const page = chart.querySelector("rect");
  const filled = getComputedStyle(page).fill;
  const ground = /rgba.* 0\)|none/.test(filled) ? getComputedStyle(document.body).backgroundColor : filled;
  const behind = luminance(/rgba\(0, 0, 0, 0\)/.test(ground) ? "rgb(255, 255, 255)" : ground);
  for (const text of chart.querySelectorAll("text")) {
    const box = text.getBoundingClientRect();
    if (box.left < outer.left - 1 || box.right > outer.right + 1 || box.top < outer.top - 1 || box.bottom > outer.bottom + 1)
      found.push(name + ": leaves its picture: " + text.textContent);
    const own = text.getAttribute("fill");
    if (own === "#ffffff" || own === "#1f2329") continue;
    const ink = luminance(getComputedStyle(text).fill);
    const contrast = (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05);
    if (contrast < 4) found.push(name + ": contrast " + contrast.toFixed(1) + ": " + text.textContent);
  }
}
return found.slice(0, 20);
"""

SILENT_PICTURES = r"""
const found = [];
for (const picture of document.querySelectorAll("img")) {
  if (!picture.alt || picture.naturalWidth === 0) found.push("img without text, or broken: " + picture.alt);
}
for (const chart of document.querySelectorAll("svg:not([aria-hidden])")) {
  const named = chart.getAttribute("aria-label") || (chart.querySelector("title") && chart.querySelector("title").textContent);
  if (chart.getAttribute("role") !== "img" || !named) found.push("svg without role or title");
}
return found;
"""

SORTS = r"""
const found = [];
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) { found.push("no button in " + head.textContent); return; }
    for (const down of [false, true]) {
      button.click();
      const values = Array.from(table.tBodies[0].rows)
          .map(row => row.cells[column].getAttribute("data-order")).filter(value => value !== null).map(Number);
      const ordered = values.every((value, i) => i === 0 || (down ? values[i - 1] >= value : values[i - 1] <= value));
      if (!ordered) found.push("not sorted by " + head.textContent + ": " + values);
    }
  });
  heads[0].querySelector("button").click();
}
return found;
"""

# Every mark answers to the pointer, with a text inside the window.
HOVERS = r"""
const found = [], tip = document.getElementById("tip"), page = document.documentElement;
for (const mark of document.querySelectorAll(".chart g.mark[aria-label]")) {
  if (mark.getBoundingClientRect().width === 0) continue;
  mark.dispatchEvent(new PointerEvent("pointerenter"));
  const box = tip.getBoundingClientRect();
  if (tip.hidden || tip.textContent !== mark.getAttribute("aria-label")) found.push("no tip for " + mark.getAttribute("aria-label"));
  if (box.left < 0 || box.right > page.clientWidth) found.push("the tip leaves the window");
  mark.dispatchEvent(new PointerEvent("pointerleave"));
  if (!tip.hidden) found.push("the tip stays");
}
return found;
"""


class Browser:
    """One headless Chromium, driven by W3C WebDriver over HTTP."""

    def __init__(self, chromium, driver):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.profile = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.root = f"http://127.0.0.1:{port}"
        self.wait()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 f"--user-data-dir={self.profile.name}"]
        options = {"binary": chromium, "args": flags}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]

    def wait(self):
        for _ in range(100):
            try:
                if self.call("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("chromedriver does not answer")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def do(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def devtools(self, command, **parameters):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script):
        return self.do("POST", "/execute/sync", {"script": script, "args": []})

    def log(self, kind):
        return self.do("POST", "/se/log", {"type": kind})

    def close(self):
        try:
            self.do("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()
            self.profile.cleanup()


def requests_in(log, page):
    urls = []
    for entry in log:
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith("data:") and url.split("#")[0] != page:
                urls.append(url)
    return urls


def check(browser, file, view, screenshots, charts=False):
    name, width, height, phone, dark = view
    browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=phone)
    browser.devtools("Emulation.setEmulatedMedia", media="print" if name == "print" else "screen",
                     features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
    page = file.resolve().as_uri()
    for kind in ("browser", "performance"):
        browser.log(kind)
    browser.do("POST", "/url", {"url": page})
    complaints = [f"overlapping texts: {text}" for text in browser.run(OVERLAPS)]
    complaints += [f"too wide: {text}" for text in browser.run(WIDER)]
    complaints += browser.run(SILENT_PICTURES)
    complaints += browser.run(IN_CHARTS)
    if name != "print" and not charts:
        complaints += browser.run(HOVERS)
    if screenshots:
        total = browser.devtools("Page.getLayoutMetrics")["cssContentSize"]["height"]
        for number, top in enumerate(range(0, int(total), SLICE)):
            picture = browser.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={
                "x": 0, "y": top, "width": width, "height": min(SLICE, total - top), "scale": 1})
            target = screenshots / f"{file.stem}-{name}-{number + 1:02}.png"
            target.write_bytes(base64.b64decode(picture["data"]))
    if not charts:
        complaints += browser.run(SORTS)
    complaints += [f"console: {entry['message']}" for entry in browser.log("browser")]
    complaints += [f"request: {url}" for url in requests_in(browser.log("performance"), page)]
    return [f"{file.name}, {name}: {text}" for text in complaints]


def make_reports(qyolo, folder):
    """One that recommends, with three devices, and one that finds nothing good enough, in both languages."""
    parts = pathlib.Path(__file__).resolve().parents[2] / "datasets" / "parts"
    device = folder / "terminal.json"
    subprocess.run([qyolo, "bench", parts / "parts-yolov7-w025.pt", "--img", "320", "--rounds", "1", "--precision", "fp32,int8",
                    "--weights", "plain,packed", "--save", device, "--device-name", "line-3-terminal.example.local"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made = []
    for name, tolerance in (("kept", "30pt"), ("broken", "0pt")):
        for language, file in (("en", "report.html"), ("ja", "report.ja.html")):
            out = folder / name
            subprocess.run([qyolo, "poc", "-q", "--model", parts / "parts-yolov7-w025.pt", "--images", parts / "val/images",
                            "--annotations", parts / "val/annotations.json", "--calibration", parts / "calib/images",
                            "--calibration-limit", "4", "--img", "320", "--limit", "12", "--rounds", "1",
                            "--tolerance", tolerance, "--lang", language, "--out", out, "--no-search",
                            *(["--device", device] * 3 if name == "kept" else [])], check=True, stdout=subprocess.DEVNULL)
            made.append((out / file).rename(folder / f"{name}-{language}.html"))
    return made


def make_charts(qyolo, folder):
    """Pages with every chart below each other: the page's file, and the width its charts are made for."""
    root = pathlib.Path(__file__).resolve().parents[2]
    parts, reference = root / "datasets" / "parts", root / "results" / "reference"
    data = ["--model", parts / "parts-yolov7-w025.pt", "--images", parts / "val/images", "--annotations", parts / "val/annotations.json",
            "--img", "320", "--limit", "first:16"]

    def call(*arguments):
        subprocess.run([qyolo, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for name, cell in (("fp32", []), ("affine4", ["--scheme", "affine", "--bits", "4", "--granularity", "filter"])):
        call("eval", *data, *cell, "--save-detections", folder / f"{name}.json")
    pages = []
    for language in ("en", "ja"):
        for width in CHART_VIEWS:
            look = ["--lang", language, "--width", str(width)]
            charts = folder / f"charts-{language}-{width}"
            for run in sorted(reference.iterdir()):
                if (run / "manifest.json").exists():
                    call("plot", run, "--out", charts / run.name, *look)
            call("plot", reference / "sensitivity" / "sensitivity.json", "--out", charts / "sensitivity", *look)
            call("diagnose", parts / "val/annotations.json", folder / "affine4.json", "--against", folder / "fp32.json",
                 "--out", charts / "diagnosis", *look)
            call("inspect", parts / "parts-yolov7-w025.pt", "--scheme", "pwlq", "--granularity", "filter", "--layer", "model.0.conv",
                 "--histogram", charts / "weights.svg", *look)
            files = sorted(charts.rglob("*.svg"))
            # In one document ids would have to differ.
            figures = "".join(f'<figure id="{file.parent.name}-{file.stem}">{file.read_text()}</figure>' for file in files)
            page = folder / f"charts-{language}-{width}.html"
            page.write_text(f'<!DOCTYPE html><html lang="{language}"><meta charset="utf-8"><link rel="icon" href="data:,">'
                            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Charts</title>'
                            f"<style>body,figure{{margin:0}}</style><body>{figures}</body></html>")
            pages.append((page, width, len(files)))
    return pages


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="*", type=pathlib.Path)
    parser.add_argument("--poc", metavar="QYOLO")
    parser.add_argument("--charts", metavar="QYOLO")
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    chromium = os.environ.get("QYOLO_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        print("skipped: needs chromium and chromedriver (Debian: chromium, chromium-driver)")
        return SKIPPED
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.TemporaryDirectory()
    reports = arguments.reports + (make_reports(arguments.poc, pathlib.Path(scratch.name)) if arguments.poc else [])
    pages = make_charts(arguments.charts, pathlib.Path(scratch.name)) if arguments.charts else []
    browser = Browser(chromium, driver)
    try:
        complaints = [text for file in reports for view in VIEWS
                      for text in check(browser, file, view, arguments.screenshots)]
        complaints += [text for page, width, _ in pages for view in CHART_VIEWS[width]
                       for text in check(browser, page, view, arguments.screenshots, charts=True)]
    finally:
        browser.close()
        scratch.cleanup()
    for text in complaints:
        print(text)
    print(f"{len(reports)} reports, {len(VIEWS)} views each, {sum(count for _, _, count in pages)} charts: {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
