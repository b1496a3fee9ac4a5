"""Real pages, mails and books: the share of a reference extractor's words that is in what is read here.

real_files.py TEXT [--folder FOLDER] [--below 0.9] [--out FILE]

TEXT is the example `text` of ronghe-documents (`cargo build --release -p ronghe-documents --example text`). Files are the samples
inside source packages of readers of such files (pip), Python's own test mails, and Debian documentation in seven languages
(apt-get, where there is one); all are fetched into FOLDER (a temporary one by default) and read only there. Run it with a
Python that has `pip install trafilatura==2.3.1 lxml==6.1.3 lxml-html-clean==0.4.6 ebooklib==0.20`.

The references: for pages of news sites trafilatura's main text, for all other pages the text of `<body>` without scripts, controls,
menus and what is hidden (lxml); for mails all text parts by Python's `email`, of alternatives the last, pages by lxml; for books the
chapters of the spine by ebooklib and lxml. A word is a run of letters or digits; Chinese and Japanese characters count one by one.
Prints one JSON object a file below the limit, then one a format: how many files, mean and median share, files below.
"""

import argparse
import collections
import email
import email.policy
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import warnings

import lxml.html

PIP = [
    ("newspaper4k==0.9.6", "tests/data/html/*.html", "news"),
    ("inscriptis==2.7.6", "tests/html/*.html", "pages"),
    ("html2text==2025.4.15", "test/*.html", "pages"),
    ("html-text==0.7.1", "tests/**/*.html", "pages"),
    ("trafilatura==2.3.1", "tests/resources/*.html", "pages"),
    ("beautifulsoup4==4.15.0", "**/*.html", "pages"),
    ("mail-parser==4.8.0", "tests/mails/mail_[mt][ae]*", "mails"),
]
DEBIAN = [
    *(f"debian-reference-{language}" for language in ("en", "de", "es", "fr", "it", "ja", "zh-cn")),
    "debian-faq", "debian-faq-zh-cn",
    *(f"developers-reference{language}" for language in ("", "-de", "-fr", "-it", "-ja", "-ru")),
]
# What a page's text is not.
LEFT_OUT = "script style template svg nav select textarea button iframe head noscript dialog option input title"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--below", type=float, default=0.9)
    parser.add_argument("--out", type=pathlib.Path, help="keep the share of every file here")
    return parser.parse_args()


def fetch(folder):
    """(format, path) of every file."""
    files = []
    for requirement, pattern, kind in PIP:
        to = folder / requirement.split("=")[0]
        if not to.exists():
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", to, requirement]
            subprocess.run(command, check=True)
            with tarfile.open(next(to.glob("*.tar.gz"))) as packed:
                packed.extractall(to, filter="data")
        for path in sorted(p for p in to.glob(f"*/{pattern}") if p.is_file()):
            if kind == "mails" and path.suffix != ".eml":
                path = path.rename(path.with_name(path.name + ".eml"))
            files.append((kind, path))
    try:
        import test

        data = pathlib.Path(test.__file__).parent / "test_email" / "data"
        for path in sorted(data.glob("msg_*.txt")):
            copy = folder / "email" / (path.stem + ".eml")
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
            files.append(("mails", copy))
    except ImportError:
        print("Python's own tests are not installed: no mails of theirs", file=sys.stderr)
    packages = folder / "debian"
    packages.mkdir(exist_ok=True)
    for name in DEBIAN:
        to = packages / name
        if not to.exists():
            try:
                subprocess.run(["apt-get", "download", "-q", name], cwd=packages, check=True, capture_output=True)
                package = next(packages.glob(f"{name}_*.deb"))
                subprocess.run(["dpkg-deb", "-x", package, to], check=True)
            except (OSError, subprocess.CalledProcessError, StopIteration):
                print(f"{name} cannot be fetched here", file=sys.stderr)
                continue
        files += [("manuals", path) for path in sorted(to.rglob("*.html")) if path.is_file()]
        files += [("books", path) for path in sorted(to.rglob("*.epub")) if path.is_file()]
    return files


