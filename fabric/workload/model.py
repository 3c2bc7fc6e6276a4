"""The noun of a transformer that predicts the next token: its shape, its parameters, its arithmetic. It knows no hardware.

Counts are exact: every matrix, bias, norm, sink and learned position of the forward pass that a model card counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from topologies.errors import InputError

Biases = Literal["none", "qkv", "attention", "all"]
Norm = Literal["rms", "layer", "layer_no_bias"]


@dataclass(frozen=True)
class Latent:
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): queries and keys-and-values through low ranks.

    query_rank, kv_rank: of the two low-rank products. nope, rope, value: width of a head's part without positions, of its part
    with rotary positions (one for all heads on the key's side), and of its value.
    """

    query_rank: int
    kv_rank: int
    nope: int
    rope: int
    value: int


@dataclass(frozen=True)
class Experts:
    """A mixture of experts instead of the MLP: `count` experts of which every token visits `top_k`.

    width: of one expert's MLP. shared: width of the experts that every token visits, together. dense_layers: the first layers,
    that keep a plain MLP of LanguageModel.mlp_width. biases: of every expert's matrices and of the router. router_bias: one
    number an expert that balances their load and is no weight of any matrix (DeepSeek-V3). groups, top_groups: experts are in
    so many groups, and a token visits experts of so many of them only (DeepSeek's limit of nodes).
    """

    count: int
    top_k: int
    width: int
    shared: int = 0
    dense_layers: int = 0
    biases: bool = False
    router_bias: bool = False
    groups: int = 1
    top_groups: int = 1


