"""`relata import model` on files that public libraries write."""

import json

import gguf
import numpy as np
import pytest
import relata
import torch
import transformers as hf
from program import run, shaken
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def interleaved(weight, heads):
    """Rows of rotary halves as pairs: what llama.cpp's converter writes."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def smollm_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        ["a house by the river in 1987", "rivers and houses, 42 of them"] * 5,
        trainers.BpeTrainer(vocab_size=300, special_tokens=["<|im_start|>", "<|im_end|>"],
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False),
    )  # fmt: skip
    return tokenizer


def write_gguf(path, model, tokenizer, tied, **changes):
    config = model.config
    writer = gguf.GGUFWriter(path, changes.get("architecture", "llama"))
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(1000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    writer.add_tokenizer_model(changes.get("kind", "gpt2"))
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([3 if token.startswith("<|") else 1 for token, _ in vocabulary])
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    names = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
             "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
             "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}  # fmt: skip
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for name, tensor in model.state_dict().items():
        values = tensor.numpy()
        if name == "model.embed_tokens.weight":
            theirs = "token_embd.weight"
        elif name == "model.norm.weight":
            theirs = "output_norm.weight"
        elif name == "lm_head.weight":
            if tied:
                continue
            theirs = "output.weight"
        else:
            _, _, layer, *inner, kind = name.split(".")
            part = names[".".join(inner)]
            theirs = f"blk.{layer}.{part}.{kind}"
            if part in heads:
                values = interleaved(values, heads[part])
        if changes.get("half") and values.ndim == 2:
            values = values.astype(np.float16)
        writer.add_tensor(theirs, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def small_llama(tokenizer, tied):
    torch.manual_seed(3)
    return shaken(hf.LlamaForCausalLM(hf.LlamaConfig(
        hidden_size=32, num_attention_heads=4, num_key_value_heads=2, num_hidden_layers=2, intermediate_size=48,
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=64, rms_norm_eps=1e-5,
        tie_word_embeddings=tied, rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
    )))  # fmt: skip


@pytest.mark.parametrize("tied", [True, False])
def test_gguf(tied, tmp_path):
    tokenizer = smollm_tokenizer()
    model = small_llama(tokenizer, tied)
    write_gguf(tmp_path / "model.gguf", model, tokenizer, tied)
    run("import", "model", tmp_path / "model.gguf", "--out", tmp_path / "out")
    ids = torch.randint(0, tokenizer.get_vocab_size(), [2, 9])
    with torch.no_grad():
        expected = model(ids).logits
    found = relata.models.load(tmp_path / "out").forward(ids=ids)["logits"]
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
    ours = relata.text.Tokenizer.load(tmp_path / "out")
    for text in ["a house in 1987!", "  two  spaces\n", "naïve 日本 42", "<|im_start|>"]:
        assert ours.encode([text], special="parse")[0] == tokenizer.encode(text).ids
    # Hugging Face reads the folder too.
    again = hf.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    with torch.no_grad():
        assert (again(ids).logits - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"architecture": "mamba"}, "'mamba'"), ({"kind": "llama"}, "'llama'")],
)
def test_gguf_that_is_not_known(changes, message, tmp_path):
    tokenizer = smollm_tokenizer()
    write_gguf(tmp_path / "model.gguf", small_llama(tokenizer, True), tokenizer, True, **changes)
    assert message in run("import", "model", tmp_path / "model.gguf", "--out", tmp_path / "out", code=2).stderr
    assert not (tmp_path / "out").exists()


def openai_names(model):
    """Hugging Face's CLIP as OpenAI's state dict, written down independently of the engine's table."""
    theirs = {"logit_scale": model.logit_scale.data}
    state = model.state_dict()
    for tower, prefix in (("vision_model", "visual."), ("text_model", "")):
        for i in range(getattr(model, tower).config.num_hidden_layers):
            layer, block = f"{tower}.encoder.layers.{i}.", f"{prefix}transformer.resblocks.{i}."
            for kind in ("weight", "bias"):
                parts = [state[f"{layer}self_attn.{p}_proj.{kind}"] for p in "qkv"]
                theirs[f"{block}attn.in_proj_{kind}"] = torch.cat(parts)
                for ours, other in (("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                                    ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")):  # fmt: skip
                    theirs[f"{block}{other}.{kind}"] = state[f"{layer}{ours}.{kind}"]
    for kind in ("weight", "bias"):
        theirs[f"visual.ln_pre.{kind}"] = state[f"vision_model.pre_layrnorm.{kind}"]
        theirs[f"visual.ln_post.{kind}"] = state[f"vision_model.post_layernorm.{kind}"]
        theirs[f"ln_final.{kind}"] = state[f"text_model.final_layer_norm.{kind}"]
    theirs["visual.conv1.weight"] = state["vision_model.embeddings.patch_embedding.weight"]
    theirs["visual.class_embedding"] = state["vision_model.embeddings.class_embedding"]
    theirs["visual.positional_embedding"] = state["vision_model.embeddings.position_embedding.weight"]
    theirs["visual.proj"] = state["visual_projection.weight"].t().contiguous()
    theirs["token_embedding.weight"] = state["text_model.embeddings.token_embedding.weight"]
    theirs["positional_embedding"] = state["text_model.embeddings.position_embedding.weight"]
    theirs["text_projection"] = state["text_projection.weight"].t().contiguous()
    return theirs


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
@pytest.mark.parametrize("layout", ["openai", "openclip"])
def test_clip_checkpoint(layout, activation, tmp_path):
    torch.manual_seed(1)
    tower = {"num_hidden_layers": 2, "hidden_act": activation}
    model = shaken(hf.CLIPModel(hf.CLIPConfig(
        text_config={**tower, "hidden_size": 64, "num_attention_heads": 1, "intermediate_size": 256, "vocab_size": 90,
                     "max_position_embeddings": 10, "eos_token_id": 2},
        vision_config={**tower, "hidden_size": 128, "num_attention_heads": 2, "intermediate_size": 512, "image_size": 16,
                       "patch_size": 4},
        projection_dim=24,
    )))  # fmt: skip
    state = openai_names(model)
    if layout == "openai":
        state.update({name: torch.tensor(1) for name in ("input_resolution", "context_length", "vocab_size")})
    else:
        text = ("token_embedding", "positional_embedding", "transformer", "ln_final", "text_projection")
        state = {("text." + k if k.startswith(text) else k): v for k, v in state.items()}
    torch.save(state, tmp_path / "clip.pt")
    run("import", "model", tmp_path / "clip.pt", "--out", tmp_path / "out", "--activation", activation)
    ours = relata.models.load(tmp_path / "out")
    pixels = torch.randn(2, 3, 16, 16)
    ids = torch.randint(0, 88, [2, 8])
    ids[:, 5] = 89
    with torch.no_grad():
        image = model.get_image_features(pixel_values=pixels).pooler_output
        text = model.get_text_features(input_ids=ids).pooler_output
    assert (ours.encode_image(pixels) - image).abs().max() < 1e-5 * image.abs().max()
    assert (ours.encode_text(ids) - text).abs().max() < 1e-5 * text.abs().max()


