#!/usr/bin/env bash
# trafilatura takes text that the page hides (display:none, hidden) for text of the page.
# Expected: what no reader sees is left out.
# Seen on 2026-12-01: the hidden price stands between the others, in the main text.
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
print("expected: the price of one cent is nowhere")
lost = []
for how in ('style="display:none"', "hidden"):
    page = f"""<html><body><main>
<p>The ticket costs four crowns for everybody who comes before noon, and five after it.</p>
<p {how}>The ticket costs one cent, and nothing else is said of it in this paragraph at all.</p>
<p>Ask at the desk for a lower price, which is given to those who come often in winter.</p></main></body></html>"""
    text = trafilatura.extract(page) or ""
    print(f"seen with {how}: one cent is {'in' if 'one cent' in text else 'not in'} the text")
    lost.append("one cent" in text)
if not lost[0]:
    sys.exit("the behaviour has changed")
EOP
venv/bin/python -W ignore seen.py
