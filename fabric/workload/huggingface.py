"""A language model from a Hugging Face config.json: the shape in that file's words. It reads no weights and no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fabric.text.escape import shown
from fabric.text.json_file import read_json
from fabric.text.numbers import natural
from fabric.workload.model import Biases, Experts, LanguageModel, Latent
from topologies.errors import InputError

KINDS = (
    "llama",
    "mistral",
    "mixtral",
    "qwen2",
    "qwen3",
    "qwen3_moe",
    "deepseek_v2",
    "deepseek_v3",
    "kimi_k2",
    "gpt_oss",
    "gpt2",
)
"""Values of `model_type` that are read."""
WANTED = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size")
GPT2 = {
    "n_layer": "num_hidden_layers",
    "n_embd": "hidden_size",
    "n_head": "num_attention_heads",
    "n_positions": "max_position_embeddings",
}


def model_of_file(path: Path) -> LanguageModel:
    """Return the model of a config.json, or of the folder that holds one.

    Raises:
        InputError: a file that cannot be read, a kind of model that is not known, a key that is missing or no count.
    """
    file = path / "config.json" if path.is_dir() else path
    content = read_json(file, "model")
    if not isinstance(content, Mapping):
        raise InputError(f"model: {file}: must hold an object, got {shown(str(content)[:40])}")
    return model_of_config(str(file), content)


def model_of_config(where: str, content: Mapping[str, Any]) -> LanguageModel:
    """Return the model of a configuration. where: the file, for messages and as the source.

    Raises:
        InputError: as model_of_file.
    """
    kind = str(content.get("model_type", ""))
    if kind not in KINDS:
        raise InputError(f"model: {where}: model_type must be one of {', '.join(KINDS)}, got {shown(kind)}")
    config = {**content, **{ours: content[theirs] for theirs, ours in GPT2.items() if theirs in content}}
    missing = [key for key in WANTED if key not in config]
    if missing:
        raise InputError(f"model: {where}: lacks {', '.join(missing)}")
    hidden, heads = _count(where, config, "hidden_size"), _count(where, config, "num_attention_heads")
    latent = _latent(where, config)
    layers = _count(where, config, "num_hidden_layers")
    sequence = _count(where, config, "max_position_embeddings", 2048)
    gpt2 = kind == "gpt2"
    window, windowed = _windows(where, config, layers)
    return LanguageModel(
        name=str(config.get("_name_or_path") or Path(where).parent.name or kind),
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=heads if latent else _count(where, config, "num_key_value_heads", heads),
        head_width=_count(where, config, "head_dim", max(1, hidden // heads)),
        mlp_width=_count(where, config, "intermediate_size", 4 * hidden),
        vocabulary=_count(where, config, "vocab_size"),
        sequence=sequence,
        gated=not gpt2,
        tied=bool(config.get("tie_word_embeddings", gpt2)),
        biases=_biases(kind, config),
        norm="layer" if gpt2 else "rms",
        learned_positions=sequence if gpt2 else 0,
        qk_norm=kind in ("qwen3", "qwen3_moe"),
        sinks=kind == "gpt_oss",
        window=window,
        windowed_layers=windowed,
        latent=latent,
        experts=_experts(where, kind, config),
        source=where,
    )


def _biases(kind: str, config: Mapping[str, Any]) -> Biases:
    if kind in ("gpt2", "qwen2"):
        return "all" if kind == "gpt2" else "qkv"
    return "attention" if config.get("attention_bias") else "none"


def _windows(where: str, config: Mapping[str, Any], layers: int) -> tuple[int, int]:
    """Return the window in tokens and how many layers have it, 0 and 0 where none has."""
    kinds = config.get("layer_types")
    window = config.get("sliding_window")
    if not window or config.get("use_sliding_window") is False:
        return 0, 0
    windowed = kinds.count("sliding_attention") if isinstance(kinds, list) else layers
    return _count(where, config, "sliding_window"), windowed


def _latent(where: str, config: Mapping[str, Any]) -> Latent | None:
    if "kv_lora_rank" not in config:
        return None
    names = ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
    kv, nope, rope, value = (_count(where, config, name) for name in names)
    return Latent(_count(where, config, "q_lora_rank", 0) if config.get("q_lora_rank") else 0, kv, nope, rope, value)


def _experts(where: str, kind: str, config: Mapping[str, Any]) -> Experts | None:
    key = next((k for k in ("n_routed_experts", "num_local_experts", "num_experts") if config.get(k)), None)
    if key is None:
        return None
    width = _count(where, config, "moe_intermediate_size", _count(where, config, "intermediate_size", 1))
    top = _count(where, config, "num_experts_per_tok")
    shared = _count(where, config, "n_shared_experts", 0) if config.get("n_shared_experts") else 0
    dense = _count(where, config, "first_k_dense_replace", 0) if config.get("first_k_dense_replace") else 0
    count = _count(where, config, key)
    groups = _count(where, config, "n_group", 1)
    allowed = _count(where, config, "topk_group", 1) if groups > 1 else 1
    if count % groups or not top <= allowed * (count // groups):
        raise InputError(
            f"model: {where}: n_group and topk_group must leave {top} of {count} experts to a token, got {groups} and {allowed}"
        )
    return Experts(
        count, top, width, shared * width, dense, kind == "gpt_oss", kind in ("deepseek_v3", "kimi_k2"), groups, allowed
    )


def _count(where: str, config: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = config.get(key)
    if value is None and default is not None:
        return default
    found = natural(value)
    if found is None or found < 1:
        raise InputError(f"model: {where}: {key} must be a whole number >= 1, got {shown(str(value))}")
    return found
