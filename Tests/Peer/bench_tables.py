#!/usr/bin/env python3
"""Tables of what launch/bench has measured.

usage: bench_tables.py RESULTS.jsonl [--write FILE.md]

Prints every table; with --write puts each one between the lines `<!-- begin NAME -->` and `<!-- end -->` of the file.
"""
import json
import re
import sys
from statistics import median

import bench_scaling

MODELS = {"resnet8": "ResNet-8", "resnet18": "ResNet-18"}


class Results:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.lines = [json.loads(line) for line in file]

    def find(self, who, benchmark, **wanted):
        return [
            line["result"] for line in self.lines
            if line["who"] == who and line["result"]["benchmark"] == benchmark
            and all(line["result"].get(key) == value for key, value in wanted.items())]

    def middle(self, key, who, benchmark, **wanted):
        """The median over rounds; None where nothing was measured."""
        values = [result[key] for result in self.find(who, benchmark, **wanted) if key in result]
        return median(values) if values else None

    def rate(self, who, benchmark, **wanted):
        """Images for a second of one core's time."""
        seconds = self.middle("seconds_cpu", who, benchmark, **wanted)
        return self.find(who, benchmark, **wanted)[0]["batch"] / seconds if seconds else None

    def fastest(self, who, benchmark, **wanted):
        """The same of the fastest single run: what an idle machine would give."""
        return max((line["batch"] / line["seconds_best"] for line in self.find(who, benchmark, **wanted)), default=None)


def number(value, digits=3):
    if value is None:
        return "–"
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if "e" in text or abs(value) >= 100 else text


def ratio(a, b):
    return "–" if not a or not b else f"**{a / b:.1f}**" if a >= b else f"{a / b:.2f}"


def markdown(head, rows):
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|---|" + "--:|" * (columns - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def machine(results):
    about = results.find("machine", "machine")[0]
    peaks = [line["result"]["peak_gflops"] for line in results.lines if line["result"].get("ranks") == 1]
    shares = [
        result["seconds_cpu"] / result["seconds_median"] for who in ("pag", "peer")
        for result in results.find(who, "step") if result["seconds_median"] > 0.01]
    rounds = max(line["round"] for line in results.lines)
    torch = next((line["result"]["framework"] for line in results.lines if "framework" in line["result"]), None)
    shared = " **Others used the machine: rows of several ranks say little.**" if median(shares) < 0.9 else ""
    changed = "" if about["changed"] == "0" else " with changes"
    return (
        f"{about['date']}, {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}; commit {about['commit']}"
        f"{changed}; {torch or 'no PyTorch'}; {rounds} round{'s' if rounds > 1 else ''}. Load average at the start "
        f"{about['load']}; in the middle of all steps a process had {100 * median(shares):.0f} % of its core "
        f"({100 * min(shares):.0f} to {100 * min(1, max(shares)):.0f} %). Peak of multiply-adds: "
        f"{median(peaks):.1f} GFLOP/s a core (best {max(peaks):.1f}).{shared}")


def compare(results):
    rows = []
    for model, name in MODELS.items():
        for task, objective in (("aligned step", "pag"), ("plain step", "ce"), ("inference", "infer")):
            rows += comparison(results, f"{name}, {task}", "step", model=model, objective=objective)
        rows += comparison(
            results, f"{name}, attack's input gradient", "attack", model=model, attack="input gradient")
    return markdown(
        "images a second of one core | pag | PyTorch, authors' form | PyTorch, loop | PyTorch, strongest "
        "| pag / authors' | pag / strongest | fastest runs | peak memory, MB", rows)


