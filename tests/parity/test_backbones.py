"""Backbones beside Hugging Face's, over random configurations: outputs and gradients by name.

The reference makes a random model and saves it; the engine loads the folder. Outputs must agree to
1e-5 and gradients to 1e-4 of the largest value.
"""

import copy
import random
import tempfile

import pytest
import relata
import torch
import transformers as hf
from differences import LARGEST
from program import shaken
from safetensors.torch import load_file

OUTPUT = 1e-5
GRADIENT = 1e-4


def record(name, difference):
    LARGEST[name] = max(LARGEST.get(name, 0.0), difference)


def close(name, ours, theirs, bound):
    scale = theirs.abs().max().clamp_min(1e-3)
    difference = ((ours - theirs).abs().max() / scale).item()
    record(name, difference)
    assert ours.shape == theirs.shape
    assert difference < bound, f"{name}: {difference}"


def saved(model, folder):
    """Norms too are moved away from their initial values."""
    shaken(model, 0.05).save_pretrained(folder)
    return relata.models.load(folder)


def gradients_as_saved(model):
    """By the names of the file, which need not be those of the modules."""
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for p, original in zip(twin.parameters(), model.parameters()):
            p.copy_(torch.zeros_like(p) if original.grad is None else original.grad)
    with tempfile.TemporaryDirectory() as folder:
        twin.save_pretrained(folder)
        return load_file(f"{folder}/model.safetensors")


def compare_gradients(name, ours, theirs, loss_ours, loss_theirs):
    """Both losses are differentiated; every parameter of the reference must have our gradient."""
    theirs.zero_grad()
    ours.zero_grad()
    loss_theirs.backward()
    loss_ours.backward()
    gradients = ours.gradients()
    reference = gradients_as_saved(theirs)
    for key, expected in reference.items():
        if key not in gradients:
            assert expected.abs().max() == 0, f"{name}: {key} is not ours"
            continue
        # A sum that cancels to nothing (the bias of keys) is known to the size of its terms, which the layer's weight
        # shows.
        weight = reference.get(key.removesuffix("bias") + "weight", expected)
        scale = max(expected.abs().max().item(), weight.abs().max().item() if key.endswith("bias") else 0, 1e-2)
        difference = (gradients[key] - expected).abs().max().item() / scale
        record(f"{name} gradients", difference)
        assert difference < GRADIENT, f"{name}: {key}: {difference}"


def random_loss(tensors):
    """The same random weighting of several outputs, by their order."""
    g = torch.Generator().manual_seed(5)
    return sum((t * torch.randn(t.shape, generator=g)).sum() for t in tensors)


def right_padded(rng, batch, tokens, low, high):
    lengths = [rng.randint(1, tokens) for _ in range(batch)]
    lengths[0] = tokens
    ids = torch.randint(low, high, [batch, tokens])
    mask = torch.arange(tokens)[None, :] < torch.tensor(lengths)[:, None]
    return ids, mask


