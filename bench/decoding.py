"""Greedy decoding of SmolLM2-135M, batch 1, against eager PyTorch with its cache.

    python bench/decoding.py [--busy]

Random weights of that architecture: speed does not depend on them. 32 tokens after a prompt of 32. Printed beside: the
share of this machine's read bandwidth that our decoding uses, as every weight is read once a token.
"""

import copy
import time
from collections.abc import Callable

import torch
import transformers as hf
from measure import describe, pairs, report, require_quiet_release_build, saved

import relata

PROMPT, TOKENS = 32, 32
SMOLLM2 = {
    "hidden_size": 576,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "intermediate_size": 1536,
    "vocab_size": 49152,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
}


def seconds_a_token(call: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        began = time.perf_counter()
        call()
        return (time.perf_counter() - began) / TOKENS

    return measured


def read_bandwidth() -> float:
    """Bytes a second of a sum over 1 GiB or of a matrix-vector product with it, the best of five."""
    block = torch.ones(1 << 14, 1 << 14)
    vector = torch.ones(1 << 14)
    best = 0.0
    for read in [lambda: block.sum(), lambda: block @ vector] * 5:
        began = time.perf_counter()
        read()
        best = max(best, block.nbytes / (time.perf_counter() - began))
    return best


def main() -> None:
    require_quiet_release_build()
    torch.manual_seed(0)
    reference = hf.LlamaForCausalLM(hf.LlamaConfig(**SMOLLM2)).eval()
    reference.generation_config.pad_token_id = 0
    folder = saved(reference)
    ids = torch.randint(10, 49000, [1, PROMPT])
    weights = sum(p.numel() for p in reference.parameters())

    for threads in (1, 2):
        torch.set_num_threads(threads)
        print(describe(threads, "fp32 and bf16"))
        bandwidth = read_bandwidth()
        for precision, bar in (("fp32", 1.3), ("bf16", 1.6)):
            ours = relata.models.load(folder)
            ours.freeze(precision)
            dtype = torch.bfloat16 if precision == "bf16" else torch.float32
            theirs = copy.deepcopy(reference).to(dtype)

            def peer() -> None:
                with torch.inference_mode():
                    theirs.generate(  # noqa: B023
                        ids, attention_mask=torch.ones_like(ids), max_new_tokens=TOKENS, min_new_tokens=TOKENS,
                        do_sample=False, use_cache=True,
                    )  # fmt: skip

            def mine() -> None:
                ours.generate(ids, max_new_tokens=TOKENS, end_ids=[])  # noqa: B023

            measured = pairs(seconds_a_token(peer), seconds_a_token(mine))
            report(f"SmolLM2-135M greedy, {precision}, {threads} thread(s), seconds a token, eager PyTorch", measured, bar)
            fastest = min(ours for _, ours in measured)
            share = weights * dtype.itemsize / fastest / bandwidth
            print(f"  {weights * dtype.itemsize / 1e6:.0f} MB a token, {share:.0%} of the read bandwidth "
                  f"({bandwidth / 1e9:.1f} GB/s)")


main()