def comparison(results, name, benchmark, **shared):
    """A row, or none where pag was not measured."""
    if not results.find("pag", benchmark, **shared):
        return []
    mine = results.rate("pag", benchmark, **shared)
    keys = ("form", "layout", "precision", "compiled")
    ways = {
        tuple(line.get(key) for key in keys): {key: line[key] for key in keys if key in line}
        for line in results.find("peer", benchmark, **shared)}
    rates, fastest, memory = (
        {way: measure(which) for way, which in ways.items()} for measure in (
            lambda which: results.rate("peer", benchmark, **which, **shared),
            lambda which: results.fastest("peer", benchmark, **which, **shared),
            lambda which: results.middle("peak_rss_mb", "peer", benchmark, **which, **shared)))
    best = max(rates, key=rates.get, default=None)

    def of_form(form):
        return max((rate for way, rate in rates.items() if way[0] == form), default=None)
    reference, loop = of_form("reference"), of_form("loop")
    words = [] if best is None else [ways[best].get("precision"), "compiled" if ways[best].get("compiled") else None]
    return [[
        f"{name}, batch {results.find('pag', benchmark, **shared)[0]['batch']}", number(mine), number(reference),
        number(loop), " ".join([number(rates.get(best))] + [word for word in words if word and word != "float32"]),
        ratio(mine, reference), ratio(mine, rates.get(best)),
        ratio(results.fastest("pag", benchmark, **shared), max(fastest.values(), default=None)),
        f"{number(results.middle('peak_rss_mb', 'pag', benchmark, **shared))} / {number(memory.get(best))}"]]


PASSES = ("forward", "inputGradient", "weightGradient")


def convolutions(results, images):
    rows = []
    layers = {
        line["layer"]: model for model in ("resnet18", "resnet8")
        for line in results.find("pag", "conv", model=model, images=images)}
    for layer in sorted(layers, key=lambda layer: (layer.split()[0], -side(layer))):
        row = [layer]
        for operation in PASSES:
            case = {"model": layers[layer], "images": images, "layer": layer, "operation": operation}
            chosen = results.find("pag", "conv", chosen=True, **case)[0]
            work = chosen["gflops_effective"] * chosen["seconds_median"]

            def speed(who, **more):
                seconds = results.middle("seconds_cpu", who, "conv", **case, **more)
                return inside(layer) * work / seconds if seconds else None
            mine = speed("pag", chosen=True)
            patches = speed("pag", method="patches")
            theirs = max(
                speed("peer", layout=layout, **precision) or 0 for layout in ("nhwc", "nchw")
                for precision in ({"precision": "float32"}, {"precision": "bfloat16"}))
            row += [f"{mine:.0f} {chosen['method']}", number(patches), number(theirs or None), ratio(mine, theirs)]
        rows.append(row)
    head = "layer"
    for name in ("forward", "input gradient", "weight gradient"):
        head += f" | {name}: pag | patches | PyTorch | ratio"
    return markdown(head, rows)


def side(layer):
    """Of a layer's input: "3x3/1 64>64@32"."""
    return int(layer.split("@")[1])


