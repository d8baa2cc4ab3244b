"""Adapters beside PEFT: files in both directions, outputs, gradients, a few steps of training."""

import json

import peft
import pytest
import relata
import torch
import transformers as hf
from program import shaken
from safetensors.torch import load_file

OUTPUT = 1e-5
GRADIENT = 1e-4


def llama(**changes):
    config = {
        "hidden_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "intermediate_size": 56,
        "vocab_size": 90,
        "max_position_embeddings": 64,
        "tie_word_embeddings": True,
    }
    return hf.LlamaForCausalLM(hf.LlamaConfig(**{**config, **changes}))


def clip():
    tower = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 30}
    text = hf.CLIPTextConfig(vocab_size=70, max_position_embeddings=12, eos_token_id=69, projection_dim=20, **tower)
    vision = hf.CLIPVisionConfig(image_size=12, patch_size=4, projection_dim=20, **tower)
    return hf.CLIPModel(hf.CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=20))


def bert():
    config = hf.BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40, vocab_size=60,
        max_position_embeddings=20, hidden_dropout_prob=0, attention_probs_dropout_prob=0,
    )  # fmt: skip
    return hf.BertModel(config, add_pooling_layer=False)


MODELS = {"llama": llama, "clip": clip, "bert": bert}


def outputs_of(theirs, kind, inputs):
    if kind == "llama":
        return [theirs(**inputs).logits]
    if kind == "bert":
        return [theirs(**inputs).last_hidden_state]
    return [theirs.get_image_features(inputs["pixel_values"]).pooler_output,
            theirs.get_text_features(inputs["input_ids"]).pooler_output]  # fmt: skip


def ours_of(ours, kind, inputs):
    if kind == "llama":
        return [ours.forward(ids=inputs["input_ids"], mask=inputs.get("attention_mask"))["logits"]]
    if kind == "bert":
        return [ours.forward(ids=inputs["input_ids"], mask=inputs.get("attention_mask"))["text.tokens"]]
    return [ours.forward(pixels=inputs["pixel_values"])["image.embedding"],
            ours.forward(ids=inputs["input_ids"])["text.embedding"]]  # fmt: skip


def inputs_of(kind):
    if kind == "llama":
        return {"input_ids": torch.randint(1, 90, [3, 11])}
    if kind == "bert":
        return {"input_ids": torch.randint(1, 60, [3, 11])}
    ids = torch.randint(1, 69, [3, 12])
    ids[:, -1] = 69
    return {"pixel_values": torch.randn(3, 3, 12, 12), "input_ids": ids}


def difference(ours, theirs):
    return max(((a - b).abs().max() / b.abs().max().clamp_min(1e-3)).item() for a, b in zip(ours, theirs, strict=True))


def saved_base(model, folder):
    shaken(model, 0.05).save_pretrained(folder)
    return relata.models.load(folder)


def with_trained_lora(model, **settings):
    """A PEFT model whose adapters are not zero."""
    wrapped = peft.get_peft_model(model, peft.LoraConfig(**settings)).eval()
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn_like(parameter) * 0.1)
    return wrapped


CASES = [
    ("llama", {"target_modules": ["q_proj", "v_proj"], "r": 4, "lora_alpha": 6}),
    ("llama", {"target_modules": "all-linear", "r": 3, "lora_alpha": 9, "use_rslora": True}),
    ("llama", {"target_modules": ["k_proj", "gate_proj", "down_proj"], "r": 2,
               "rank_pattern": {"layers.1.self_attn.k_proj": 5}, "alpha_pattern": {"gate_proj": 7, ".*proj": 3}}),
    ("llama", {"target_modules": r".*\.(0|2)\.self_attn\.(q|o)_proj", "r": 4}),
    ("clip", {"target_modules": ["q_proj", "v_proj", "fc1", "visual_projection"], "r": 4, "lora_alpha": 5}),
    ("bert", {"target_modules": ["query", "value", "dense"], "r": 2, "lora_alpha": 3, "bias": "all"}),
]  # fmt: skip


