"""Tables and sentences of the chapter that compares with the state of the art, made from stored answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fer_utils.models import ding2023, landmark_lstm
from fer_utils.reporting import literature, protocol_tables
from fer_utils.reporting.text import percent, sentence, with_interval

#: Networks that the study ``sizes`` weighs for other chapters.
_OF_OTHER_CHAPTERS: tuple[str, ...] = ("nano", "mobilenetv2", "inceptionv3", "inception_resnetv2")
#: The other count of a ratio, as keys of the study's answer.
_SIDES: dict[str, str] = {
    "1000 classes against 8, as printed": "as_printed",
    "8 labels against 8, source's input": "heads_8_source",
    "8 labels against 8, 180×180 grey": "heads_8_ours",
}


def strangers_in_words(reported: pd.DataFrame) -> str:
    """What reported rows say that keep actors apart, and what the others say; see `literature.reported_results`."""
    apart = reported["split"].str.contains("actors")
    strangers, others = reported.loc[apart, "accuracy"], reported.loc[~apart, "accuracy"]
    return sentence(
        "The {few} rows that keep actors apart report {low:.1f} to {high:.1f} %. The {many} that do not say who is in "
        "the test report {least:.1f} to {most:.1f} %.",
        few=len(strangers),
        low=strangers.min(),
        high=strangers.max(),
        many=len(others),
        least=others.min(),
        most=others.max(),
    )


def small_networks_in_words(reported: pd.DataFrame) -> list[str]:
    """What the table of `small_networks` does not say, and which number asks for its split first."""
    unknown = int((reported["split"] == "not found out").sum())
    lie = reported[(reported["system"] == "LiExNet") & (reported["data set"] == "FER2013")]["accuracy, %"].iloc[0]
    return [
        f"Of {len(reported)} rows {unknown} do not say, in the source that we could read, how the data were divided.",
        f"The smallest network, `LiExNet`, reports {lie:.1f} % on FER2013. The winner of that competition had 71.2 %, "
        "and people who labelled the pictures again agreed with the labels on 65 ± 5 % "
        "([Goodfellow et al. 2013](https://arxiv.org/abs/1307.0414)). With a number so far above both, ask for the "
        "split first.",
    ]


def counted_systems(answer: Mapping) -> dict[str, Mapping]:
    """The systems of the study ``sizes`` that tables I and II name, by name."""
    return {row["name"]: row for row in answer["systems"] if row["name"] not in _OF_OTHER_CHAPTERS}


def counts_table(answer: Mapping) -> pd.DataFrame:
    """One line a system of the study ``sizes``.

    Returns
    -------
    DataFrame with ``system``; ``parameters``, ``million operations`` (multiply-accumulates) and ``file, MB`` with eight
    labels at this book's size; ``time`` of one input, ding2023 = 1, and of its blocks ``lowest and highest block``;
    ``as in``, ``input there`` and ``parameters there`` (1,000 classes, the source's own input).
    """
    return pd.DataFrame(
        [
            {
                "system": name,
                "parameters": row["ours"]["parameters"],
                "time": row["latency"]["times"],
                "lowest and highest block": f"{row['latency']['low']:.1f} to {row['latency']['high']:.1f}",
                "million operations": row["ours"]["macs"] / 1e6,
                "file, MB": row["ours"]["file_bytes"] / 1e6,
                "as in": row["stands_for"],
                "input there": "×".join(map(str, row["source"]["input"])),
                "parameters there, 1000 classes": row["source"]["parameters"],
            }
            for name, row in counted_systems(answer).items()
        ]
    )


def parameters_and_time_in_words(counts: pd.DataFrame) -> list[str]:
    """Who is smallest, fastest, largest and slowest in `counts_table`, and two pairs where size and time disagree."""
    size, time = (counts.set_index("system")[column].drop("landmark_lstm") for column in ("parameters", "time"))
    nearest = size.drop("ding2023").idxmin()
    ratio, more, fewer = max(
        (time[fewer] / time[more], more, fewer)
        for more in size.index
        for fewer in size.index
        if size[more] > size[fewer]
    )
    smallest, largest, fastest, slowest = size.idxmin(), size.idxmax(), time.idxmin(), time.idxmax()
    return [
        f"Of the systems that read one face, the smallest is `{smallest}`, and the fastest `{fastest}`. The largest is "
        f"`{largest}`, and the slowest `{slowest}`.",
        f"`{nearest}` has {size[nearest] / size['ding2023']:.2f} times the parameters of `ding2023` and takes "
        f"{time[nearest]:.1f} times as long.",
        f"`{more}` has {size[more] / size[fewer]:.1f} times the parameters of `{fewer}` and is done in "
        f"{percent(1 / ratio, 0)} of its time. Most of its parameters sit in dense layers, where each is used once; "
        "those of a convolution are used at every place of the picture.",
    ]


def printed_counts(answer: Mapping) -> pd.DataFrame:
    """One line a system whose count a paper prints: ``printed``, whether it was ``reproduced``, and ``by`` what."""
    return pd.DataFrame(
        [
            {
                "system": name,
                "printed": row["printed"],
                "reproduced": row["reproduced"],
                "by": row["by"],
                "where": row["printed_in"],
                "8 labels, our input": row["ours"]["parameters"],
                "8 labels, source's input": row["eight_at_source"],
                "1000 classes, source's input": row["source"]["parameters"],
            }
            for name, row in counted_systems(answer).items()
            if row["printed"]
        ]
    )


def counts_in_words(answer: Mapping) -> list[str]:
    """What has to be known before two counts can be compared, an item a sentence."""
    systems, found = counted_systems(answer), answer["lstm_candidates"]
    vgg, dense = systems["vgg16"], systems["densenet161"]["source"]
    return [
        "**Classes.** The printed counts of ResNet50 and AlexNet are those of networks for the thousand classes of "
        "ImageNet.",
        f"**Layers that count.** 'About 134 million' for VGG-Face is VGG16 without a layer of a thousand classes: it "
        f"has {vgg['eight_at_source']:,} with eight labels and {vgg['source']['parameters']:,} with a thousand.",
        f"**Trained or all.** DenseNet161 is known for {dense['trainable']:,} parameters. Keras says "
        f"{dense['parameters']:,}, because it also counts the moving statistics of batch normalisation.",
        f"**What is not printed.** {len(found)} networks of plain widths have the count of the LSTM, so none of them "
        f"can be called theirs. The table has the one whose layers are all {landmark_lstm.WIDTHS[-2]:,} units wide.",
        *(f"**Not built.** {name}: {why}." for name, why in answer["not_built"].items()),
    ]


def ratios(answer: Mapping) -> dict[str, float]:
    """Parameters of ResNet50 and AlexNet over those of the proposed network, with equal heads and inputs or not."""
    by_name = {row["of"]: row for row in answer["ratios"]}
    return {
        f"{label}, {side}": by_name[name][key]
        for label, name in (("ResNet50", "resnet50"), ("AlexNet", "alexnet"))
        for side, key in _SIDES.items()
    }


def ratio_in_words(answer: Mapping) -> list[str]:
    """What is left of the abstract's ratio with equal heads."""
    by_name = {row["of"]: row for row in answer["ratios"]}
    systems = counted_systems(answer)
    resnet, alexnet = by_name["resnet50"], by_name["alexnet"]
    return [
        f"**{resnet['printed']}** is {systems['resnet50']['printed']:,} / {ding2023.PRINTED:,} = "
        f"{resnet['as_printed']:.3f}, cut to two decimals. A ResNet50 for eight labels has "
        f"{systems['resnet50']['eight_at_source']:,} parameters, and the ratio is {resnet['heads_8_source']:.1f}.",
        f"AlexNet loses more, from {alexnet['as_printed']:.1f} to {alexnet['heads_8_ours']:.1f}: most of it is one "
        "dense layer behind the last feature map, and a smaller picture has a smaller map.",
    ]


def landmarks_in_words(answer: Mapping) -> list[str]:
    """What finding the landmarks costs, of the study ``before_networks``."""
    costs = {
        row["model"]: f"{100 * row['value']:.1f} points ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
        for row in answer["finding_costs"]
    }
    perfect = max(
        (row for row in answer["rows"] if "true" in row["feature"] and row["split"] == "actors apart"),
        key=lambda row: row["accuracy"]["value"],
    )
    mixed = np.array(perfect["confusion"]) / np.sum(perfect["confusion"], axis=1, keepdims=True)
    one, other = np.unravel_index(np.argmax(np.triu(mixed + mixed.T, 1)), mixed.shape)
    return [
        f"The found landmarks lie {percent(answer['landmark_error']['mean'])} of the distance between the eyes away "
        f"from the drawn ones. With the drawn ones the neighbours read {costs['KNN']} more of the strangers' faces, "
        f"and the ANN {costs['ANN']} ({len(perfect['by_actor'])} actors; 95 % intervals over actors; "
        f"{answer['settings']['epochs']} epochs of the ANN).",
        f"With perfect landmarks, too, *{answer['labels'][one]}* and *{answer['labels'][other]}* are the pair that is "
        "most often confused.",
    ]


def fair_in_words(compared: Mapping[tuple[str, str], Mapping]) -> list[str]:
    """The comparisons of `fer_utils.metrics.compare_by_person`, named by pairs of methods, an item each."""
    return [
        f"- {protocol_tables.comparison_in_words({'first': one, 'second': other, **found})}"
        for (one, other), found in compared.items()
    ]


def fair_title(compared: Mapping[tuple[str, str], Mapping], baseline: str) -> str:
    """Whether the methods are above the baseline on strangers, as the title of a figure."""
    verdicts = [found["verdict"] for (_, other), found in compared.items() if other == baseline]
    if verdicts and all(verdict == "higher" for verdict in verdicts):
        return f"On strangers the old methods beat the {baseline}"
    return f"On these people not every method is shown to be above the {baseline}"


def shown_methods(answer: Mapping) -> pd.DataFrame:
    """`protocol_tables.methods_table` with its interval and its trainings written out, for a table to be read."""
    methods = protocol_tables.methods_table(answer)
    return pd.DataFrame(
        {
            "method": methods["method"],
            "accuracy on strangers, %": [
                f"{row.accuracy:.1f} ({row.low:.1f} to {row.high:.1f})" for row in methods.itertuples()
            ],
            "parameters": methods["parameters"],
            "face, pixels": methods["face"],
            "million operations": methods["operations"],
            "training faces read, %": methods["training faces"],
            "trainings converged": [f"{row.converged} of {row.trainings}" for row in methods.itertuples()],
        }
    )


def protocol_rows(answer: Mapping) -> dict[str, dict[str, Mapping]]:
    """The accuracies on strangers for a dot plot, the most accurate first."""
    rows = {row["name"]: row for row in answer["rows"]}
    return {name: {"accuracy": rows[name]["accuracy"]} for name in protocol_tables.methods_table(answer)["method"]}


def protocol_title(answer: Mapping) -> str:
    """The first on strangers, as the title of a figure."""
    first = protocol_tables.methods_table(answer).iloc[0]
    return f"Highest: {first['method']}, {first['accuracy']:.0f} % of the faces of strangers"


def divisions_title(answer: Mapping) -> str:
    """What frames at random add to the methods, as the title of a figure."""
    added = [
        100 * (ways["frames at random"]["value"] - ways["strangers"]["value"])
        for ways in protocol_tables.divisions(answer).values()
        if "frames at random" in ways
    ]
    return f"Frames at random add {min(added):.0f} to {max(added):.0f} points to the same method"


def uncorrected_in_words(answer: Mapping) -> str:
    """How many comparisons would be findings alone and are none in their family."""
    judged = [row for row in answer["comparisons"] if row["verdict"] != "no verdict"]
    lost = sum(row["p"] < 0.05 <= row["p_holm"] for row in judged)
    if not lost:
        return "Every difference whose interval leaves out zero is a finding after the correction, too."
    return (
        f"The intervals are those of one comparison alone. In {lost} of {len(judged)} the interval leaves out zero and "
        "the corrected p-value is above 0.05: alone it would be a finding; as one of many it is none."
    )


def commonest_label(answer: Mapping) -> float:
    """The share of the faces with the commonest label: what one reaches who always names it."""
    counts = np.sum(answer["rows"][0]["confusion"], axis=1)
    return float(counts.max() / counts.sum())


def not_finished_in_words(answer: Mapping) -> str:
    """The methods whose trainings have not all converged, or with fewer seeds than planned."""
    late = [row["name"] for row in answer["rows"] if not row["witness"]]
    sentences = []
    if late:
        sentences.append(
            f"Not every training has converged (it was stopped by the limit of {answer['budget'][0]:,} steps, or reads "
            f"fewer than {percent(answer['learned'], 0)} of its training faces), so these have no verdict: "
            f"{'; '.join(late)}."
        )
    rest = [f"{name} ({there} of {all_} trainings)" for name, (there, all_) in answer["missing"].items()]
    if rest:
        sentences.append(f"Not trained yet, or not with every seed: {'; '.join(rest)}.")
    return " ".join(sentences) or "Every method of the plan has all of its trainings, and all have converged."


def reconciled(protocol: Mapping, split: Mapping, before: Mapping, on_the_page: float, people: int) -> list[str]:
    """Why one method on the same drawn faces has several numbers in this book.

    Parameters
    ----------
    protocol, split, before : answers of the studies ``one_protocol``, ``split`` and ``before_networks``.
    on_the_page : accuracy of HOG and SVM on strangers in the comparison that the chapter runs itself, 0 to 1.
    people : in that comparison.
    """
    rows = {row["name"]: row for row in protocol["rows"]}
    short = {(row["unit"], row["twins"]): row["accuracy"]["value"] for row in split["rows"]}
    neighbours = next(
        row
        for row in before["rows"]
        if (row["feature"], row["model"], row["split"]) == ("HOG", "KNN", "frames at random")
    )
    name = "HOG and nearest neighbours"

    def of(method: str) -> str:
        return percent(rows[method]["accuracy"]["value"])

    return [
        f"`ding2023` has two numbers for each division in this book. Chapter 6 trains {split['epochs']} epochs on "
        "faces of 180 pixels; the protocol trains until the validation faces stop gaining, on faces of 80 pixels.",
        f"Strangers: {percent(short['actor', False])} in chapter 6, {of('ding2023')} under the protocol.",
        f"Frames at random: {percent(short['frame', False])} and {of('ding2023, frames at random')}.",
        f"Every clip twice: {percent(short['frame', True])} and {of('ding2023, frames at random, twins')}.",
        f"Nearest neighbours on frames at random: {percent(neighbours['accuracy']['value'])} with "
        f"{before['settings']['neighbours']} neighbours (the study of the old methods), "
        f"{of(name + ', frames at random')} with the {rows[name]['setting']} that the protocol chose for "
        "strangers. Exercise 09-5 shows why.",
        f"HOG and SVM on strangers: {percent(on_the_page)} in the fair comparison above ({people} people), "
        f"{of('HOG and SVM')} under the protocol ({protocol['people']}). The first reads two frames of each clip, not "
        "the first and not the last, and learns from three quarters of the people; the protocol reads all six frames, "
        "and keeps a part of the people for validation.",
    ]


def with_protocol(answer: Mapping, tier: str) -> pd.DataFrame:
    """What the literature reports on RAVDESS, and every method of the protocol beside it, as a table to be read."""
    methods = protocol_tables.methods_table(answer)
    results = {row["name"]: row for row in answer["rows"]}
    here = [
        literature.run_here(
            row.method,
            results[row.method]["accuracy"],
            dataset="ravdess",
            parameters=int(row.parameters),
            task="six frames a clip, drawn stand-in",
            classes=len(results[row.method]["labels"]),
            split=f"actors apart, {answer['folds']} folds",
            source=f"stored answer one_protocol, tier {tier}",
        )
        for row in methods.itertuples()
    ]
    table = literature.reported_results("ravdess", here=here)
    texts = []
    for accuracy, low, high in zip(table["accuracy"], table["low"], table["high"], strict=True):
        texts.append(f"{accuracy:.2f}" if pd.isna(low) else f"{accuracy:.1f} ({low:.1f} to {high:.1f})")
    table["accuracy"] = texts
    table = table.rename(columns={"accuracy": "accuracy, %"})
    return table[["system", "accuracy, %", "parameters", "kind", "task", "classes", "split", "source"]]


def matrices(answer: Mapping) -> dict[str, pd.DataFrame]:
    """The confusion matrices of ``paper_figures``, in the order of the paper's figures; rows add up to 1."""
    panels = sorted((one for one in answer["panels"] if one["figures"][1]), key=lambda one: one["figures"][1])
    made = {}
    for panel in panels:
        counts = np.array(panel["confusion"], float)
        made[f"{panel['name']} (the paper's Fig. {panel['figures'][1]})"] = pd.DataFrame(
            counts / counts.sum(axis=1, keepdims=True), index=panel["labels"], columns=panel["labels"]
        )
    return made


def most_confused(shares: pd.DataFrame) -> str:
    """The pair that is confused most often, as the title of a figure."""
    apart = shares.to_numpy() * (1 - np.eye(len(shares)))
    posed, named = np.unravel_index(apart.argmax(), apart.shape)
    return f"{str(shares.index[posed]).capitalize()} is taken for {shares.columns[named]} most often"


def matrices_table(answer: Mapping) -> pd.DataFrame:
    """One line a confusion matrix of the study ``paper_figures``: the paper's numbers and those of the drawn actors."""
    return pd.DataFrame(
        [
            {
                "data set": panel["name"],
                "paper, %": panel["reported"][0],
                "drawn": percent(panel["accuracy"]["value"]),
                "parameters": panel["parameters"],
                "epochs": panel["epochs"],
                "every clip twice": "yes" if panel["twins"] else "no",
                "accuracy by frame, drawn": with_interval(panel["accuracy"]),
                "macro F1 by frame, drawn": with_interval(panel["macro_f1"]),
                "the paper's F1, %": panel["reported"][1],
            }
            for panel in answer["panels"]
            if panel["figures"][1]
        ]
    )


def leaked_in_words(answer: Mapping) -> str:
    """Of how many test images of RAVDESS a frame of the same clip is in training, in the study ``paper_figures``."""
    leaked = next(panel["leaked"]["clip"] for panel in answer["panels"] if panel["name"] == "RAVDESS")
    return (
        f"Of the test images of RAVDESS, {percent(leaked, 0)} have a frame of their own clip in the training. What "
        "that is worth is the subject of chapter 6."
    )


def lines(sentences: Sequence[str]) -> str:
    """Sentences as paragraphs of Markdown; items of a list stay one list."""
    between = "\n" if all(one.startswith("- ") for one in sentences) else "\n\n"
    return between.join(sentences)
