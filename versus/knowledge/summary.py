"""SUMMARY.md out of raw/*.csv."""

import csv
import statistics


def rows_of(here, name):
    path = here / "raw" / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def ingest(rows):
    groups = {}
    for row in rows:
        groups.setdefault((row["work"], row["network"], row["engine"]), []).append(row)
    median = lambda found, field: statistics.median(float(row[field]) for row in found)
    base = {key[:2]: median(found, "chunks_per_second") for key, found in groups.items() if key[2] == "txtai"}
    lines = []
    for (work, network, engine), found in groups.items():
        rate = median(found, "chunks_per_second")
        lines.append([f"{found[0]['chunks']} chunks", network, f"{engine} {found[0].get('version') or ''}".strip(), len(found),
                      f"{rate:.1f}", f"{rate / base[work, network]:.2f}" if (work, network) in base else "",
                      f"{median(found, 'peak_mb'):.0f}"])
    text = table(["work", "network", "program", "runs", "chunks/s", "of txtai", "peak MB"], lines)
    for row in rows:
        if row.get("cosine_min"):
            text += (f"\nRonghe's vectors of the smaller work beside sentence-transformers': cosine at least {float(row['cosine_min']):.5f}, "
                     f"median {float(row['cosine_median']):.5f}, of {row['cosines']}.\n")
    queries = [float(row["query_median_ms"]) for row in rows if row.get("query_median_ms")]
    if queries:
        text += f"\nA query of txtai over these chunks takes {statistics.median(queries):.1f} ms (median of {len(queries)} medians).\n"
    return text


def latency(rows):
    row = rows[-1]
    ms = lambda name: f"{float(row[f'{name}_p50_ms']):.1f} | {float(row[f'{name}_p99_ms']):.1f}"
    return (f"{row['chunks']} passages with drawn vectors of 384 numbers, 999 questions through e5 ({row['precision']}).\n\n"
            "| milliseconds | p50 | p99 |\n|---|---|---|\n"
            f"| from the question's text | {ms('whole')} |\n| search legs and passages alone | {ms('legs')} |\n\n"
            f"Writing them took {float(row['build_seconds']):.0f} s and {float(row['build_peak_mb']):.0f} MB at most, without computing "
            f"vectors; answering, {float(row['serve_peak_mb']):.0f} MB with the network.\n")


def summaries(rows):
    peer = [row for row in rows if row["work"] == "sentences"]
    text = table(["sentences", "characters", f"sumy {peer[0]['sumy_version']} LexRank, s", "Ronghe, by words, s", "times faster"],
                 [[r["sentences"], r["characters"], r["sumy_seconds"], r["ronghe_seconds"], r["times_faster"]] for r in peer])
    whole = [row for row in rows if row["work"] != "sentences"]
    text += "\nEncyclopedia leads, whole commands of Ronghe, program start and network included:\n\n"
    return text + table(["text", "sentences", "method", "s", "peak MB"],
                        [[r["work"].split(",")[0], r["sentences"], r["method"], f"{float(r['ronghe_seconds']):.2f}",
                          f"{float(r['peak_mb']):.0f}" if r["peak_mb"] else ""] for r in whole])


def write(here):
    text = "# What came out\n"
    for name, title, tell in [("ingest", "From files to a store that can be searched", ingest),
                              ("latency", "A search of 100,000 passages", latency), ("summary", "Summaries", summaries)]:
        rows = rows_of(here, name)
        if rows:
            text += f"\n## {title}\n\n{rows[0]['date']}, {rows[0]['cpu']}, {rows[0]['threads']} threads.\n\n{tell(rows)}"
    (here / "SUMMARY.md").write_text(text, encoding="utf-8")
