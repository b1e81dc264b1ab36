#!/usr/bin/env python3
"""Writes the tiny models of the tests, byte for byte the same each time: `python3 make.py`. Needs nothing but Python.

A word's vector says which matter it belongs to, in Kazakh, Russian and Uzbek alike; any other word falls into letters, whose
vectors are small and arbitrary. So the models are in the form of real encoders (WordPiece with [CLS] and [SEP], input_ids,
attention_mask, token_type_ids, last_hidden_state) and understand a few words across languages.
"""
import hashlib
import json
import struct
from pathlib import Path

HERE = Path(__file__).parent
WIDTH = 24
MATTERS = [
    "вода воды воду су судың suv suvi",
    "свет света электричества жарық жарығы svet chiroq tok",
    "мусор мусора қоқыс қоқысты musor axlat",
    "дорога дороги яма жол шұңқыр yo'l chuqur",
    "газ газа газом иісі gaz gazi",
    "собака собаки собак ит иттер it itlar",
]
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюяёәғқңөұүһіўҳabcdefghijklmnopqrstuvwxyz0123456789'’ʻ"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def small(name):
    """Numbers between -0.05 and 0.05 that look random and hang on the name alone."""
    digest = hashlib.sha256(name.encode()).digest()
    return [(byte - 127.5) / 2550 for byte in digest[:WIDTH]]


def vocabulary():
    words = {word: matter for matter, line in enumerate(MATTERS) for word in line.split()}
    tokens, vectors = [], []
    for token in SPECIAL + sorted(words) + [prefix + letter for letter in LETTERS for prefix in ("", "##")]:
        vector = small(token)
        if token in words:
            vector[words[token]] += 1.0
        if token == "[PAD]":
            vector = [9.0] * WIDTH  # What is padded must not be heard: where it is, every sentence looks alike.
        tokens.append(token)
        vectors.append(vector)
    return tokens, vectors


def tokenizer(tokens):
    special = [{"id": at, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                "special": True} for at, token in enumerate(SPECIAL)]
    mark = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    text = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": False,
                       "lowercase": True},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "TemplateProcessing",
                           "single": [mark("[CLS]"), text("A", 0), mark("[SEP]")],
                           "pair": [mark("[CLS]"), text("A", 0), mark("[SEP]"), text("B", 1), mark("[SEP]")],
                           "special_tokens": {token: {"id": token, "ids": [SPECIAL.index(token)], "tokens": [token]}
                                              for token in ("[CLS]", "[SEP]")}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 40, "vocab": {token: at for at, token in enumerate(tokens)}},
    }


# What of ONNX's protobuf is needed: a field is its number and kind, then a number or a length and bytes.
def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


FLOAT, INT64 = 1, 7


def tensor(name, shape, values):
    return block(8, name) + b"".join(number(1, side) for side in shape) + number(2, FLOAT) + block(
        9, struct.pack(f"<{len(values)}f", *values))


def value(name, kind, shape):
    sides = b"".join(block(1, block(2, side) if isinstance(side, str) else number(1, side)) for side in shape)
    return block(1, name) + block(2, block(1, number(1, kind) + block(2, sides)))


def node(operator, inputs, outputs, attributes=b""):
    return b"".join(block(1, name) for name in inputs) + b"".join(
        block(2, name) for name in outputs) + block(4, operator) + attributes


def integers(name, values):
    return block(5, block(1, name) + b"".join(number(8, item) for item in values) + number(20, 7))


def integer(name, item):
    return block(5, block(1, name) + number(3, item) + number(20, 2))


def model(nodes, constants, inputs, outputs):
    graph = b"".join(block(1, item) for item in nodes) + block(2, "tiny") + b"".join(
        block(5, item) for item in constants) + b"".join(block(11, item) for item in inputs) + b"".join(
        block(12, item) for item in outputs)
    return number(1, 8) + block(2, "dauys tests") + block(7, graph) + block(8, block(1, "") + number(2, 13))


def main():
    tokens, vectors = vocabulary()
    flat = [item for vector in vectors for item in vector]
    table = tensor("table", [len(tokens), WIDTH], flat)
    kinds = tensor("kinds", [2, WIDTH], [0.0] * (2 * WIDTH))
    ids, mask, types = (value(name, INT64, ["batch", "tokens"])
                        for name in ("input_ids", "attention_mask", "token_type_ids"))
    look = node("Gather", ["table", "input_ids"], ["words"])
    kind = node("Gather", ["kinds", "token_type_ids"], ["sides"])
    hidden = value("last_hidden_state", FLOAT, ["batch", "tokens", WIDTH])
    files = {
        "tiny/model.onnx": model([look, kind, node("Add", ["words", "sides"], ["last_hidden_state"])], [table, kinds],
                                 [ids, mask, types], [hidden]),
    }
    # The others are for what they do wrong or otherwise; a table of one row is enough.
    row = tensor("table", [1, WIDTH], [0.1] * WIDTH)
    zero = node("Mul", ["input_ids", "nothing"], ["first"])
    nothing = block(8, "nothing") + number(2, INT64) + block(9, struct.pack("<q", 0))
    look = node("Gather", ["table", "first"], ["words"])
    mean = node("ReduceMean", ["words"], ["sentence_embedding"], integers("axes", [1]) + integer("keepdims", 0))
    sentence = value("sentence_embedding", FLOAT, ["batch", WIDTH])
    files["tiny/sentence.onnx"] = model([zero, look, mean], [row, nothing], [ids, mask], [sentence])
    pixels = value("pixels", FLOAT, ["batch", WIDTH])
    files["tiny/pixels.onnx"] = model([node("Identity", ["pixels"], ["sentence_embedding"])], [], [pixels], [sentence])
    files["tiny/unmasked.onnx"] = model([zero, look, mean], [row, nothing], [ids], [sentence])
    logits = value("logits", FLOAT, ["batch", WIDTH])
    mean = node("ReduceMean", ["words"], ["logits"], integers("axes", [1]) + integer("keepdims", 0))
    files["tiny/logits.onnx"] = model([zero, look, mean], [row, nothing], [ids, mask], [logits])
    # It says that it gives a vector for each token, and gives one for all.
    mean = node("ReduceMean", ["words"], ["last_hidden_state"], integers("axes", [0, 1]) + integer("keepdims", 1))
    liar = value("last_hidden_state", FLOAT, ["batch", "tokens", "width"])
    files["tiny/liar.onnx"] = model([zero, look, mean], [row, nothing], [ids, mask], [liar])
    files["tiny/tokenizer.json"] = (json.dumps(tokenizer(tokens), ensure_ascii=False, indent=0) + "\n").encode()
    for name, content in files.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_bytes(content)
        print(f"{len(content):7} {name}")


if __name__ == "__main__":
    main()
