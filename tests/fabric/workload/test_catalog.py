"""Models by name: parameters equal the published counts, FLOPs the published figures within 0.4 %."""

import json

import pytest

from fabric.workload.catalog import language_model, names
from fabric.workload.huggingface import model_of_config
from topologies.errors import InputError

PARAMETERS = {
    "llama2-7b": 6_738_415_616,
    "llama2-13b": 13_015_864_320,
    "llama2-70b": 68_976_648_192,
    "llama3-8b": 8_030_261_248,
    "llama3-70b": 70_553_706_496,
    "llama3.1-405b": 405_853_388_800,
    "llama3.2-1b": 1_235_814_400,
    "llama3.2-3b": 3_212_749_824,
    "qwen2.5-7b": 7_615_616_512,
    "qwen2.5-72b": 72_706_203_648,
    "qwen3-8b": 8_190_735_360,
    "qwen3-32b": 32_762_123_264,
    "qwen3-30b-a3b": 30_532_122_624,
    "qwen3-235b-a22b": 235_093_634_560,
    "mixtral-8x7b": 46_702_792_704,
    "mixtral-8x22b": 140_630_071_296,
    "deepseek-v2": 235_741_434_880,
    "deepseek-v2-lite": 15_706_484_224,
    "deepseek-v3": 671_026_404_352 + 58 * 256,  # the card's count leaves out a number an expert that balances load
    "gpt-oss-20b": 20_914_757_184,
    "gpt-oss-120b": 116_829_156_672,
    "mpt-125m": 125_311_488,
    "mpt-1b": 1_315_950_592,
    "mpt-70b": 64_862_437_376,
}
"""Of the weights' own index files and model cards, read 2026-11-29; MPT's from llm-foundry's benchmark tables."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_those_that_were_published(name):
    assert language_model(name).parameters == PARAMETERS[name]


@pytest.mark.parametrize(
    ("name", "active"), [("qwen3-30b-a3b", 3.3e9), ("qwen3-235b-a22b", 22e9), ("mixtral-8x7b", 12.9e9), ("gpt-oss-120b", 5.7e9)]
)
def test_active_parameters_are_about_what_the_cards_say(name, active):
    """gpt-oss's card says 5.1 billion and leaves one embedding out; ours counts both."""
    assert language_model(name).active_parameters == pytest.approx(active, rel=0.02)


@pytest.mark.parametrize(
    ("name", "sequence", "causal", "flops"),
    [
        ("llama3.1-8b", 8192, True, 421.59e12 / 8192),  # MLPerf Training v5.1, FLOP of a sample
        ("gpt-175b", 2048, False, 3 * 2 * 96 * 12288**2 * 12 * (1 + 2048 / (6 * 12288) + 51200 / (12 * 96 * 12288))),
    ],
)
def test_flops_of_a_token_are_within_four_in_a_thousand_of_the_published(name, sequence, causal, flops):
    """The second: equation 3 of arXiv 2104.04473 without its recomputed forward pass, all scores counted."""
    assert language_model(name).flops_per_token(sequence, causal=causal) == pytest.approx(flops, rel=4e-3)


def test_every_model_of_the_catalogue_says_where_it_is_from():
    models = [language_model(name) for name in names()]
    assert len(models) > 40
    assert all(model.source and model.date and model.parameters > 1e8 for model in models)


@pytest.mark.parametrize("name", names())
def test_layers_and_ends_add_up_to_all_parameters(name):
    model = language_model(name)
    layers = sum(model.layer_parameters(n) for n in range(model.layers))
    ends = model.embedding_weights * (1 if model.tied else 2) + model.learned_positions * model.hidden
    assert 0 < model.parameters - layers - ends <= 2 * model.hidden
    assert model.active_parameters <= model.parameters


CONFIGS = {
    "llama3-8b": {
        "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 8192,
    },
    "qwen3-30b-a3b": {
        "model_type": "qwen3_moe", "hidden_size": 2048, "intermediate_size": 6144, "num_attention_heads": 32, "head_dim": 128,
        "num_hidden_layers": 48, "num_key_value_heads": 4, "vocab_size": 151936, "max_position_embeddings": 40960,
        "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768, "sliding_window": None,
    },
    "deepseek-v3": {
        "model_type": "deepseek_v3", "hidden_size": 7168, "intermediate_size": 18432, "num_attention_heads": 128,
        "num_key_value_heads": 128, "num_hidden_layers": 61, "vocab_size": 129280, "max_position_embeddings": 163840,
        "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
        "n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "n_shared_experts": 1,
        "first_k_dense_replace": 3,
    },
    "gpt-oss-20b": {
        "model_type": "gpt_oss", "hidden_size": 2880, "intermediate_size": 2880, "num_attention_heads": 64, "head_dim": 64,
        "num_key_value_heads": 8, "num_hidden_layers": 24, "vocab_size": 201088, "max_position_embeddings": 131072,
        "num_local_experts": 32, "num_experts_per_tok": 4, "attention_bias": True, "sliding_window": 128,
        "layer_types": ["sliding_attention", "full_attention"] * 12,
    },
}  # fmt: skip
"""The keys that count of the config.json beside each model's weights."""


@pytest.mark.parametrize("name", CONFIGS)
def test_a_hugging_face_configuration_gives_the_catalogues_model(name, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIGS[name]))
    found, known = language_model(str(tmp_path)), language_model(name)
    assert found.parameters == known.parameters
    assert found.flops_per_token(4096) == known.flops_per_token(4096)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"model_type": "bert"}, "model_type must be one of llama"),
        ({"model_type": "llama", "hidden_size": 8}, "lacks num_hidden_layers, num_attention_heads, vocab_size"),
        (CONFIGS["llama3-8b"] | {"num_hidden_layers": -1}, "num_hidden_layers must be a whole number >= 1"),
        (CONFIGS["llama3-8b"] | {"num_key_value_heads": 5}, "heads must be a multiple of kv_heads"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_by_its_key(config, says):
    with pytest.raises(InputError, match=says):
        model_of_config("config.json", config)


def test_an_unknown_model_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"no model 'llama3-80b' in the catalogue \(did you mean llama3-8b or llama3-70b"):
        language_model("llama3-80b")
