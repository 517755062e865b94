"""What the three papers claim, and what became of each claim here; every verdict follows from stored answers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils import metrics, studies
from fer_utils.models import ding2023
from fer_utils.reporting import literature
from fer_utils.reporting.protocol_tables import MARGIN, WHOLE_FACE
from fer_utils.reporting.text import percent

HOLDS, FAILS, UNTESTABLE = "holds", "does not hold", "not testable here"
DING, LIGHT, CHAIN = "Ding, Tang & Lu 2023", "MobileNetV2 + Inception, 2019", "Valverde & Lim 2022"
#: What a ratio of two times has to be above before we call one thing faster: what the same file measured twice varies.
FASTER = 1.1
COMPILERS = {"xla": "XLA", "litert": "LiteRT", "openvino": "OpenVINO"}
#: Rivals in the tables of 2023 that could be built and are given one face; its LSTM is given a whole clip.
RIVALS_2023 = {"resnet50": "ResNet50", "alexnet": "AlexNet", "vgg16": "VGG16"}
#: What the abstract of 2023 says of its parameters.
PRINTED_RATIO = 47.28
#: Old methods that the abstract of 2022 names: classifier of ``one_protocol`` -> words.
OLD_METHODS = {"nearest neighbours": "nearest neighbours", "ANN": "artificial neural network of 64 units"}
#: Frames a second from which a chain is called real time: the frame rate of RAVDESS's clips.
REAL_TIME = 30


def claims() -> pd.DataFrame:
    """One line a claim: ``paper``, ``claim``, ``verdict`` and ``why``, with the numbers of the stored answers.

    Returns
    -------
    DataFrame; ``verdict`` is *holds*, *does not hold* or *not testable here*.

    Raises
    ------
    FerError : a stored answer that it needs is missing.
    """
    answer = {
        name: studies.load(name).answer
        for name in ("sizes", "paper_figures", "lightweight2019", "compression", "one_protocol")
    }
    old = _old_methods(answer["one_protocol"])
    lines = [
        (DING, "The network has 542,136 parameters.", *_parameters(answer["sizes"])),
        (DING, "At least 47.28 times fewer parameters than the state of the art on RAVDESS.", *_ratio(answer["sizes"])),
        (DING, "Fewer parameters are expected to give faster execution.", *_faster(answer["sizes"])),
        (DING, "92 % accuracy on RAVDESS.", *_accuracy(answer["one_protocol"])),
        (DING, "94 % accuracy on SAVEE.", *_accuracy_savee(answer["paper_figures"])),
        (DING, "More accurate than the majority of networks, except one LSTM.", *_majority()),
        (LIGHT, "Less computation, and a small size.", *_small(answer["lightweight2019"])),
        (LIGHT, "Relatively high accuracy, read as: more accurate than its three larger rivals.", *_rivals(answer)),
        (CHAIN, "Nearest neighbours have a low accuracy.", *old["nearest neighbours"]),
        (CHAIN, "Small artificial neural networks have a low accuracy.", *old["ANN"]),
        (CHAIN, "Pruning single weights lowers the computational cost.", *_pruned(answer["compression"], "weights")),
        (CHAIN, "Pruning whole filters lowers the computational cost.", *_pruned(answer["compression"], "filters")),
        (CHAIN, "Quantisation reduces the memory.", *_quantised(answer["compression"])),
        (CHAIN, "A compiler improves the speed.", *_compiled(answer["compression"])),
        (CHAIN, "Optimised, it is more efficient than VGG-Net and ResNet50.", *_optimised(answer["compression"])),
        (CHAIN, "The whole system runs in real time.", *_real_time(answer["compression"])),
    ]
    return pd.DataFrame(lines, columns=["paper", "claim", "verdict", "why"])


def _judged(holds: bool, why: str) -> tuple[str, str]:
    return (HOLDS if holds else FAILS), why


def _system(sizes: Mapping, name: str) -> Mapping:
    return next(row for row in sizes["systems"] if row["name"] == name)


def _parameters(sizes: Mapping) -> tuple[str, str]:
    count = _system(sizes, "ding2023")["ours"]["parameters"]
    return _judged(count == ding2023.PRINTED, f"Rebuilt, with eight labels and faces of 180 x 180: {count:,}.")


def _ratio(sizes: Mapping) -> tuple[str, str]:
    row = next(row for row in sizes["ratios"] if row["of"] == "resnet50")
    why = (
        f"The printed counts give {row['as_printed']:.2f}, but they are of a network for 1,000 labels and of one for "
        f"eight. With eight labels on both sides it is {row['heads_8_ours']:.1f}."
    )
    return _judged(row["heads_8_ours"] >= PRINTED_RATIO, why)


def _faster(sizes: Mapping) -> tuple[str, str]:
    """Faster than each rival; whether that is owed to the parameters is said beside it."""
    times = {words: _system(sizes, name)["latency"] for name, words in RIVALS_2023.items()}
    parts = [
        f"{name} {found['times']:.1f} times as long ({found['low']:.1f} to {found['high']:.1f})"
        for name, found in times.items()
    ]
    nano = _system(sizes, "nano")
    fewer = _system(sizes, "ding2023")["ours"]["parameters"] / nano["ours"]["parameters"]
    why = (
        f"For one face in Keras the rivals of its tables take longer than the network: {'; '.join(parts)}; in brackets "
        f"the lowest and highest of {sizes['blocks']} blocks. Parameters alone do not decide it: nano, with "
        f"{fewer:.0f} times fewer, takes {nano['latency']['times']:.1f} times as long."
    )
    return _judged(min(found["low"] for found in times.values()) > FASTER, why)


def _accuracy(protocol: Mapping) -> tuple[str, str]:
    rows = {row["name"]: row for row in protocol["rows"]}
    strangers, twins = rows["ding2023"], rows["ding2023, frames at random, twins"]
    why = (
        "The real clips are not at hand, and the paper does not say how the frames were divided. On drawn actors the "
        f"same network, on faces of {strangers['size']} pixels, reads {percent(strangers['accuracy']['value'])} of "
        f"strangers' faces, and {percent(twins['accuracy']['value'])} with frames divided at random and every clip in "
        f"the data twice ({twins['converged']} of {twins['trainings']} trainings converged)."
    )
    return UNTESTABLE, why


def _accuracy_savee(figures: Mapping) -> tuple[str, str]:
    panel = next(panel for panel in figures["panels"] if panel["name"] == "SAVEE after")
    why = (
        "The real clips are not at hand, and the paper does not say how the frames were divided. With frames divided "
        f"at random the network reads {percent(panel['accuracy']['value'])} of {panel['accuracy']['groups']} drawn "
        f"actors' faces after {panel['epochs']} epochs."
    )
    return UNTESTABLE, why


def _majority() -> tuple[str, str]:
    """By the paper's own two tables; nothing is measured here."""
    ahead, rivals = [], 0
    for dataset in ("ravdess", "savee"):
        table = literature.reported_results(dataset)
        table = table[table["source"].str.startswith("Ding")].set_index("system")["accuracy"]
        own = table["2D CNN (Ding et al. 2023)"]
        ahead += [name for name, value in table.items() if value > own]
        rivals += len(table) - 1
    why = (
        f"By its own two tables (nothing was measured here) it is ahead of {rivals - len(ahead)} of {rivals} rows, and "
        f"{len(ahead)} networks are ahead of it: {'; '.join(ahead)}."
    )
    return _judged(len(ahead) == 1, why)


