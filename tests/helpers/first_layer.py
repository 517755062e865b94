"""Store the first layer of the package's trained network for the widget *Convolution by hand*.

``python tests/helpers/first_layer.py``, after `python -m fer_utils ship` has made another network.
"""

import json
from pathlib import Path
import sys

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from fer_utils.models import pretrained_networks


def opened() -> tuple:
    """The interpreter of `drawn48`, and the indices of what its first convolution reads, its weights, bias and map."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    file = pretrained_networks.find().checked()
    # The plain kernels keep every value in between.
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        str(file), experimental_preserve_all_tensors=True, experimental_op_resolver_type=plain, num_threads=1
    )
    interpreter.allocate_tensors()
    for operation in interpreter._get_ops_details():
        if operation["op_name"] == "CONV_2D":
            read, weights, bias = operation["inputs"]
            if tuple(interpreter.get_tensor(weights).shape) == (16, 3, 3, 1):
                return interpreter, read, weights, bias, operation["outputs"][0]
    raise RuntimeError(f"no first layer of 16 filters of 3 x 3 in {file}")


def stored() -> dict:
    """What the file holds: the network, its file's SHA-256, and the filters, rounded to five digits."""
    interpreter, _, weights, bias, _ = opened()
    kernels, biases = interpreter.get_tensor(weights)[..., 0], interpreter.get_tensor(bias)
    return {
        "network": "drawn48",
        "sha256": pretrained_networks.card()["files"]["float32"]["sha256"],
        "filters": [
            {"kernel": [round(float(weight), 5) for weight in np.ravel(kernel)], "bias": round(float(one), 5)}
            for kernel, one in zip(kernels, biases, strict=True)
        ],
    }


if __name__ == "__main__":
    from fer_utils.widgets.convolution import FILTERS

    FILTERS.write_text(json.dumps(stored(), indent=1) + "\n", encoding="utf8")
    print(f"{FILTERS}: {len(stored()['filters'])} filters")
