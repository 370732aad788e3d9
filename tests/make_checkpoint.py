"""Write tests/checkpoint with TensorFlow itself: a small model in the layout in which OpenAI released GPT-2.

    pip install tensorflow-cpu
    python tests/make_checkpoint.py

It was run once and its files are committed, so the tests need no TensorFlow. The arrays come from a seed, so that
a test can make them again and compare each one with what is read from the file.
"""
import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "checkpoint"
# more than ten layers, because the order of h10 and h2 is what a reader of the file gets wrong first
HPARAMS = {"n_vocab": 97, "n_ctx": 40, "n_embd": 16, "n_head": 2, "n_layer": 11}


def random_arrays():
    """Return {name: array} with the names and shapes of OpenAI's variables; linear weights are (1, in, out)."""
    D = HPARAMS["n_embd"]
    shapes = {"model/wte": (HPARAMS["n_vocab"], D), "model/wpe": (HPARAMS["n_ctx"], D)}
    for n in range(HPARAMS["n_layer"]):
        h = f"model/h{n}"
        for layer, n_in, n_out in (("attn/c_attn", D, 3 * D), ("attn/c_proj", D, D), ("mlp/c_fc", D, 4 * D),
                                   ("mlp/c_proj", 4 * D, D)):
            shapes |= {f"{h}/{layer}/w": (1, n_in, n_out), f"{h}/{layer}/b": (n_out,)}
        shapes |= {f"{h}/ln_1/g": (D,), f"{h}/ln_1/b": (D,), f"{h}/ln_2/g": (D,), f"{h}/ln_2/b": (D,)}
    shapes |= {"model/ln_f/g": (D,), "model/ln_f/b": (D,)}
    random = np.random.default_rng(2019)
    return {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def main():
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    variables = [tf.get_variable(name, initializer=array) for name, array in random_arrays().items()]
    FOLDER.mkdir(exist_ok=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.train.Saver(variables).save(session, str(FOLDER / "model.ckpt"), write_meta_graph=False)
    (FOLDER / "hparams.json").write_text(json.dumps(HPARAMS) + "\n")


if __name__ == "__main__":
    main()