def _small(light: Mapping) -> tuple[str, str]:
    rows = {row["name"]: row for row in light["rows"]}
    own = rows.pop("mobilenet_inception2019")
    least = {cost: min(row[cost] for row in rows.values()) for cost in ("parameters", "macs")}
    why = (
        f"As we read the abstract (the widths are ours) it has {own['parameters']:,} parameters and "
        f"{own['macs'] / 1e6:.1f} million multiply-accumulates; each rival has {least['parameters']:,} and "
        f"{least['macs'] / 1e6:.1f} million or more."
    )
    return _judged(all(own[cost] < least[cost] for cost in least), why)


def _rivals(answer: Mapping) -> tuple[str, str]:
    """Under one protocol, if all four have converged there; else the short training decides nothing."""
    rows = {row["name"]: row for row in answer["one_protocol"]["rows"]}
    names = [row["name"] for row in answer["lightweight2019"]["rows"]]
    if all(name in rows and rows[name]["witness"] for name in names):
        verdicts = [
            row["verdict"]
            for row in answer["one_protocol"]["comparisons"]
            if row["first"] == "mobilenet_inception2019" and row["second"] in names
        ]
        higher = verdicts.count("higher")
        return _judged(
            higher == len(verdicts), f"Trained until validation stops it: ahead of {higher} of {len(verdicts)}."
        )
    least = min(answer["lightweight2019"]["rows"], key=lambda row: row["train_accuracy"])
    why = (
        f"The four were trained for {answer['lightweight2019']['epochs']} epochs; {least['name']} reads only "
        f"{percent(least['train_accuracy'])} of its own training faces. "
    )
    own, *rivals = names
    if own in rows and rows[own]["witness"]:
        missing = [name for name in rivals if not (name in rows and rows[name]["witness"])]
        reads = percent(rows[own]["accuracy"]["value"])
        why += (
            f"Trained until validation stops it, {own} reads {reads} of drawn strangers; not trained far enough: "
            f"{', '.join(missing)}."
        )
    else:
        why += "Their trainings under one protocol are missing."
    return UNTESTABLE, why


