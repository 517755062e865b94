"""What the three papers claim, and what became of each claim here; every verdict follows from stored answers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils import studies
from fer_utils.models import ding2023
from fer_utils.reporting import literature
from fer_utils.reporting.text import percent

HOLDS, FAILS, UNTESTABLE = "holds", "does not hold", "not testable here"
DING, LIGHT, CHAIN = "Ding, Tang & Lu 2023", "MobileNetV2 + Inception, 2019", "Valverde & Lim 2022"
#: What a ratio of two times has to be above before we call one thing faster: what the same file measured twice varies.
FASTER = 1.1
COMPILERS = {"xla": "XLA", "litert": "LiteRT", "openvino": "OpenVINO"}


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
        name: studies.load(name).answer for name in ("sizes", "split", "lightweight2019", "compression", "one_protocol")
    }
    lines = [
        (DING, "The network has 542,136 parameters.", *_parameters(answer["sizes"])),
        (DING, "At least 47.28 times fewer parameters than the state of the art on RAVDESS.", *_ratio(answer["sizes"])),
        (DING, "Fewer parameters are expected to give faster execution.", *_faster(answer["sizes"])),
        (DING, "92 % accuracy on RAVDESS.", *_accuracy(answer["split"])),
        (DING, "More accurate than the majority of networks, except one LSTM.", *_majority()),
        (LIGHT, "Less computation, and a small size.", *_small(answer["lightweight2019"])),
        (LIGHT, "Relatively high accuracy, read as: more accurate than its three larger rivals.", *_rivals(answer)),
        (CHAIN, "Neighbours and small ANNs have a low accuracy.", *_simple(answer["one_protocol"])),
        (CHAIN, "Pruning single weights lowers the computational cost.", *_pruned(answer["compression"], "weights")),
        (CHAIN, "Pruning whole filters lowers the computational cost.", *_pruned(answer["compression"], "filters")),
        (CHAIN, "Quantisation reduces the memory.", *_quantised(answer["compression"])),
        (CHAIN, "A compiler improves the speed.", *_compiled(answer["compression"])),
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
        f"As printed it is {row['as_printed']:.2f}, but it divides a network for 1,000 labels by one for eight. With "
        f"eight labels on both sides it is {row['heads_8_ours']:.1f}."
    )
    return _judged(row["as_printed"] >= 47.28, why)


def _faster(sizes: Mapping) -> tuple[str, str]:
    times = {name: _system(sizes, name)["latency"]["times"] for name in ("resnet50", "alexnet")}
    why = (
        f"For one face ResNet50 takes {times['resnet50']:.1f} times as long, and AlexNet {times['alexnet']:.1f} times. "
        "The order by parameters is not the order by time."
    )
    return _judged(min(times.values()) > FASTER, why)


def _accuracy(split: Mapping) -> tuple[str, str]:
    rows = {(row["unit"], row["twins"]): row["accuracy"]["value"] for row in split["rows"]}
    why = (
        "The real clips are not at hand, and the paper does not say how the frames were divided. On drawn actors the "
        f"same network reads {percent(rows['actor', False])} of strangers' faces after {split['epochs']} epochs, and "
        f"{percent(rows['frame', True])} with frames divided at random and every clip in the data twice."
    )
    return UNTESTABLE, why


def _majority() -> tuple[str, str]:
    ahead = []
    for dataset in ("ravdess", "savee"):
        table = literature.reported_results(dataset)
        table = table[table["source"].str.startswith("Ding")].set_index("system")["accuracy"]
        own = table["2D CNN (Ding et al. 2023)"]
        ahead += [name for name, value in table.items() if value > own]
    return _judged(len(ahead) == 1, f"In its own two tables {len(ahead)} networks are ahead: {'; '.join(ahead)}.")


def _small(light: Mapping) -> tuple[str, str]:
    counts = {row["name"]: row["parameters"] for row in light["rows"]}
    own = counts.pop("mobilenet_inception2019")
    why = f"As we read the abstract it has {own:,} parameters; its rivals have {min(counts.values()):,} or more."
    return _judged(own < min(counts.values()), why)


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
        f"{percent(least['train_accuracy'])} of its own training faces. Their trainings under one protocol are missing."
    )
    return UNTESTABLE, why


def _simple(protocol: Mapping) -> tuple[str, str]:
    network = {row["name"]: row["network"] is not None for row in protocol["rows"]}
    against = [row for row in protocol["comparisons"] if network[row["first"]] and not network[row["second"]]]
    judged = [row for row in against if row["verdict"] != "no verdict"]
    if not judged:
        return UNTESTABLE, "Not enough trainings under one protocol have converged."
    higher = [f"{row['first']} over {row['second']}" for row in judged if row["verdict"] == "higher"]
    best = max((row for row in protocol["rows"] if row["by"] == "actor"), key=lambda row: row["accuracy"]["value"])
    why = (
        f"Of {len(judged)} comparisons of a network with a simple method on HOG, on strangers, networks are ahead in "
        f"{len(higher)}. The most accurate method is {best['name']}, {percent(best['accuracy']['value'])}."
    )
    return _judged(len(higher) == len(judged), why)


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
