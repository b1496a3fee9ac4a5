"""Questions that people asked, from documents whose headings are questions: corpora without these headings, and what stands under each.

    python3 versus/knowledge/headings.py OUT

Packages of Debian 12, fetched by apt-get: debian-faq, debian-faq-zh-cn, python3.11-doc (its FAQ). OUT gets a folder of texts for each
and NAME.tsv: question, the file that answers, and the text of the section. Sections of the two Debian FAQs have the same order: the
questions of one are also asked to the other (NAME-across.tsv). The table of `ask` is fitted on these (`--example answerability`).
"""

import html.parser
import pathlib
import re
import subprocess
import sys

PACKAGES = {"faq-en": "debian-faq=11.1", "faq-zh": "debian-faq-zh-cn=11.1", "python": "python3.11-doc=3.11.2-6+deb12u9"}


class Page(html.parser.HTMLParser):
    """Headings and paragraphs of a DocBook page."""

    def __init__(self):
        super().__init__()
        self.blocks, self.open, self.text, self.skip = [], None, "", 0

    def handle_starttag(self, tag, attrs):
        if tag == "div" and dict(attrs).get("class") in ("navheader", "navfooter", "toc", "list-of-tables"):
            self.skip = 1
        elif tag == "div" and self.skip:
            self.skip += 1
        if tag in ("h1", "h2", "h3", "h4", "p", "pre", "dt", "dd", "li"):
            self.close()
            self.open = tag

    def handle_endtag(self, tag):
        if tag == "div" and self.skip:
            self.skip -= 1
        if tag in ("h1", "h2", "h3", "h4", "p", "pre", "dt", "dd", "li"):
            self.close()

    def handle_data(self, data):
        if self.open and not self.skip:
            self.text += data

    def close(self):
        text = " ".join(self.text.split())
        if self.open and text:
            self.blocks.append((self.open, text))
        self.open, self.text = None, ""


def docbook(files):
    for file in files:
        page = Page()
        page.feed(file.read_text(encoding="utf-8"))
        yield file.name.split(".")[0], [(re.sub(r"^(第 )?[\dA-Z]+(\.\d+)*(\.| 章)?[\s\u00a0]*", "", t) if k[0] == "h" else t,
                                         k[0] == "h") for k, t in page.blocks]


def sphinx(files):
    for file in files:
        blocks, lines = [], file.read_text(encoding="utf-8").split("\n")
        for part in re.split(r"\n\s*\n", re.sub(r"(?m)^(.+)\n[-=]{4,}$", r"\n\n# \1\n\n", "\n".join(lines))):
            text = " ".join(re.sub(r":\w+:`([^`<]*?)(?: <[^`>]*>)?`", r"\1", part).split())
            if text and not text.startswith("..") and not re.fullmatch(r"[=\-\s]+", text):
                blocks.append((text.removeprefix("# "), text.startswith("# ")))
        yield file.name.split(".")[0], blocks


def main():
    out = pathlib.Path(sys.argv[1])
    kept = {}
    for name, package in PACKAGES.items():
        fetched = out / f"package-{name}"
        if not fetched.exists():
            fetched.mkdir(parents=True)
            subprocess.run(["apt-get", "download", package], cwd=fetched, check=True, capture_output=True)
            [archive] = fetched.glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", archive.name, "files"], cwd=fetched, check=True)
        pattern = {"faq-en": "FAQ/*.en.html", "faq-zh": "*.zh-cn.html", "python": "_sources/faq/*.rst.txt"}[name]
        files = sorted(f for f in (fetched / "files").rglob(pattern) if not f.name.startswith("index"))
        folder = out / f"texts-{name}"
        folder.mkdir(exist_ok=True)
        rows = []
        for chapter, blocks in (sphinx if name == "python" else docbook)(files):
            text, question, section = "", None, []
            for body, heading in [*blocks, ("", True)]:
                if heading:
                    if question and section:
                        rows.append((question, f"{chapter}.md", " ".join(section)))
                    question, section = (body if body.endswith(("?", "？")) else None), []
                    text += "" if question or not body else f"# {body}\n\n"
                else:
                    section.append(body)
                    text += body + "\n\n"
            (folder / f"{chapter}.md").write_text(text, encoding="utf-8")
        kept[name] = rows
        write(out / f"{name}.tsv", rows)
    pair = {}
    en, zh = kept["faq-en"], kept["faq-zh"]
    for chapter in {row[1] for row in en}:
        a, b = [r for r in en if r[1] == chapter], [r for r in zh if r[1] == chapter]
        if len(a) == len(b):
            pair.update({x: y for x, y in zip(a, b)})
    write(out / "faq-en-across.tsv", [(z[0], e[1], e[2]) for e, z in pair.items()])
    write(out / "faq-zh-across.tsv", [(e[0], z[1], z[2]) for e, z in pair.items()])


def write(path, rows):
    rows = [tuple(" ".join(cell.split()) for cell in row) for row in rows]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