def words(text):
    """The words of a text and how often."""
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "").lower()
    return collections.Counter(re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+", text))


def body(source):
    """The text of a page without what a reader does not see."""
    encoding = None
    try:
        encoding = "utf-8" if isinstance(source, str) or source.decode() else None
    except UnicodeDecodeError:
        pass  # The page says what it is.
    parser = lxml.html.HTMLParser(encoding=encoding)
    source = source if isinstance(source, bytes) else source.encode()
    try:
        if b"<?xml" in source[:100] or b"xmlns" in source[:1000]:
            tree = lxml.etree.fromstring(source, lxml.etree.XMLParser(resolve_entities=True, load_dtd=False, no_network=True))
            for element in tree.iter(lxml.etree.Element):
                element.tag = lxml.etree.QName(element).localname
        else:
            raise lxml.etree.XMLSyntaxError("HTML", 0, 0, 0)
    except (lxml.etree.XMLSyntaxError, ValueError):
        tree = lxml.etree.fromstring(source, parser) if source.strip() else None
    if tree is None:
        return ""
    seen = []

    def walk(element, shown):
        tag = element.tag if isinstance(element.tag, str) else ""
        style = element.get("style", "").replace(" ", "").lower() if tag else ""
        gone = (
            not tag or tag in LEFT_OUT.split() or "display:none" in style or "visibility:hidden" in style
            or element.get("hidden") is not None or element.get("aria-hidden") == "true"
            or element.get("role") in ("navigation", "search", "contentinfo", "banner")
            or element.get("class", "") in ("related", "sphinxsidebar", "footer", "navheader", "navfooter", "headerlink")
        )
        blocks = tag not in ("a b i em strong span font sub sup small big tt code kbd u s abbr acronym cite var samp wbr q".split())
        shown = shown and not gone
        if shown:
            seen.append((" " if blocks else "") + (element.text or ""))
        for child in element:
            walk(child, shown)
            if shown:
                seen.append(child.tail or "")
        if shown and blocks:
            seen.append(" ")

    sys.setrecursionlimit(20_000)
    root = tree.find("body")
    walk(root if root is not None else tree, True)
    return "".join(seen)


def news(path):
    import trafilatura

    return trafilatura.extract(path.read_bytes(), include_comments=False, include_tables=True) or ""


def manual(path):
    return body(path.read_bytes())


def mail(path):
    """All text of the parts of a mail, letters within it and attached texts too."""
    source = path.read_bytes()
    source = source[source.index(b"\n") + 1 :] if source.startswith(b"From ") else source
    parts = []

    def text(part):
        data = part.get_payload(decode=True) or b""
        try:
            return data.decode(part.get_content_charset("utf-8"))
        except (LookupError, UnicodeDecodeError):
            return data.decode("utf-8", "replace")

    def walk(part):
        kind = part.get_content_type()
        if kind == "multipart/alternative" and part.is_multipart():
            readable = [p for p in part.get_payload() if p.get_content_type() in ("text/plain", "text/html") or p.is_multipart()]
            return [walk(p) for p in (readable or part.get_payload())[-1:]]
        if part.is_multipart():
            return [walk(p) for p in part.get_payload()]
        if kind == "text/html":
            data = part.get_payload(decode=True) or b""
            parts.append(body(text(part)) if data.strip() else "")
        elif kind.startswith("text/"):
            parts.append(text(part))

    walk(email.message_from_bytes(source, policy=email.policy.compat32))
    return "\n".join(parts)


def book(path):
    import ebooklib.epub

    whole = ebooklib.epub.read_epub(str(path))
    items = [whole.get_item_with_id(name) for name, _ in whole.spine]
    return "\n".join(body(item.content) for item in items if item is not None)


REFERENCES = {"news": news, "pages": manual, "manuals": manual, "mails": mail, "books": book}


def read(text, paths):
    """Of each path the texts of its blocks, and what is said of it."""
    blocks, said = collections.defaultdict(list), collections.defaultdict(list)
    for at in range(0, len(paths), 50):
        run = subprocess.run([text, *paths[at : at + 50]], capture_output=True, text=True)
        for line in run.stdout.splitlines():
            one = json.loads(line)
            blocks[one["file"]].append(one["text"])
        for line in run.stderr.splitlines():
            path, _, note = line.partition(": ")
            said[path].append(note)
    return blocks, said


def main():
    warnings.simplefilter("ignore")
    options = arguments()
    temporary = tempfile.TemporaryDirectory()
    folder = options.folder or pathlib.Path(temporary.name)
    folder.mkdir(parents=True, exist_ok=True)
    files = fetch(folder)
    blocks, said = read(options.text, [str(path) for _, path in files])
    shares = collections.defaultdict(list)
    kept = []
    for kind, path in files:
        try:
            reference = words(REFERENCES[kind](path))
        except Exception as error:  # The reference cannot read it: nothing to compare with.
            print(json.dumps({"file": path.name, "reference": f"{type(error).__name__}: {error}"[:120]}))
            continue
        if sum(reference.values()) < 5:
            continue
        ours = words("\n\n".join(blocks[str(path)]))
        share = sum((reference & ours).values()) / sum(reference.values())
        kept.append({
            "format": kind, "file": "/".join(path.parts[-3:]), "share": round(share, 4), "words": sum(reference.values()),
            "beyond": round(sum((ours - reference).values()) / max(sum(ours.values()), 1), 3),
            "said": said[str(path)], "missing": [w for w, _ in (reference - ours).most_common(12)],
        })
        shares[kind].append(share)
        if share < options.below:
            print(json.dumps(kept[-1], ensure_ascii=False))
    for kind, values in shares.items():
        below = sum(value < options.below for value in values)
        print(json.dumps({
            "format": kind, "files": len(values), "median": round(statistics.median(values), 4),
            "mean": round(statistics.mean(values), 4), f"below {options.below}": below,
        }))
    if options.out:
        options.out.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in kept))


if __name__ == "__main__":
    main()