def _old_methods(protocol: Mapping) -> dict[str, tuple[str, str]]:
    """Verdict and reason on each of `OLD_METHODS` on HOG, against every network whose trainings have converged.

    *Low* means that every network is ahead.  *Not low* means that none can be ahead by `MARGIN`, on faces of the same
    size: a method that is given larger faces is not shown to be as good.  What lies between decides nothing.  All
    comparisons are corrected together.
    """
    rows = [row for row in protocol["rows"] if row["by"] == "actor" and row["witness"]]
    networks = [row for row in rows if row["network"] is not None and not row["options"]]
    sides = {row["size"] for row in networks}
    simple: dict[str, Mapping] = {}
    for row in rows:
        if row["features"] == "HOG" and row["classifier"] in OLD_METHODS:
            known = simple.setdefault(row["classifier"], row)
            if {row["size"]} == sides and {known["size"]} != sides:
                simple[row["classifier"]] = row
    found = metrics.compare_by_person(
        {
            (classifier, net["name"]): (net["by_actor"], row["by_actor"])
            for classifier, row in simple.items()
            for net in networks
        }
    )
    judged = {}
    for classifier, words in OLD_METHODS.items():
        against = {name: one for (which, name), one in found.items() if which == classifier}
        if not against:
            judged[classifier] = UNTESTABLE, "Not enough trainings under one protocol have converged."
            continue
        row = simple[classifier]
        parts = [
            f"{name} {100 * one['value']:+.1f} points ({100 * one['low']:+.1f} to {100 * one['high']:+.1f})"
            for name, one in against.items()
        ]
        why = (
            f"{words.capitalize()} on HOG, faces of {row['size'] or WHOLE_FACE} pixels: "
            f"{percent(row['accuracy']['value'])} of drawn strangers' faces. Networks on faces of "
            f"{' or '.join(map(str, sorted(sides)))} pixels, minus that (not on the list of planned comparisons): "
            f"{'; '.join(parts)}. Xception, the paper's own network, is not trained under this protocol."
        )
        if all(one["verdict"] == "higher" for one in against.values()):
            judged[classifier] = HOLDS, why
        elif {row["size"]} == sides and all(one["high"] < MARGIN for one in against.values()):
            judged[classifier] = FAILS, why
        else:
            judged[classifier] = UNTESTABLE, why
    return judged