@pytest.mark.parametrize("kind, settings", CASES)
def test_a_lora_file_of_peft_reads_as_peft_reads_it(tmp_path, kind, settings):
    torch.manual_seed(len(str(settings)))
    model = MODELS[kind]()
    ours = saved_base(model, tmp_path / "base")
    wrapped = with_trained_lora(model, **settings)
    if settings.get("bias") == "all":
        with torch.no_grad():
            for name, parameter in wrapped.named_parameters():
                if name.endswith("bias"):
                    parameter.add_(torch.randn_like(parameter) * 0.1)
    wrapped.save_pretrained(tmp_path / "adapter")
    # Read again: PEFT writes patterns in the order of the alphabet, and the first that matches counts.
    wrapped = peft.PeftModel.from_pretrained(type(model).from_pretrained(tmp_path / "base"), tmp_path / "adapter").eval()
    inputs = inputs_of(kind)
    with torch.no_grad():
        before = ours_of(ours, kind, inputs)
        ours.load_adapter(tmp_path / "adapter")
        after = ours_of(ours, kind, inputs)
        theirs = outputs_of(wrapped.base_model.model, kind, inputs)
    assert difference(after, before) > 1e-2  # it does something
    assert difference(after, theirs) < OUTPUT


@pytest.mark.parametrize("kind, settings", CASES[:-1])
def test_a_lora_file_of_ours_reads_in_peft(tmp_path, kind, settings):
    torch.manual_seed(len(str(settings)) + 1)
    model = MODELS[kind]()
    ours = saved_base(model, tmp_path / "base")
    with_trained_lora(model, **settings).save_pretrained(tmp_path / "adapter")
    ours.load_adapter(tmp_path / "adapter")
    ours.save_adapter(tmp_path / "again", base=str(tmp_path / "base"))
    fresh = type(model).from_pretrained(tmp_path / "base")
    wrapped = peft.PeftModel.from_pretrained(fresh, tmp_path / "again").eval()
    before = load_file(tmp_path / "adapter/adapter_model.safetensors")
    after = load_file(tmp_path / "again/adapter_model.safetensors")
    assert before.keys() == after.keys() and all(before[k].equal(after[k]) for k in before)
    inputs = inputs_of(kind)
    with torch.no_grad():
        assert difference(ours_of(ours, kind, inputs), outputs_of(wrapped.base_model.model, kind, inputs)) < OUTPUT


@pytest.mark.parametrize("kind, settings", CASES[:2] + CASES[4:5])
def test_merging_is_peft_s_and_can_be_undone(tmp_path, kind, settings):
    torch.manual_seed(3)
    model = MODELS[kind]()
    ours = saved_base(model, tmp_path / "base")
    wrapped = with_trained_lora(model, **settings)
    wrapped.save_pretrained(tmp_path / "adapter")
    original = {name: t.clone() for name, t in ours.parameters().items()}
    ours.load_adapter(tmp_path / "adapter")
    with pytest.raises(relata.Error, match="merge it first"):
        ours.save(tmp_path / "unmerged")
    ours.merge_adapters()
    ours.save(tmp_path / "merged")
    merged = wrapped.merge_and_unload()
    expected = merged.state_dict()
    for name, tensor in load_file(tmp_path / "merged/model.safetensors").items():
        assert torch.allclose(tensor, expected[name], atol=1e-6), name
    ours.unmerge_adapters()
    assert all(original[name].equal(t) for name, t in ours.parameters().items())


