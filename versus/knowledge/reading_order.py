"""Reading order of generated PDF files: ours beside pdfminer.six and pypdfium2.

    python -m venv v && v/bin/pip install reportlab==4.4.4 pdfminer.six==20250506 pypdfium2==4.30.0 rapidfuzz==3.14.1
    cargo build --release -p ronghe-documents --example text
    v/bin/python reading_order.py TEXT [FOLDER]

200 files: one, two or three columns, one to three pages, running titles and page numbers, hyphens, tables, headings,
Chinese, lines justified or not; everything of a page is drawn in an order by chance, by line or by word. The text is made
of words by chance, so that no reader can guess it.

Character error: edits to the known text over its characters, blanks as one and hyphens at line ends aside. Running titles
and page numbers are no part of the known text; they are taken out of the peers' by name, since those do not say
that they leave them out. Order errors: neighbouring blocks of the known text (heading, paragraph, row) that stand in the other
order, or of which one is not found by its first words.
"""

import collections
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import warnings

import pdfminer.high_level
import pypdfium2
from rapidfuzz.distance import Levenshtein
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

FILES = 200
WIDE, HIGH = A4
MARGIN = 60
HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严"


class Text:
    """Words by chance."""

    def __init__(self, draw, chinese):
        self.draw, self.chinese = draw, chinese
        syllables = [a + b for a in "b c d f g h l m n p r s t v w st tr pl".split() for b in "a e i o u ai en or is".split()]
        self.words = ["".join(draw.choice(syllables) for _ in range(draw.choice([1, 1, 2, 2, 3, 4]))) for _ in range(2000)]

    def word(self):
        return self.words[int(2000 * self.draw.random() ** 2)]

    def sentence(self):
        if self.chinese:
            parts = ["".join(self.draw.choice(HAN) for _ in range(self.draw.randint(4, 12))) for _ in range(self.draw.randint(1, 4))]
            return "，".join(parts) + "。"
        words = [self.word() for _ in range(self.draw.randint(7, 18))]
        return " ".join(words).capitalize() + "."

    def paragraph(self):
        return ("" if self.chinese else " ").join(self.sentence() for _ in range(self.draw.randint(2, 5)))

    def title(self):
        if self.chinese:
            return "".join(self.draw.choice(HAN) for _ in range(self.draw.randint(4, 9)))
        return " ".join(self.word() for _ in range(self.draw.randint(2, 4))).capitalize()

    def cell(self):
        if self.draw.random() < 0.5:
            return f"{self.draw.randint(1, 9999)}.{self.draw.randint(0, 99):02}"
        return "".join(self.draw.choice(HAN) for _ in range(3)) if self.chinese else self.word()