def _row(compression: Mapping, network: str, form: str = "litert", quantize: str | None = None) -> Mapping:
    return next(
        row
        for row in compression["rows"]
        if (row["network"], row["form"], row["quantize"]) == (network, form, quantize)
    )


def _pruned(compression: Mapping, what: str) -> tuple[str, str]:
    whole, pruned = _row(compression, "xception"), _row(compression, f"xception, {what} pruned")
    times = pruned["ratio_1"] / whole["ratio_1"]
    gone = compression["networks"][f"xception, {what} pruned"]["macs"] / compression["networks"]["xception"]["macs"]
    why = f"In LiteRT it is {times:.2f} times as fast as the whole network, with {percent(gone, 0)} of its operations."
    return _judged(times > FASTER, why)


def _quantised(compression: Mapping) -> tuple[str, str]:
    whole, small = _row(compression, "xception"), _row(compression, "xception", quantize="int8")
    why = (
        f"In 8 bits the file has {percent(small['bytes'] / whole['bytes'], 0)} of its bytes, and the process that runs "
        f"it takes {small['peak_mb']:.0f} MB of memory at most in place of {whole['peak_mb']:.0f}."
    )
    return _judged(small["bytes"] < whole["bytes"] and small["peak_mb"] < whole["peak_mb"], why)


def _compiled(compression: Mapping) -> tuple[str, str]:
    plain = _row(compression, "xception", "keras")
    times = {
        name: _row(compression, "xception", form)["ratio_1"] / plain["ratio_1"] for form, name in COMPILERS.items()
    }
    parts = [f"{name} {value:.1f} times as fast" for name, value in times.items()]
    why = f"Against eager Keras, one thread, float32: {', '.join(parts)}."
    return _judged(min(times.values()) > FASTER, why)


def _optimised(compression: Mapping) -> tuple[str, str]:
    small = _row(compression, "xception, filters pruned", quantize="int8")
    whole = _row(compression, "xception")
    rivals = {words: _row(compression, name) for name, words in (("vgg16", "VGG16"), ("resnet50", "ResNet50"))}
    parts = [f"{words} {row['latency_ms_1']:.1f} ms" for words, row in rivals.items()]
    why = (
        "In LiteRT on one thread, a face takes the optimised Xception (half of the filters, 8 bits) "
        f"{small['latency_ms_1']:.1f} ms; {', '.join(parts)}. But the rivals were not optimised: the whole Xception in "
        f"float32 takes {whole['latency_ms_1']:.1f} ms."
    )
    return _judged(min(small["ratio_1"] / row["ratio_1"] for row in rivals.values()) > FASTER, why)


def _real_time(compression: Mapping) -> tuple[str, str]:
    own = [row for row in compression["rows"] if row["network"].startswith("xception")]
    fastest, first = max(own, key=lambda row: row["ratio_1"]), _row(compression, "xception", "keras")
    front = compression["front"]
    before = front["faces_ms"] + front["landmarks_ms"]
    rates = [1000 / (before + row["latency_ms_1"]) for row in (fastest, first)]
    why = (
        f"dlib's face and landmarks in a picture of {front['picture'][0]} x {front['picture'][1]} pixels, and the "
        f"fastest form of Xception, on one thread of the study's machine: {rates[0]:.0f} frames a second, without "
        f"reading the video; {rates[1]:.0f} with Xception in eager Keras. dlib takes "
        f"{percent(before * rates[0] / 1000, 0)} of the time of the faster chain."
    )
    return _judged(rates[0] >= REAL_TIME, why)
