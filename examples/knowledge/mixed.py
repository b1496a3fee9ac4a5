#!/usr/bin/env python3
"""A folder of documents in many formats, by Python's own library alone.

mixed.py OUT FILE.md...

Every Markdown file becomes a Word file, a web page, an e-book, a mail, slides, a PDF, a text in GBK or UTF-16, a workbook or JSON lines, in
turn, one format each: OUT/FORMAT/NAME.FORMAT.
"""

import argparse
import html
import json
import re
import zipfile
from email.message import EmailMessage
from pathlib import Path
from xml.sax.saxutils import escape


def blocks(text):
    """(level, paragraph); level 0 is text, above it a heading's."""
    found = []
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    for part in re.split(r"\n\s*\n|\n(?=#+ )|(?<=\n)(?=\|)", text):
        part = " ".join(part.split())
        heading = re.match(r"(#+) (.*)", part)
        if heading:
            found.append((len(heading[1]), heading[2]))
        elif part and not set(part) <= set("|-: "):
            found.append((0, part.strip("| ")))
    return found


def pack(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def docx(path, parts):
    style = lambda level: f'<w:pPr><w:pStyle w:val="Heading{level}"/></w:pPr>' if level else ""
    body = "".join(f'<w:p>{style(l)}<w:r><w:t xml:space="preserve">{escape(t)}</w:t></w:r></w:p>' for l, t in parts)
    names = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    pack(path, {"word/document.xml": f'<?xml version="1.0"?><w:document xmlns:w="{names}"><w:body>{body}</w:body></w:document>'})


def page(parts):
    tags = [f"<h{l}>{html.escape(t)}</h{l}>" if l else f"<p>{html.escape(t)}</p>" for l, t in parts]
    return f"<html><head><title>{html.escape(parts[0][1])}</title></head><body>{''.join(tags)}</body></html>"


def web(path, parts):
    path.write_text("<!doctype html>" + page(parts).replace("<body>", "<body><nav><a href=x>Home</a></nav>"), encoding="utf-8")


def epub(path, parts):
    container = ('<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
                 '<rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>')
    book = ('<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f'<dc:title>{escape(parts[0][1])}</dc:title></metadata><manifest><item id="c" href="c.xhtml" '
            'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>')
    chapter = page(parts).replace("<html>", '<html xmlns="http://www.w3.org/1999/xhtml">')
    pack(path, {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "b.opf": book, "c.xhtml": chapter})


def eml(path, parts):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = parts[0][1], "a@example.org", "b@example.org"
    mail["Date"] = "Mon, 02 Nov 2026 09:00:00 +0000"
    mail.set_content("\n\n".join(t for _, t in parts))
    path.write_bytes(bytes(mail))


def pptx(path, parts):
    slides, now = [], []
    for level, text in parts:
        if level and now:
            slides.append(now)
            now = []
        now.append(text)
    slides.append(now)
    a, p = "http://schemas.openxmlformats.org/drawingml/2006/main", "http://schemas.openxmlformats.org/presentationml/2006/main"
    shape = lambda text: f"<p:sp><p:txBody><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"
    pack(path, {f"ppt/slides/slide{n}.xml": f'<p:sld xmlns:a="{a}" xmlns:p="{p}"><p:cSld><p:spTree>{"".join(map(shape, slide))}</p:spTree></p:cSld></p:sld>'
                for n, slide in enumerate(slides, 1)})


def pdf(path, parts):
    """Latin text only, in one of the fonts that every reader has; forty lines a page."""
    lines = []
    for _, text in parts:
        text = text.encode("latin-1", "replace").decode("latin-1")
        lines += re.findall(r".{1,90}(?:\s|$)|\S{90}", text) + [""]
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    kids = []
    for at in range(0, len(lines), 40):
        quoted = [re.sub(r"([\\()])", r"\\\1", line.strip()) for line in lines[at : at + 40]]
        text = "BT /F1 10 Tf 14 TL 50 780 Td " + " ".join(f"({line}) Tj T*" for line in quoted) + " ET"
        data = text.encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data))
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % len(objects))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(out))
    path.write_bytes(out)


def xlsx(path, parts):
    names = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    cell = lambda text: f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'
    rows, heading = [("section", "text")], ""
    for level, text in parts:
        heading = text if level else heading
        if not level:
            rows.append((heading, text))
    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    pack(path, {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{main}worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{names}" xmlns:r="{rels}"><sheets><sheet name="sections" sheetId="1" r:id="s"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="s" Type="{rels}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{names}"><sheetData>{sheet}</sheetData></worksheet>',
    })


def text(path, parts, encoding):
    path.write_bytes("\n\n".join(t for _, t in parts).encode(encoding, "replace"))


def jsonl(path, parts):
    rows = [json.dumps({"n": n, "text": t}, ensure_ascii=False) for n, (_, t) in enumerate(parts)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


FORMATS = [("docx", docx), ("html", web), ("pdf", pdf), ("epub", epub), ("eml", eml), ("pptx", pptx), ("xlsx", xlsx), ("jsonl", jsonl),
           ("txt", lambda path, parts: text(path, parts, "utf-16"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    args = parser.parse_args()
    for n, file in enumerate(args.files):
        source = file.read_text(encoding="utf-8")
        name, write = FORMATS[n % len(FORMATS)]
        # A PDF of ours has Latin letters only: Chinese goes into a text in GBK.
        if name == "pdf" and len(re.findall("[\u4e00-\u9fff]", source)) > 100:
            name, write = "txt", lambda path, parts: text(path, parts, "gbk")
        path = args.out / name / f"{file.resolve().parent.name}-{file.stem}.{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, blocks(source))
        print(path)


main()
