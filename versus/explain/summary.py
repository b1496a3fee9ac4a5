"""SUMMARY.md and plots from raw/picture.csv, raw/games.csv and raw/shapiq.csv."""

import collections
import csv
import math
import statistics

NAMES = {("ronghe", "kernel"): "Ronghe kernel", ("ronghe", "permutation"): "Ronghe permutation", ("shap", "kernel"): "shap kernel",
         ("shap", "shap"): "shap kernel"}
PEERS = {("ronghe", "kernel"): "Ronghe kernel", ("ronghe", "permutation"): "Ronghe permutation", ("shapiq", "leverage"): "LeverageSHAP",
         ("shapiq", "odd"): "OddSHAP", ("shapiq", "msr"): "RegressionMSR"}
COLOURS = {"Ronghe kernel": "#0d6e62", "Ronghe permutation": "#6fb8ad", "shap kernel": "#c75b12"}
OWN = {"pixels": 3616, "patches": 2146}
PLAYERS = {"pixels": 784, "patches": 49}

HEAD = """# Explanations beside shap

Written by `run.py`; do not edit. l1 is off in shap. Squared errors of pictures are means over 10 rows, all players and 10 classes,
against a run of ours with far more evaluations and another seed, whose own standard error is given. Seconds: of shap those of
`shap_values` for 10 rows, without import and start; of ours the whole command, start and model file included.
"""


