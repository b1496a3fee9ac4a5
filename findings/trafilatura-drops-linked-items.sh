#!/usr/bin/env bash
# trafilatura leaves out the items of a list in the middle of a text when they are links.
# Expected: "You need these papers:" is followed by the papers.
# Seen on 2026-12-01: the list is gone, what stands before and after it is joined; without links it stays.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check trafilatura==2.3.1 lxml==6.1.3 lxml-html-clean==0.4.6
cat >seen.py <<'EOP'
import importlib.metadata
import sys
import trafilatura

print("trafilatura", importlib.metadata.version("trafilatura"))
print("first seen: 2026-12-01")
print("expected: both lists are in the text")
kept = {}
for name, item in (("plain", "{}"), ("linked", '<a href="forms">{}</a>')):
    items = "".join(f"<li>{item.format(paper)}</li>" for paper in ("Proof of residence", "Two photographs"))
    page = f"""<html><body><main><h1>Forms</h1>
<p>You need these papers when you register at the town hall of the district:</p><ul>{items}</ul>
<p>Bring them on Monday before noon, and do not forget the fee of ten crowns for each person.</p></main></body></html>"""
    text = trafilatura.extract(page, include_links=False) or ""
    kept[name] = "Proof of residence" in text
    print(f"seen: {name} items are {'in' if kept[name] else 'not in'} the text")
if kept != {"plain": True, "linked": False}:
    sys.exit("the behaviour has changed")
EOP
venv/bin/python -W ignore seen.py
