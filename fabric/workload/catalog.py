"""Language models by name, from the package's YAML, and from a Hugging Face config.json. It computes nothing of them.

What a line leaves out: kv_heads are the heads, head_width hidden / heads, mlp_width 4 x hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from fabric.text.escape import shown
from fabric.workload.model import Experts, LanguageModel, Latent
from topologies.errors import InputError
from topologies.guess import did_you_mean

FILE = Path(__file__).parent / "data" / "models.yaml"


def language_model(text: str) -> LanguageModel:
    """Return the model of a name in the catalogue, or of a Hugging Face config.json (its path, or the folder that holds it).

    Raises:
        InputError: no such name (the nearest is named), or a file that is no such configuration.
    """
    if text.endswith(".json") or "/" in text or Path(text).is_dir():
        from fabric.workload.huggingface import model_of_file  # noqa: PLC0415  # read where a file is named

        return model_of_file(Path(text))
    known = names()
    if text.lower() not in known:
        hint = did_you_mean(text, known, most=3)
        raise InputError(f"model: no model {shown(text)} in the catalogue{hint}; a config.json of Hugging Face is read too")
    return _shipped(text.lower())


def names() -> list[str]:
    """Return the names of all models of the catalogue."""
    return list(_content()["models"])


@lru_cache(maxsize=128)
def _shipped(name: str) -> LanguageModel:
    line = dict(_content()["models"][name])
    whole = {**_content()["families"][line.pop("family")], **line}
    source = _content()["sources"][whole.pop("source")]
    return model_of(name, whole, source["title"], str(source["date"]))


@lru_cache(maxsize=1)
def _content() -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415  # paid where a model is named

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: Mapping[str, Any] = yaml.load(FILE.read_text(encoding="utf-8"), loader)  # noqa: S506  # a safe loader, in C
    return content


def model_of(name: str, line: Mapping[str, Any], source: str, date: str) -> LanguageModel:
    """Return a model from its keys, usual values put in.

    Raises:
        InputError: a key that is none, or one that is missing.
    """
    whole = dict(line)
    known = {one.name for one in fields(LanguageModel)}
    for key in whole:
        if key not in known:
            raise InputError(f"{name}: unknown key {shown(key)}; there are: {', '.join(sorted(known))}")
    for key in ("layers", "hidden", "heads", "vocabulary", "sequence"):
        if key not in whole:
            raise InputError(f"{name}: lacks {key}")
    whole.setdefault("kv_heads", whole["heads"])
    whole.setdefault("head_width", whole["hidden"] // whole["heads"])
    whole.setdefault("mlp_width", 4 * whole["hidden"])
    whole["experts"] = Experts(**whole["experts"]) if whole.get("experts") else None
    whole["latent"] = Latent(**whole["latent"]) if whole.get("latent") else None
    whole["notes"] = tuple(whole.get("notes", ()))
    return LanguageModel(name=name, source=source, date=date, **whole)