def read(folder, name):
    path = folder / "raw" / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(folder):
    picture, games = read(folder, "picture"), read(folder, "games")
    lines = [HEAD]
    if picture:
        lines += pictures(folder, picture)
    if games:
        lines += tables(folder, games)
    peers = read(folder, "shapiq")
    if peers:
        lines += beside(peers)
    (folder / "SUMMARY.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def pictures(folder, rows):
    first = rows[0]
    lines = [f"## MNIST's dense net, {first['date']}, {first['cpu']}, threads: {first['threads']}", ""]
    for work in ("pixels", "patches"):
        mine = [r for r in rows if r["work"] == work]
        points = collections.defaultdict(list)
        for row in mine:
            points[NAMES[row["program"], row["method"]], int(row["budget"])].append(row)

        def median(key, field):
            return statistics.median(float(r[field]) for r in points[key])

        own = ("shap kernel", OWN[work])
        shap_seconds, shap_error, shap_peak = (median(own, f) for f in ("seconds_10_rows", "squared_error", "peak_mb"))
        lines += [f"### {work}: {PLAYERS[work]} players, 100 background rows, 10 rows, 10 classes", "",
                  f"Truth: standard error {float(mine[0]['truth_se']):.1e}.", "",
                  "| program | evaluations a row | seconds, 10 rows | squared error | peak MB | times faster than shap's own | times less error |",
                  "|---|---:|---:|---:|---:|---:|---:|"]
        for (name, budget), found in sorted(points.items(), key=lambda p: (p[0][0], p[0][1])):
            seconds, error, peak = (median((name, budget), f) for f in ("seconds_10_rows", "squared_error", "peak_mb"))
            evaluations = statistics.median(float(r["evaluations"]) for r in found)
            lines.append(f"| {name} | {evaluations:,.0f} | {seconds:.2f} | {error:.2e} | {peak:,.0f} | "
                         f"{shap_seconds / seconds:.1f} | {shap_error / error:.1f} |")
        same = [(median(k, "seconds_10_rows"), k) for k in points if k[0] != "shap kernel" and median(k, "squared_error") <= shap_error]
        if same:
            seconds, (name, budget) = min(same)
            lines += ["", f"No larger an error than shap's at its own budget: {name} with {budget:,} evaluations, "
                          f"{shap_seconds / seconds:.0f} times faster. Peak memory of shap {shap_peak:,.0f} MB."]
        lines += ["", f"![error against evaluations](plots/{work}-evaluations.svg) ![error against time](plots/{work}-time.svg)", ""]
        curves = collections.defaultdict(list)
        for (name, budget) in points:
            curves[name].append((budget, median((name, budget), "seconds_10_rows") / 10, median((name, budget), "squared_error")))
        plot(folder, f"{work}-evaluations", {n: [(b, e) for b, _, e in sorted(c)] for n, c in curves.items()},
             "evaluations a row", "mean squared error", f"{PLAYERS[work]} players")
        plot(folder, f"{work}-time", {n: [(s, e) for _, s, e in sorted(c)] for n, c in curves.items()},
             "seconds a row", "mean squared error", f"{PLAYERS[work]} players")
    exact = [r for r in rows if r["work"] == "exact"]
    if exact:
        lines += [f"12 patches, every coalition counted: the largest difference from NumPy in float64 is {float(exact[0]['squared_error']):.1e}.", ""]
    return lines


def tables(folder, rows):
    first = rows[0]
    lines = [f"## Tabular games, {first['date']}", "",
             "Mean squared error over rows, seeds, players and outputs, relative to the mean square of the exact values; evaluations as "
             "multiples of the number of players. Ratio: shap's error over ours (kernel).", ""]
    budgets = sorted({int(r["budget"]) for r in rows})
    names = sorted({r["game"] for r in rows})
    cells = collections.defaultdict(list)
    for row in rows:
        cells[row["game"], NAMES[row["program"], row["method"]], int(row["budget"])].append(float(row["squared_error"]))
    means = {k: statistics.fmean(v) for k, v in cells.items()}
    for budget in budgets:
        lines += [f"### {budget} n evaluations", "", "| game | Ronghe kernel | Ronghe permutation | shap kernel | ratio |", "|---|---:|---:|---:|---:|"]
        ratios = []
        for game in names:
            value = {n: means.get((game, n, budget)) for n in COLOURS}
            text = {n: "-" if v is None else "0" if v < 1e-20 else f"{v:.2e}" for n, v in value.items()}
            a, b = value["shap kernel"], value["Ronghe kernel"]
            if a is None or b is None or (a < 1e-20 and b < 1e-20):
                ratio = "-"
            elif b < 1e-20:
                ratio = "exact"
            else:
                ratios.append(a / b)
                ratio = f"{a / b:.1f}"
            lines.append(f"| {game} | {text['Ronghe kernel']} | {text['Ronghe permutation']} | {text['shap kernel']} | {ratio} |")
        if ratios:
            mean = math.exp(statistics.fmean(math.log(r) for r in ratios))
            lines += ["", f"Geometric mean of the ratios {mean:.1f}, smallest {min(ratios):.1f}."]
        lines.append("")
    lines += ["### Do 95 % intervals hold the exact value?", "", "| method | budget | inside | asked | share |", "|---|---:|---:|---:|---:|"]
    for method in ("kernel", "permutation"):
        for budget in budgets:
            mine = [r for r in rows if r["program"] == "ronghe" and r["method"] == method and int(r["budget"]) == budget]
            inside, asked = sum(int(r["inside"]) for r in mine), sum(int(r["asked"]) for r in mine)
            if asked:
                lines.append(f"| {method} | {budget} n | {inside:,} | {asked:,} | {100 * inside / asked:.1f} % |")
    for game in names:
        curves = {n: [(b, means[game, n, b]) for b in budgets if means.get((game, n, b), 0) > 1e-20] for n in COLOURS}
        plot(folder, f"game-{game}", {n: c for n, c in curves.items() if c}, "evaluations a player", "relative squared error", game)
    lines += ["", " ".join(f"![{game}](plots/game-{game}.svg)" for game in names)]
    return lines


def beside(rows):
    """The section on shapiq's estimators."""
    budgets, names = sorted({int(r["budget"]) for r in rows}), sorted({r["game"] for r in rows})
    cells = collections.defaultdict(list)
    for row in rows:
        cells[row["game"], PEERS[row["program"], row["method"]], int(row["budget"])].append(row)
    means = {k: statistics.fmean(float(r["squared_error"]) for r in v) for k, v in cells.items()}
    some = cells[names[0], "Ronghe kernel", budgets[-1]]
    lines = ["", f"## Beside shapiq 1.8, {rows[0]['date']}", "",
             f"Mean squared error over {len({r['row'] for r in some})} rows, {len({r['seed'] for r in some})} seeds, players and outputs, relative to "
             "the mean square of the exact values, at equal numbers of different coalitions; shapiq with its own settings and the "
             "extra `proxy` (LightGBM, XGBoost). Games with steps (voting, airport, glove): 12 players, random weights, costs and hands. "
             "Ratio: the best of shapiq's over our kernel; below 1 we lose. Time is not compared.", ""]
    for budget in budgets:
        lines += [f"### {budget} n evaluations beside shapiq", "", "| game | " + " | ".join(PEERS.values()) + " | ratio |",
                  "|---|" + "---:|" * (len(PEERS) + 1)]
        ratios = collections.defaultdict(list)
        for game in names:
            value = {n: means.get((game, n, budget)) for n in PEERS.values()}
            text = ["-" if v is None else f"{v:.2e}" for v in value.values()]
            mine, theirs = value["Ronghe kernel"], {n: v for n, v in value.items() if not n.startswith("Ronghe") and v is not None}
            if mine is None or mine < 1e-20 or not theirs:
                ratio = "-"
            else:
                for name, v in theirs.items():
                    ratios[name].append(v / mine)
                ratios["best"].append(min(theirs.values()) / mine)
                ratio = f"{ratios['best'][-1]:.2f}"
            lines.append(f"| {game} | " + " | ".join(text) + f" | {ratio} |")
        means_of = {n: math.exp(statistics.fmean(math.log(max(r, 1e-12)) for r in v)) for n, v in ratios.items()}
        lines += ["", "Geometric means of the ratios: " + ", ".join(f"{n} {m:.1f}" for n, m in means_of.items()) + "."]
        lost = [f"{game}" for game, r in zip(names, ratios["best"]) if r < 1]
        lines += ["We lose on: " + (", ".join(lost) if lost else "none") + ".", ""]
    lines += ["### Do 95 % intervals hold the exact value, game by game?", "",
              "Of players with an error above 0; shapiq gives no errors.", "",
              "| method | budget | " + " | ".join(names) + " | all |", "|---|---:|" + "---:|" * (len(names) + 1)]
    for method in ("Ronghe kernel", "Ronghe permutation"):
        for budget in budgets:
            shares, whole = [], [0, 0]
            for game in names:
                mine = cells[game, method, budget]
                inside, asked = (sum(int(r[f]) for r in mine) for f in ("inside", "asked"))
                whole = [whole[0] + inside, whole[1] + asked]
                shares.append(f"{100 * inside / asked:.1f} %" if asked else "-")
            lines.append(f"| {method} | {budget} n | " + " | ".join(shares) + f" | {100 * whole[0] / max(whole[1], 1):.1f} % |")
    return lines


def plot(folder, name, curves, x, y, title):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "ronghe"
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    for label, points in sorted(curves.items()):
        axes.plot(*zip(*points), marker="o", markersize=4, label=label, color=COLOURS[label])
    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y, title=title)
    axes.grid(alpha=0.25, which="both", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.tight_layout()
    (folder / "plots").mkdir(exist_ok=True)
    figure.savefig(folder / "plots" / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)
