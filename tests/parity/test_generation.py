"""Decoding loops beside Hugging Face's `generate`, token by token."""

import random

import pytest
import relata
import torch
import transformers as hf

VOCABULARY = 23


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    torch.manual_seed(0)
    config = hf.LlamaConfig(
        hidden_size=24, num_attention_heads=4, num_key_value_heads=2, num_hidden_layers=2, intermediate_size=32,
        vocab_size=VOCABULARY, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    theirs = hf.LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for p in theirs.parameters():
            p.add_(0.3 * torch.randn_like(p))  # sharp enough that nothing is a tie
    folder = tmp_path_factory.mktemp("llama") / "model"
    theirs.save_pretrained(folder)
    return theirs, relata.models.load(folder)


def prompts(seed, batch):
    """Padded in front."""
    rng = random.Random(seed)
    longest = 9
    ids = torch.randint(3, VOCABULARY, [batch, longest], generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(ids)
    for row in range(1, batch):
        mask[row, : rng.randint(0, longest - 1)] = 0
    return ids.masked_fill(mask == 0, 0), mask


def tokens_of(output, prompt, ends):
    """The reference pads rows that have ended; ours end."""
    rows = []
    for row in output[:, prompt:].tolist():
        end = next((i for i, token in enumerate(row) if token in ends), len(row) - 1)
        rows.append(row[: end + 1])
    return rows


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_greedy(pair, seed, batch):
    theirs, ours = pair
    ids, mask = prompts(seed, batch)
    expected = theirs.generate(ids, attention_mask=mask, max_new_tokens=20, do_sample=False)
    for cached in (True, False):
        found = ours.generate(ids, mask, max_new_tokens=20, cached=cached)
        assert [r.tokens for r in found] == tokens_of(expected, ids.shape[1], [2])


@pytest.mark.parametrize("seed", range(6))
def test_sampling_draws_the_same(pair, seed):
    theirs, ours = pair
    ids, mask = prompts(seed, 2)
    options = {
        "temperature": [0.7, 1.0, 1.6][seed % 3],
        "top_k": [0, 5, 8][seed % 3],
        "top_p": [1.0, 0.9, 0.5, 1.0][seed % 4],
    }
    torch.manual_seed(seed)
    expected = theirs.generate(ids, attention_mask=mask, max_new_tokens=20, do_sample=True, **options)
    torch.manual_seed(seed)
    found = ours.generate(ids, mask, max_new_tokens=20, sample=True, **options)
    assert [r.tokens for r in found] == tokens_of(expected, ids.shape[1], [2])


@pytest.mark.parametrize("ends", [[2], [2, 7, 11]])
@pytest.mark.parametrize(("early", "name"), [(False, "heuristic"), (True, "when_full"), ("never", "never")])
@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0, -1.0])
def test_beam_search(pair, penalty, early, name, ends):
    theirs, ours = pair
    for seed, (batch, beams) in enumerate([(1, 2), (3, 3), (2, 4)]):
        ids, mask = prompts(seed, batch)
        expected = theirs.generate(
            ids, attention_mask=mask, max_new_tokens=12, do_sample=False, num_beams=beams, early_stopping=early,
            length_penalty=penalty, eos_token_id=ends, return_dict_in_generate=True, output_scores=True,
        )  # fmt: skip
        found = ours.generate(
            ids, mask, max_new_tokens=12, beams=beams, early_stopping=name, length_penalty=penalty, end_ids=ends
        )
        assert [r.tokens for r in found] == tokens_of(expected.sequences, ids.shape[1], ends)
        assert [r.score for r in found] == pytest.approx(expected.sequences_scores.tolist(), abs=1e-4)


def test_log_probabilities_are_those_of_the_reference(pair):
    theirs, ours = pair
    ids, _ = prompts(3, 1)
    result = ours.generate(ids, max_new_tokens=10, end_ids=[])[0]
    whole = torch.cat([ids, torch.tensor([result.tokens])], 1)
    with torch.no_grad():
        expected = theirs(whole).logits.log_softmax(-1)[0, ids.shape[1] - 1 : -1]
    expected = expected.gather(1, torch.tensor(result.tokens)[:, None])[:, 0]
    assert torch.allclose(torch.tensor(result.log_probabilities), expected, atol=1e-5)
    assert result.reason == "length"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_new_tokens": 0}, "0 new tokens"),
        ({"sample": True, "temperature": 0.0}, "temperature 0"),
        ({"sample": True, "top_p": 0.0}, "top-p 0"),
        ({"beams": 2, "sample": True}, "beam search with sampling"),
    ],
)
def test_options_that_make_no_sense(pair, options, message):
    with pytest.raises(relata.Error, match=message):
        pair[1].generate(torch.tensor([[3]]), **options)


def test_a_prompt_that_leaves_no_room(pair):
    with pytest.raises(relata.Error, match="64 positions"):
        pair[1].generate(torch.full([1, 64], 3))