@pytest.mark.parametrize("seed", range(6))
def test_clip(seed, tmp_path):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    heads = rng.choice([1, 2, 3])
    patch = rng.choice([3, 4, 7])
    side = patch * rng.choice([1, 2, 3]) + rng.choice([0, 1])
    end = 2 if seed % 2 else 57
    config = hf.CLIPConfig(
        text_config={
            "hidden_size": heads * rng.choice([5, 8]), "num_attention_heads": heads,
            "num_hidden_layers": rng.choice([1, 3]), "intermediate_size": rng.choice([7, 32]),
            "vocab_size": 58, "max_position_embeddings": 11, "eos_token_id": end,
            "hidden_act": rng.choice(["quick_gelu", "gelu"]), "bos_token_id": 0, "pad_token_id": 1,
        },
        vision_config={
            "hidden_size": heads * 6, "num_attention_heads": heads, "num_hidden_layers": 2,
            "intermediate_size": 19, "image_size": side, "patch_size": patch,
            "num_channels": rng.choice([1, 3]), "hidden_act": rng.choice(["quick_gelu", "gelu"]),
        },
        projection_dim=rng.choice([5, 16]),
    )  # fmt: skip
    theirs = hf.CLIPModel(config)
    ours = saved(theirs, tmp_path / "clip")
    batch = rng.choice([1, 3])
    ids, mask = right_padded(rng, batch, 9, 3, 57)
    ids.masked_fill_(~mask, 57)
    ids[torch.arange(batch), mask.sum(1) - 1] = 57
    pixels = torch.randn(batch, config.vision_config.num_channels, side, side)

    expected = theirs(input_ids=ids, attention_mask=mask.long(), pixel_values=pixels)
    found = ours.forward(pixels=pixels, ids=ids, mask=mask)
    image = found["image.embedding"]
    text = found["text.embedding"]
    close("CLIP image embedding", image / image.norm(dim=1, keepdim=True), expected.image_embeds, OUTPUT)
    close("CLIP text embedding", text / text.norm(dim=1, keepdim=True), expected.text_embeds, OUTPUT)
    close("CLIP image tokens", found["image.tokens"], expected.vision_model_output.last_hidden_state, OUTPUT)
    close("CLIP text tokens", found["text.tokens"], expected.text_model_output.last_hidden_state, OUTPUT)
    close("CLIP image embedding, one token", ours.encode_image(pixels), image, OUTPUT)
    close("CLIP text embedding, one token", ours.encode_text(ids, mask), text, OUTPUT)

    compare_gradients(
        "CLIP", ours, theirs,
        random_loss([found["image.tokens"], found["text.tokens"], image, text]),
        random_loss([
            expected.vision_model_output.last_hidden_state, expected.text_model_output.last_hidden_state,
            theirs.get_image_features(pixel_values=pixels).pooler_output,
            theirs.get_text_features(input_ids=ids, attention_mask=mask.long()).pooler_output,
        ]),
    )  # fmt: skip