@dataclass(frozen=True)
class LanguageModel:
    """A decoder-only transformer.

    kv_heads: groups of keys and values. mlp_width: of the plain MLP (of `dense_layers` only where there are experts). gated:
    three matrices an MLP (SwiGLU) instead of two. tied: input and output embeddings are one matrix. biases: which matrices have
    one. learned_positions: rows of a learned position embedding. sequence: the longest that the model is made for, in tokens.
    qk_norm: an RMS norm of every query's and key's head width. sinks: one learned logit a head. window: tokens that
    `windowed_layers` of the layers look back (0: all). source: where the numbers are from; date: when they were read.
    """

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_width: int
    mlp_width: int
    vocabulary: int
    sequence: int
    gated: bool = True
    tied: bool = False
    biases: Biases = "none"
    norm: Norm = "rms"
    learned_positions: int = 0
    qk_norm: bool = False
    sinks: bool = False
    window: int = 0
    windowed_layers: int = 0
    latent: Latent | None = None
    experts: Experts | None = None
    source: str = ""
    date: str = ""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for what in ("layers", "hidden", "heads", "kv_heads", "head_width", "vocabulary", "sequence"):
            if getattr(self, what) < 1:
                raise InputError(f"{self.name}: {what} must be a whole number >= 1, got {getattr(self, what)}")
        if self.heads % self.kv_heads:
            raise InputError(f"{self.name}: heads must be a multiple of kv_heads, got {self.heads} and {self.kv_heads}")
        if self.experts is not None and not 1 <= self.experts.top_k <= self.experts.count:
            raise InputError(f"{self.name}: top_k must be 1 to {self.experts.count} experts, got {self.experts.top_k}")

    @property
    def moe_layers(self) -> int:
        """Layers whose MLP is a mixture of experts."""
        return 0 if self.experts is None else self.layers - self.experts.dense_layers

    @property
    def mlp_matrices(self) -> int:
        """Matrices of one MLP: 3 gated, 2 not."""
        return 3 if self.gated else 2

    @property
    def attention_weights(self) -> int:
        """Weights of one layer's attention matrices, without biases and norms.

        (a + 2g) d h + a d h; latent: h q + q a (n + r) + h (k + r) + k a (n + w) + a w h.
        """
        a, h = self.heads, self.hidden
        if self.latent is None:
            return (2 * a + 2 * self.kv_heads) * self.head_width * h
        low = self.latent
        q, k, n, r, w = low.query_rank, low.kv_rank, low.nope, low.rope, low.value
        query = h * q + q * a * (n + r) if q else h * a * (n + r)
        return query + h * (k + r) + k * a * (n + w) + a * w * h

    @property
    def dense_mlp_weights(self) -> int:
        """Weights of one plain MLP's matrices."""
        return self.mlp_matrices * self.hidden * self.mlp_width

    @property
    def expert_weights(self) -> int:
        """Weights of one expert's matrices, 0 without experts."""
        return 0 if self.experts is None else self.mlp_matrices * self.hidden * self.experts.width

    @property
    def shared_weights(self) -> int:
        """Weights of the matrices that every token of a layer with experts passes beside attention: shared experts, router."""
        if self.experts is None:
            return 0
        return self.mlp_matrices * self.hidden * self.experts.shared + self.hidden * self.experts.count

    @property
    def embedding_weights(self) -> int:
        """Weights of one embedding matrix, V h."""
        return self.vocabulary * self.hidden

    @property
    def last_norm(self) -> int:
        """Parameters of the norm before the logits."""
        return self._norm(self.hidden)

    @property
    def parameters(self) -> int:
        """All parameters."""
        embeddings = self.embedding_weights * (1 if self.tied else 2) + self.learned_positions * self.hidden
        return sum(self.layer_parameters(n) for n in range(self.layers)) + embeddings + self._norm(self.hidden)

    @property
    def active_parameters(self) -> int:
        """Parameters that one token passes: all but the experts that it does not visit."""
        if self.experts is None:
            return self.parameters
        idle = self.experts.count - self.experts.top_k
        return self.parameters - self.moe_layers * idle * (self.expert_weights + self._expert_biases)

    def has_experts(self, layer: int) -> bool:
        """Return whether a layer's (counted from 0) MLP is a mixture of experts."""
        return self.experts is not None and layer >= self.experts.dense_layers

    def layer_parameters(self, layer: int) -> int:
        """Return all parameters of a layer, counted from 0: matrices, biases, norms."""
        return self.layer_parameters_beside_experts(layer) + self.layer_expert_parameters(layer)

    def layer_expert_parameters(self, layer: int) -> int:
        """Return the parameters of a layer's experts that EP spreads, 0 in a dense layer."""
        if self.experts is None or not self.has_experts(layer):
            return 0
        return self.experts.count * (self.expert_weights + self._expert_biases)

    def layer_parameters_beside_experts(self, layer: int) -> int:
        """Return the parameters of a layer that are no experts': attention, norms, router, shared experts or plain MLP."""
        mlp = self.shared_weights if self.has_experts(layer) else self.dense_mlp_weights
        return self.attention_weights + mlp + self._biases_beside_experts(layer) + self._norms

    def keys(self, sequence: int, *, causal: bool = True) -> float:
        """Return how many keys a token looks at on average over all layers: s / 2 causal, s full, at most the window."""
        whole = sequence / 2 if causal else float(sequence)
        windowed = min(whole, float(self.window)) if self.window else whole
        return (whole * (self.layers - self.windowed_layers) + windowed * self.windowed_layers) / self.layers

    def core_flops(self, keys: float) -> float:
        """Return the FLOP of one layer's attention core, forward, for one token that looks at so many keys.

        4 a d keys: scores and their sum of values, 2 FLOP a multiply-add; latent 2 a (n + r + w) keys.
        """
        if self.latent is None:
            return 4 * self.heads * self.head_width * keys
        return 2 * self.heads * (self.latent.nope + self.latent.rope + self.latent.value) * keys

    def matrix_weights(self, layer: int) -> int:
        """Return the weights of the matrices of a layer that one token passes."""
        if self.experts is None or not self.has_experts(layer):
            return self.attention_weights + self.dense_mlp_weights
        return self.attention_weights + self.shared_weights + self.experts.top_k * self.expert_weights

    def last_matrix_weights(self, layer: int) -> int:
        """Return the weights of a layer's last matrix that one token passes: the MLP's, or its experts', down to the hidden."""
        if self.experts is None or not self.has_experts(layer):
            return self.hidden * self.mlp_width
        return self.experts.top_k * self.hidden * self.experts.width

    def flops_per_token(self, sequence: int | None = None, *, causal: bool = True) -> float:
        """Return the FLOP of one token's training, forward and backward, nothing recomputed.

        3 (2 weights of the matrices passed + core), the logits counted, the look-up not. causal: half of the scores count
        (False: all of them, the convention of the Megatron papers).
        """
        length = sequence or self.sequence
        matrices = sum(self.matrix_weights(n) for n in range(self.layers)) + self.embedding_weights
        return 3 * (2.0 * matrices + self.layers * self.core_flops(self.keys(length, causal=causal)))

    @property
    def _expert_biases(self) -> int:
        """Biases of one expert."""
        if self.experts is None or not self.experts.biases:
            return 0
        return (self.mlp_matrices - 1) * self.experts.width + self.hidden

    @property
    def _norms(self) -> int:
        """Parameters of a layer's norms: two of the hidden width, those of heads or of latent ranks, and the sinks."""
        found = 2 * self._norm(self.hidden) + (self.heads if self.sinks else 0)
        if self.latent is not None:
            return found + self.latent.query_rank + self.latent.kv_rank
        return found + (2 * self.head_width if self.qk_norm else 0)

    def _norm(self, width: int) -> int:
        return 2 * width if self.norm == "layer" else width

    def _biases_beside_experts(self, layer: int) -> int:
        qkv = (self.heads + 2 * self.kv_heads) * self.head_width
        attention = {"none": 0, "qkv": qkv, "attention": qkv + self.hidden, "all": qkv + self.hidden}[self.biases]
        if self.experts is not None and self.has_experts(layer):
            return attention + self.experts.count * (self.experts.biases + self.experts.router_bias)
        return attention + ((self.mlp_matrices - 1) * self.mlp_width + self.hidden if self.biases == "all" else 0)