def inside(layer):
    """The share of the direct method's multiplications that touch the image and not the margin of zeros around it."""
    kernel, stride = int(layer[0]), int(layer.split("/")[1].split()[0])
    size, margin = side(layer), kernel // 2
    places = [stride * place + tap - margin for place in range(size // stride) for tap in range(kernel)]
    return (sum(0 <= place < size for place in places) / len(places)) ** 2


# Nine of ten classes' streams are computed.
STREAMS = 0.9
# Multiplications of the direct method for one of Winograd's.
SAVED = {"winograd4": 4, "winograd2": 2.25, "winogradStrided": 16 / 9}


def passes(results, model, operation, images, layer=None):
    """Seconds and GFLOP, effective and true, of all convolutions of a network, or those like one layer."""
    lines = results.find("pag", "conv", model=model, images=images, operation=operation, chosen=True)
    seconds = effective = true = 0
    for line in {line["layer"]: line for line in lines}.values():
        if layer not in (None, line["layer"]):
            continue
        case = {"model": model, "images": images, "operation": operation, "layer": line["layer"], "chosen": True}
        work = line["layers"] * line["gflops_effective"] * line["seconds_median"]
        seconds += line["layers"] * results.middle("seconds_cpu", "pag", "conv", **case)
        effective += work
        true += work / SAVED.get(line["method"], 1)
    return seconds, effective, true


def layers(results):
    """The convolutions of the aligned step of 16 images, by layer."""
    rows = []
    peak = median(line["peak_gflops"] for line in results.find("pag", "conv"))
    for model, name in MODELS.items():
        found = results.find("pag", "conv", model=model, images=160, operation="forward", chosen=True)
        sums = {}
        for layer, line in {line["layer"]: line for line in found}.items():
            seconds = effective = true = 0
            for operation in PASSES:
                for images, factor in ((16, 1), (160, STREAMS)):
                    part = passes(results, model, operation, images, layer)
                    seconds, effective, true = (
                        old + factor * new for old, new in zip((seconds, effective, true), part))
            sums[layer] = (line["layers"], seconds, effective, true)
        whole = sum(seconds for _, seconds, _, _ in sums.values())
        for layer, (count, seconds, effective, true) in sums.items():
            rows.append([
                f"{name}, {layer}", str(count), f"{1000 * seconds:.1f} ms", f"{100 * seconds / whole:.0f} %",
                f"{effective / seconds:.0f}", f"{100 * true / seconds / peak:.0f} %"])
    return markdown(
        "convolutions of an aligned step of 16 images | layers | in all | share | effective GFLOP/s "
        "| true multiplications, share of the peak", rows)


def parts(results):
    """The aligned and the plain step of 16 images, as what their convolutions take one by one, and the rest."""
    rows = []
    for model, name in MODELS.items():
        for task, objective in (("aligned step", "pag"), ("plain step", "ce")):
            whole = results.middle(
                "seconds_cpu", "ranks", "step", model=model, objective=objective, ranks=1, batch=16)
            if not whole or not results.find("pag", "conv", model=model, images=160):
                continue
            cells = []
            for operation in PASSES:
                seconds = passes(results, model, operation, 16)[0]
                if objective == "pag":
                    seconds += STREAMS * passes(results, model, operation, 160)[0]
                cells.append(seconds)
            convolutions = sum(cells)
            cells.append(whole - convolutions)
            rows.append(
                [f"{name}, {task}", f"{1000 * whole:.0f} ms"] + [f"{100 * part / whole:.0f} %" for part in cells]
                + [number(16 / convolutions)])
    return markdown(
        "step of 16 images | in all | convolutions forward | input gradients | weight gradients | all else "
        "| images/s if all else were free", rows)


KINDS = (
    ("products of Winograd's planes", r"PanelProduct|WinogradWeightGradient.*(addProducts|gatherPanels)"),
    ("transforms and their scatter and gather", r"Winograd|LineTransform|Panel\."),
    ("direct convolution: 1x1, first layer", r"WindowProduct|DirectWeightGradient|DirectConvolution|"
     r"DirectInputGradient|FewChannel|PaddedImages"),
    ("normalisation, activation, sums, masks", r"elementwise|run<|specialized run|columnSums|[rR]ectif|Mask|activated|"
     r"accumulate|reduc|sum|broadcast|Affine|scaled"),
    ("copies", r"memmove|memset|memcpy"),
)


def profile(results):
    names = [kind for kind, _ in KINDS] + ["everything else"]
    columns = []
    for model in MODELS:
        shares = dict.fromkeys(names, 0.0)
        for line in results.find("profile", "profile", model=model):
            # The yardstick, and the fetching of memory, which only the first step does.
            if re.search("ArithmeticPeak|clear_page", line["symbol"]):
                continue
            kind = next((kind for kind, pattern in KINDS if re.search(pattern, line["symbol"])), names[-1])
            shares[kind] += line["share"]
        total = sum(shares.values())
        columns.append({kind: f"{100 * share / total:.0f} %" if total else "–" for kind, share in shares.items()})
    return markdown(
        "samples of the aligned step, batch 16 | " + " | ".join(MODELS.values()),
        [[name] + [column[name] for column in columns] for name in names])


def ranks(results):
    rows = []
    counts = sorted({line["result"]["ranks"] for line in results.lines if line["who"] == "ranks"})
    for model, name in MODELS.items():
        for task, objective in (("aligned step", "pag"), ("plain step", "ce")):
            case = {"model": model, "objective": objective}
            alone = results.middle("images_per_s", "ranks", "step", ranks=1, **case)
            for count in counts:
                rate = results.middle("images_per_s", "ranks", "step", ranks=count, **case)
                share, last = (
                    results.middle(name, "ranks", "step", ranks=count, **case)
                    for name in ("summing_share", "summing_share_of_last"))
                found = results.find("ranks", "step", ranks=count, **case)
                if not found or not alone:
                    continue
                low, high = (median(line["seconds_computing"][end] for line in found) for end in ("min", "max"))
                core = median(line["seconds_cpu"] / line["seconds_median"] for line in found)
                rows.append([
                    f"{name}, {task}", str(count), number(rate), f"{100 * rate / alone / count:.0f} %",
                    f"{100 * min(1, core):.0f} %",
                    *("–" if part is None else f"{100 * part:.1f} %" for part in (share, last)),
                    f"{1000 * low:.0f} to {1000 * high:.0f} ms"])
    return markdown(
        "16 images a rank | ranks | images/s | efficiency | of its core | in the sum | of the last to come "
        "| computing, ranks", rows)


def allreduce(results):
    rows = []
    for key in dict.fromkeys((r["ranks"], r["method"], r["bucket"]) for r in results.find("ranks", "allreduce")):
        case = dict(zip(("ranks", "method", "bucket"), key))
        times = [
            1000 * pick(r[name] for r in results.find("ranks", "allreduce", **case))
            for name, pick in (("seconds_best", min), ("seconds_median", median), ("seconds_worst", max))]
        name = key[1] if key[1] == "MPI_Allreduce" else f"tree, buckets of {key[2] * 4 >> 20} MB"
        rows.append([f"{name}, {key[0]} ranks"] + [f"{time:.1f}" for time in times])
    return markdown("44.7 MB, ms | best | median | worst", rows)


def others(results):
    rows = []
    for line in results.find("ranks", "attack", attack="pgd"):
        case = {"attack": "pgd", "ranks": line["ranks"]}
        found = results.find("ranks", "attack", **case)
        idle = " to ".join(f"{100 * median(r['idle_share'][end] for r in found):.1f}" for end in ("min", "max"))
        rows.append([
            f"ResNet-8, PGD of {line['steps']} steps", str(line["ranks"]),
            number(results.middle("images_per_s", "ranks", "attack", **case)), f"{idle} %"])
    for line in results.find("ranks", "data"):
        rows.append([
            f"reading and augmenting, {line['dataset']}", str(line["ranks"]),
            number(results.middle("images_per_s", "ranks", "data", ranks=line["ranks"])), "–"])
    return markdown("work | ranks | images/s | idle, ranks", list(dict.fromkeys(map(tuple, rows))))


def scaling(results, objective):
    step = {"model": "resnet18", "objective": objective, "ranks": 1}
    computing = results.middle("seconds_cpu", "ranks", "step", **step)
    pair = results.find("ranks", "allreduce", method="tree", ranks=2)
    if not computing or not pair:
        return "Not measured: a machine with two cores is needed."
    vector = results.find("ranks", "step", **step)[0]["bytes_summed"]
    best = min(line["seconds_best"] for line in pair)
    return bench_scaling.table(computing, vector, best)


def main(arguments):
    results = Results(arguments[0])
    tables = {
        "machine": machine(results), "compare": compare(results), "convolutions": convolutions(results, 16),
        "convolutions of 160": convolutions(results, 160), "parts": parts(results), "layers": layers(results),
        "profile": profile(results), "ranks": ranks(results), "allreduce": allreduce(results),
        "others": others(results), "scaling-pag": scaling(results, "pag"), "scaling-ce": scaling(results, "ce")}
    for name, text in tables.items():
        print(f"\n{name}\n{text}")
    if arguments[1:2] == ["--write"]:
        with open(arguments[2], encoding="utf-8") as file:
            page = file.read()
        for name, text in tables.items():
            begin = f"<!-- begin {name} -->\n"
            start = page.index(begin) + len(begin)
            page = page[:start] + text + "\n" + page[page.index("<!-- end -->", start):]
        with open(arguments[2], "w", encoding="utf-8") as file:
            file.write(page)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    main(sys.argv[1:])