@pytest.mark.parametrize("kind, targets", [("llama", ["q_proj", "v_proj", "up_proj"]), ("clip", ["all-linear"])])
def test_training_an_adapter_is_peft_s(tmp_path, kind, targets):
    """Same A, same data, five steps of AdamW: outputs and every adapter tensor stay together."""
    torch.manual_seed(8)
    model = MODELS[kind]()
    ours = saved_base(model, tmp_path / "base")
    ours.add_lora(targets, rank=4, alpha=8)
    inputs = inputs_of(kind)
    with torch.no_grad():
        plain = outputs_of(model.eval(), kind, inputs)
        assert difference(ours_of(ours, kind, inputs), plain) < OUTPUT  # nothing has changed yet
    ours.save_adapter(tmp_path / "start", base="x")
    wrapped = peft.PeftModel.from_pretrained(model, tmp_path / "start", is_trainable=True)
    mine = ours.trainable()
    assert all("lora_" in name for name in mine)
    theirs = [p for p in wrapped.parameters() if p.requires_grad]
    assert sum(p.numel() for p in mine.values()) == sum(p.numel() for p in theirs)
    steps = [torch.optim.AdamW(list(p), lr=1e-2, eps=1e-4) for p in (mine.values(), theirs)]
    weights = [torch.randn_like(t) for t in plain]
    for _ in range(5):
        losses = [sum((o * w).sum() for o, w in zip(outputs, weights))
                  for outputs in (ours_of(ours, kind, inputs), outputs_of(wrapped.base_model.model, kind, inputs))]  # fmt: skip
        for loss, step in zip(losses, steps):
            step.zero_grad()
            loss.backward()
            step.step()
    ours.save_adapter(tmp_path / "end", base="x")
    wrapped.save_pretrained(tmp_path / "theirs")
    end = load_file(tmp_path / "end/adapter_model.safetensors")
    expected = load_file(tmp_path / "theirs/adapter_model.safetensors")
    assert end.keys() == expected.keys()
    for name, tensor in end.items():
        assert (tensor - expected[name]).abs().max() < GRADIENT * expected[name].abs().max().clamp_min(1e-2), name


@pytest.mark.parametrize("kind", ["prefix", "projected prefix", "prompt"])
@pytest.mark.parametrize("masked", [False, True])
def test_virtual_tokens_are_peft_s(tmp_path, kind, masked):
    torch.manual_seed(4)
    model = llama()
    ours = saved_base(model, tmp_path / "base")
    if kind == "prompt":
        config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5)
    else:
        config = peft.PrefixTuningConfig(
            task_type="CAUSAL_LM", num_virtual_tokens=5, prefix_projection=kind != "prefix", encoder_hidden_size=24
        )
    wrapped = peft.get_peft_model(model, config).eval()
    wrapped.save_pretrained(tmp_path / "adapter")
    inputs = inputs_of("llama")
    mask = torch.ones_like(inputs["input_ids"])
    if masked:
        mask[1, 7:] = 0
        mask[2, 4:] = 0
    with torch.no_grad():
        theirs = wrapped(**inputs, attention_mask=mask).logits[:, -11:]
        plain = ours.forward(ids=inputs["input_ids"])["logits"]
        ours.load_adapter(tmp_path / "adapter")
        logits = ours.forward(ids=inputs["input_ids"], mask=mask if masked else None)["logits"]
    real = mask.bool()
    assert difference([plain[real]], [theirs[real]]) > 1e-2
    assert difference([logits[real]], [theirs[real]]) < OUTPUT
    ours.save_adapter(tmp_path / "again", base=str(tmp_path / "base"))
    again = peft.PeftModel.from_pretrained(llama().from_pretrained(tmp_path / "base"), tmp_path / "again").eval()
    with torch.no_grad():
        assert difference([again(**inputs, attention_mask=mask).logits[:, -11:][real]], [theirs[real]]) < OUTPUT