def test_half_precision_bert_of_old(tmp_path):
    """pytorch_model.bin with float16 weights, LayerNorm's old names, and heads that are not read."""
    torch.manual_seed(2)
    model = shaken(hf.BertModel(hf.BertConfig(
        hidden_size=16, num_attention_heads=2, num_hidden_layers=2, intermediate_size=24, vocab_size=50)))  # fmt: skip
    model = model.half().float()
    (tmp_path / "in").mkdir()
    model.config.save_pretrained(tmp_path / "in")
    state = {}
    for name, tensor in model.state_dict().items():
        old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        state["bert." + old] = tensor.half() if tensor.is_floating_point() else tensor
    state["cls.predictions.bias"] = torch.zeros(50)
    state["bert.embeddings.position_ids"] = torch.arange(512)[None]
    torch.save(state, tmp_path / "in/pytorch_model.bin")
    run("import", "model", tmp_path / "in", "--out", tmp_path / "out")
    ids = torch.tensor([[2, 7, 9, 3]])
    with torch.no_grad():
        expected = model(ids).last_hidden_state
    found = relata.models.load(tmp_path / "out").forward(ids=ids)["text.tokens"]
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_a_half_downloaded_folder(tmp_path):
    model = hf.BertModel(hf.BertConfig(
        hidden_size=16, num_attention_heads=2, num_hidden_layers=2, intermediate_size=24, vocab_size=50))  # fmt: skip
    model.save_pretrained(tmp_path / "in", max_shard_size="4KB")
    shards = sorted((tmp_path / "in").glob("model-*.safetensors"))
    shards[1].unlink()
    shards[2].unlink()
    message = run("import", "model", tmp_path / "in", "--out", tmp_path / "out", code=2).stderr
    assert shards[1].name in message and shards[2].name in message