class File:
    """A file with its known text."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        d = self.draw
        self.kind = {"columns": 1 + seed % 3, "chinese": seed % 5 == 4, "table": d.random() < 0.4, "heads": d.random() < 0.6,
                     "hyphens": d.random() < 0.5, "justified": d.random() < 0.5, "by_word": d.random() < 0.3, "pages": d.randint(1, 3)}
        # On one page nothing repeats.
        self.kind["heads"] &= self.kind["pages"] > 1
        self.text = Text(d, self.kind["chinese"])
        self.font = "STSong-Light" if self.kind["chinese"] else d.choice(["Helvetica", "Times-Roman"])
        self.size = d.choice([9, 10, 11])
        self.step = self.size * d.choice([1.2, 1.3, 1.4])
        self.blocks, self.running = [], []

    def width(self, text, size=None):
        return pdfmetrics.stringWidth(text, self.font, size or self.size)

    def lines(self, text, wide):
        """Breaks a text; each line with whether it is the last."""
        chinese = self.kind["chinese"]
        words, lines, open_ = (list(text) if chinese else text.split()), [], ""
        words = collections.deque(words)
        while words:
            word = words.popleft()
            more = open_ + ("" if chinese or not open_ else " ") + word
            if self.width(more) <= wide or chinese and word in "，。":
                open_ = more
                continue
            if self.kind["hyphens"] and not chinese and word.isalpha() and len(word) >= 8:
                for cut in range(len(word) - 3, 2, -1):
                    part = (open_ + " " if open_ else "") + word[:cut] + "-"
                    if self.width(part) <= wide:
                        open_, word = part, word[cut:]
                        break
            lines.append(open_)
            open_ = word
        lines.append(open_)
        return [(line, at + 1 == len(lines)) for at, line in enumerate(lines)]

    def write(self, path):
        sheet = canvas.Canvas(str(path), pagesize=A4)
        d, columns = self.draw, self.kind["columns"]
        title = self.text.title() + (" " + self.text.title())
        gutter = 24
        wide = (WIDE - 2 * MARGIN - gutter * (columns - 1)) / columns
        waiting = collections.deque()
        for page in range(self.kind["pages"]):
            put = []
            top, low = HIGH - 90, 90
            if page == 0:
                heading = self.text.title()
                put.append((MARGIN, top, heading, 18, None))
                self.blocks.append(heading)
                top -= 40
            if self.kind["table"] and page == 0:
                # Before the columns, over the whole page.
                top = self.table(put, top) - self.step
            for column in range(columns):
                x, y = MARGIN + column * (wide + gutter), top
                while y > low:
                    if not waiting:
                        last = page + 1 == self.kind["pages"] and (column + 1 == columns and y < low + 150)
                        if last:
                            break
                        text = self.text.paragraph()
                        self.blocks.append(text)
                        # The first line is set in.
                        waiting.extend((line, end, 0) for line, end in self.lines(text, wide))
                        y -= 0.6 * self.step if y < top else 0
                        if y <= low:
                            break
                    line, end, _ = waiting.popleft()
                    put.append((x, y, line, self.size, wide if self.kind["justified"] and not end else None))
                    y -= self.step
            if page + 1 == self.kind["pages"] and waiting:
                # What has no place any more is no part of the known text.
                rest = [line for line, _, _ in waiting]
                joined = "".join(rest) if self.kind["chinese"] else " ".join(rest).replace("- ", "")
                self.blocks[-1] = self.blocks[-1][: len(self.blocks[-1]) - len(joined)].rstrip()
            if self.kind["heads"]:
                foot = d.choice([f"- {page + 1} -", f"Page {page + 1} of {self.kind['pages']}", f"{page + 1}"]) if page == 0 else self.foot(page)
                self.first_foot = foot if page == 0 else self.first_foot
                put += [(MARGIN, HIGH - 40, title, self.size, None), (WIDE / 2 - 10, 40, foot, self.size, None)]
                self.running += [title, foot]
            d.shuffle(put)
            for x, y, text, size, justify in put:
                self.show(sheet, x, y, text, size, justify)
            sheet.showPage()
        sheet.save()

    def foot(self, page):
        return re.sub(r"\d+", str(page + 1), self.first_foot, count=1)

    def table(self, put, top):
        count = self.draw.randint(3, 4)
        place = (WIDE - 2 * MARGIN) / count
        for _ in range(self.draw.randint(4, 8)):
            cells = [self.text.word() if not self.kind["chinese"] else self.text.cell()] + [self.text.cell() for _ in range(count - 1)]
            for at, cell in enumerate(cells):
                put.append((MARGIN + at * place, top, cell, self.size, None))
            self.blocks.append(" ".join(cells))
            top -= 1.5 * self.step
        return top

    def show(self, sheet, x, y, text, size, justify):
        sheet.setFont(self.font, size)
        words = text.split()
        if justify and len(words) > 1 or self.kind["by_word"] and not self.kind["chinese"]:
            blank = self.width(" ", size)
            if justify and len(words) > 1:
                blank = (justify - sum(self.width(w, size) for w in words)) / (len(words) - 1)
            places = []
            for word in words:
                places.append((x, word))
                x += self.width(word, size) + blank
            if self.kind["by_word"]:
                self.draw.shuffle(places)
            for at, word in places:
                sheet.drawString(at, y, word)
        else:
            sheet.drawString(x, y, text)


def plain(text):
    text = re.sub(r"[-\u00ad\u2010\ufffe\x02]\s*(?=[^\W\d_])", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    # Between Chinese characters a blank says nothing.
    return re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])", "", text)


def without(text, running):
    lines = text.replace("\x0c", "\n").split("\n")
    running = set(running)
    return "\n".join(line for line in lines if line.strip() not in running)


def order_errors(blocks, text):
    at, errors = [], 0
    for block in blocks:
        start = plain(block)
        at.append(next((text.find(start[:n]) for n in (40, 24, 12) if len(start) >= min(n, len(start)) and text.find(start[:n]) >= 0), -1))
    return sum(b < 0 or a > b for a, b in zip(at, at[1:]))


def ours(program, path):
    done = subprocess.run([program, path], capture_output=True, text=True, timeout=60)
    return "\n".join(json.loads(line)["text"] for line in done.stdout.splitlines())


def pdfium(path):
    return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path)).replace("\r", "")


def main(program, folder=None):
    warnings.simplefilter("ignore")
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    folder = pathlib.Path(folder or tempfile.mkdtemp())
    totals = collections.defaultdict(lambda: [0, 0, 0, 0])
    worst = []
    for seed in range(FILES):
        file, path = File(seed), folder / f"{seed:03}.pdf"
        file.write(path)
        known = plain("\n".join(file.blocks))
        for name, read in [("ours", lambda p: ours(program, p)), ("pdfminer.six", pdfminer.high_level.extract_text), ("pypdfium2", pdfium)]:
            text = read(path)
            text = plain(text if name == "ours" else without(text, file.running))
            edits, wrong = Levenshtein.distance(known, text), order_errors(file.blocks, text)
            total = totals[name]
            for at, value in enumerate([edits, len(known), wrong, int(wrong > 0)]):
                total[at] += value
            if name == "ours" and (wrong or edits > 0.01 * len(known)):
                worst.append((edits / len(known), wrong, path, file.kind))
    print(f"{FILES} files")
    for name, (edits, characters, wrong, files) in totals.items():
        print(f"{name}: character error {100 * edits / characters:.3f} %, order errors {wrong} in {files} files")
    for error, wrong, path, kind in sorted(worst, key=lambda w: -w[0])[:12]:
        print(f"  {100 * error:.2f} % {wrong} {path} {kind}")


if __name__ == "__main__":
    main(*sys.argv[1:])