@pytest.mark.parametrize("kind", ["prefix", "prompt"])
def test_generation_with_virtual_tokens_is_the_same_with_and_without_the_cache(tmp_path, kind):
    torch.manual_seed(6)
    ours = saved_base(llama(), tmp_path / "base")
    (ours.add_prefix if kind == "prefix" else ours.add_prompt)(4)
    ids = torch.randint(1, 90, [2, 6])
    mask = torch.tensor([[1] * 6, [0, 0, 1, 1, 1, 1]])
    settings = {"max_new_tokens": 12, "end_ids": []}
    cached = ours.generate(ids, mask, **settings)
    assert [g.tokens for g in cached] == [g.tokens for g in ours.generate(ids, mask, cached=False, **settings)]
    assert [g.tokens for g in ours.generate(ids, mask, beams=3, **settings)] == [
        g.tokens for g in ours.generate(ids, mask, beams=3, cached=False, **settings)
    ]
    # Padding in front changes nothing.
    alone = ours.generate(ids[1:, 2:], **settings)
    assert alone[0].tokens == cached[1].tokens
    with pytest.raises(relata.Error, match="positions"):
        ours.generate(torch.randint(1, 90, [1, 62]), max_new_tokens=1)


@pytest.mark.parametrize("hidden", [0, 10])
def test_gradients_of_a_prefix(tmp_path, hidden):
    """Against central differences, in the direction of the gradient."""
    torch.manual_seed(2)
    ours = saved_base(llama(), tmp_path / "base")
    ours.add_prefix(3, hidden=hidden)
    parameters = ours.trainable()
    assert all(name.startswith("prefix.") for name in parameters)
    ids = torch.randint(1, 90, [2, 5])
    weight = torch.randn(2, 5, 90)

    def loss():
        return (ours.forward(ids=ids)["logits"] * weight).double().sum()

    loss().backward()
    for name, parameter in parameters.items():
        direction = parameter.grad / parameter.grad.norm()
        step = 1e-2
        with torch.no_grad():
            parameter.add_(direction, alpha=step)
            high = loss()
            parameter.sub_(direction, alpha=2 * step)
            low = loss()
            parameter.add_(direction, alpha=step)
        assert ((high - low) / (2 * step)).item() == pytest.approx(parameter.grad.norm().item(), rel=1e-2), name


def change(folder, edit):
    path = folder / "adapter_config.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_what_is_no_adapter_of_the_model_is_refused_by_name(tmp_path):
    torch.manual_seed(1)
    model = llama()
    ours = saved_base(model, tmp_path / "base")
    with_trained_lora(model, target_modules=["q_proj"], r=2).save_pretrained(tmp_path / "adapter")
    with pytest.raises(relata.Error, match="no linear layer whose name ends in 'query'.*q_proj"):
        ours.add_lora(["query"])
    other = saved_base(llama(num_hidden_layers=1, hidden_size=36), tmp_path / "other")
    with pytest.raises(relata.Error, match="'model.layers.0.self_attn.q_proj' has A .*no layer 'model.layers.1"):
        other.load_adapter(tmp_path / "adapter")
    change(tmp_path / "adapter", lambda c: c.update(use_dora=True))
    with pytest.raises(relata.Error, match="use_dora"):
        ours.load_adapter(tmp_path / "adapter")
    change(tmp_path / "adapter", lambda c: c.update(use_dora=False, peft_type="IA3"))
    with pytest.raises(relata.Error, match="'IA3' is not known.*PREFIX_TUNING"):
        ours.load_adapter(tmp_path / "adapter")
    change(tmp_path / "adapter", lambda c: c.update(peft_type="PREFIX_TUNING"))
    with pytest.raises(relata.Error, match="prompt_embeddings"):
        ours.load_adapter(tmp_path / "adapter")
    change(tmp_path / "adapter", lambda c: c.update(peft_type="LORA"))
    ours.load_adapter(tmp_path / "adapter")
    with pytest.raises(relata.Error, match="already"):
        ours.load_adapter(tmp_path / "adapter")
    with pytest.raises(relata.Error, match="no decoder"):
        saved_base(bert(), tmp_path / "bert").add_prompt(3)
    with pytest.raises(relata.Error, match="has no adapter"):
        saved_base(bert(), tmp_path / "bert2").save_adapter(tmp_path / "nothing")