@pytest.mark.parametrize("roberta", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_bert(seed, roberta, tmp_path):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    heads = rng.choice([1, 2, 4])
    kind = (hf.RobertaConfig, hf.RobertaModel) if roberta else (hf.BertConfig, hf.BertModel)
    config = kind[0](
        hidden_size=heads * rng.choice([3, 8]), num_attention_heads=heads, num_hidden_layers=2,
        intermediate_size=rng.choice([9, 24]), vocab_size=40, max_position_embeddings=17,
        type_vocab_size=2, pad_token_id=1 if roberta else 0, hidden_act=rng.choice(["gelu", "relu", "gelu_new"]),
    )  # fmt: skip
    pooler = rng.choice([True, False])
    theirs = kind[1](config, add_pooling_layer=pooler)
    ours = saved(theirs, tmp_path / "bert")
    batch = rng.choice([1, 4])
    ids, mask = right_padded(rng, batch, 13, 2, 40)
    ids.masked_fill_(~mask, config.pad_token_id)
    types = torch.randint(0, 2, ids.shape)
    expected = theirs(input_ids=ids, attention_mask=mask.long(), token_type_ids=types)
    found = ours.forward(ids=ids, mask=mask, types=types)
    name = "RoBERTa" if roberta else "BERT"
    close(f"{name} tokens", found["text.tokens"], expected.last_hidden_state, OUTPUT)
    mean = (expected.last_hidden_state * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
    close(f"{name} mean", found["text.embedding"], mean, OUTPUT)
    losses = [[found["text.tokens"]], [expected.last_hidden_state]]
    if pooler:
        close(f"{name} pooler", found["text.pooled"], expected.pooler_output, OUTPUT)
        losses[0].append(found["text.pooled"])
        losses[1].append(expected.pooler_output)
    compare_gradients(name, ours, theirs, random_loss(losses[0]), random_loss(losses[1]))


@pytest.mark.parametrize("seed", range(3))
def test_vit(seed, tmp_path):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    heads = rng.choice([1, 3])
    patch = rng.choice([2, 5])
    side = patch * rng.choice([1, 3])
    config = hf.ViTConfig(
        hidden_size=heads * 7, num_attention_heads=heads, num_hidden_layers=2, intermediate_size=11,
        image_size=side, patch_size=patch, qkv_bias=rng.choice([True, False]), num_labels=3,
    )  # fmt: skip
    pooler = seed != 0
    theirs = hf.ViTModel(config, add_pooling_layer=pooler)
    ours = saved(theirs, tmp_path / "vit")
    pixels = torch.randn(rng.choice([1, 2]), 3, side, side)
    expected = theirs(pixel_values=pixels)
    found = ours.forward(pixels=pixels)
    close("ViT tokens", found["image.tokens"], expected.last_hidden_state, OUTPUT)
    close("ViT embedding, one token", ours.encode_image(pixels), expected.last_hidden_state[:, 0], OUTPUT)
    losses = [[found["image.tokens"]], [expected.last_hidden_state]]
    if pooler:
        close("ViT pooler", found["image.pooled"], expected.pooler_output, OUTPUT)
        losses[0].append(found["image.pooled"])
        losses[1].append(expected.pooler_output)
    compare_gradients("ViT", ours, theirs, random_loss(losses[0]), random_loss(losses[1]))


@pytest.mark.parametrize("seed", range(6))
def test_llama(seed, tmp_path):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    groups = rng.choice([1, 2])
    heads = groups * rng.choice([1, 3])
    scaling = [
        None,
        {"rope_type": "linear", "factor": 2.0, "rope_theta": 1000.0},
        {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 16, "rope_theta": 10000.0},
    ][seed % 3]  # fmt: skip
    config = hf.LlamaConfig(
        hidden_size=heads * 6, num_attention_heads=heads, num_key_value_heads=groups, num_hidden_layers=2,
        head_dim=rng.choice([4, 8]), intermediate_size=15, vocab_size=31, max_position_embeddings=64,
        attention_bias=rng.choice([True, False]), mlp_bias=rng.choice([True, False]),
        tie_word_embeddings=rng.choice([True, False]), pad_token_id=0, rope_parameters=scaling,
        rms_norm_eps=1e-5,
    )  # fmt: skip
    theirs = hf.LlamaForCausalLM(config)
    ours = saved(theirs, tmp_path / "llama")
    batch = rng.choice([1, 3])
    ids, mask = right_padded(rng, batch, 12, 1, 31)
    expected = theirs(input_ids=ids, attention_mask=mask.long()).logits[mask]
    found = ours.forward(ids=ids, mask=mask)["logits"][mask]
    close("LLaMA logits", found, expected, OUTPUT)
    compare_gradients("LLaMA", ours, theirs, random_loss([found]), random_loss([expected]))


def test_sharded_weights_are_read(tmp_path):
    torch.manual_seed(0)
    config = hf.BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=2, intermediate_size=16, vocab_size=40)
    theirs = hf.BertModel(config).eval()
    theirs.save_pretrained(tmp_path / "bert", max_shard_size="2KB")
    assert len(list((tmp_path / "bert").glob("*.safetensors"))) > 2
    ids = torch.tensor([[2, 5, 7]])
    ours = relata.models.load(tmp_path / "bert")
    close("sharded BERT", ours.forward(ids=ids)["text.tokens"], theirs(input_ids=ids).last_hidden_state, OUTPUT)


@pytest.mark.parametrize("kind", ["clip", "bert", "vit", "llama"])
def test_what_is_saved_is_read_by_the_reference(kind, tmp_path):
    torch.manual_seed(0)
    small = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 12}
    theirs = {
        "clip": lambda: hf.CLIPModel(hf.CLIPConfig(
            text_config={**small, "vocab_size": 30}, vision_config={**small, "image_size": 8, "patch_size": 4}, projection_dim=4)),
        "bert": lambda: hf.BertModel(hf.BertConfig(**small, vocab_size=30)),
        "vit": lambda: hf.ViTModel(hf.ViTConfig(**small, image_size=8, patch_size=4)),
        "llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**small, vocab_size=30)),
    }[kind]()  # fmt: skip
    ours = saved(theirs, tmp_path / "theirs")
    ours.save(tmp_path / "ours")
    again = type(theirs).from_pretrained(tmp_path / "ours")
    ours_tensors, theirs_tensors = again.state_dict(), theirs.state_dict()
    assert set(ours_tensors) == set(theirs_tensors)
    for name, tensor in theirs_tensors.items():
        assert torch.equal(ours_tensors[name], tensor), name
