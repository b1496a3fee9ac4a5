"""The networks in PyTorch, and their files: prepare(folder, works) writes weights for us and ONNX models.

    NAME.safetensors   weights under PyTorch's names; of MiniLM a folder with config.json, as Hugging Face has it
    NAME.onnx          for ONNX Runtime; MiniLM through its own transformer optimiser, and again quantised to int8

No network is trained: its weights are drawn by the formula, norms and running statistics included, so that equal outputs
mean equal arithmetic.
"""

import warnings

import torch
from formula import fill


class Features(torch.nn.Module):
    """Pooled features of a torchvision MobileNetV2."""

    def __init__(self, net):
        super().__init__()
        self.features = net.features

    def forward(self, x):
        return torch.nn.functional.adaptive_avg_pool2d(self.features(x), 1).flatten(1)


class Tokens(torch.nn.Module):
    """Token vectors alone."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, ids, mask):
        return self.net(input_ids=ids, attention_mask=mask, return_dict=False)[0]


def mlp():
    net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    fill(net, 1000)
    return net


def mobilenet(classes):
    import torchvision

    net = torchvision.models.mobilenet_v2(weights=None, num_classes=classes, dropout=0.0)
    fill(net, 1000)
    return net


def minilm(attention):
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12, attn_implementation=attention,
    )
    net = BertModel(config, add_pooling_layer=False)
    fill(net, 1000)
    return net.eval()


def export(path, net, inputs, names, dynamic):
    # The exporter from TorchScript: the newer one needs onnxscript and hides the patterns that the optimiser looks for.
    axes = {name: dict(enumerate(dynamic)) for name in (*names, "y")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.eval(), inputs, str(path), dynamo=False, opset_version=17, input_names=list(names),
                          output_names=["y"], dynamic_axes=axes)


def prepare(folder, works):
    from safetensors.torch import save_file

    weights, models = {w.weights for w in works}, {w.model for w in works}
    if "mlp.safetensors" in weights:
        net = mlp()
        save_file(net.state_dict(), folder / "mlp.safetensors")
        if "mlp" in models:
            export(folder / "mlp.onnx", net, (torch.zeros(2, 784),), ["x"], ["rows"])
    if "mobilenet.safetensors" in weights:
        net = mobilenet(10)
        save_file(net.state_dict(), folder / "mobilenet.safetensors")
        for work in works:
            if work.kind == "mobilenet-frozen":
                picture = torch.zeros(2, 3, work.size, work.size)
                export(folder / f"{work.model}.onnx", Features(net), (picture,), ["x"], ["rows"])
    if "mobilenet-1000.safetensors" in weights:
        net = mobilenet(1000)
        save_file(net.state_dict(), folder / "mobilenet-1000.safetensors")
        export(folder / "mobilenet-1000.onnx", net, (torch.zeros(2, 3, 224, 224),), ["x"], ["rows"])
    if "minilm" in weights:
        prepare_minilm(folder, "minilm-int8" in models)


def prepare_minilm(folder, int8):
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    net = minilm("eager")
    net.save_pretrained(folder / "minilm")
    plain, optimised = folder / "minilm-plain.onnx", folder / "minilm.onnx"
    ids = torch.ones(2, 8, dtype=torch.int64)
    export(plain, Tokens(net), (ids, ids), ["ids", "mask"], ["rows", "tokens"])
    model = optimize_model(str(plain), model_type="bert", num_heads=12, hidden_size=384, opt_level=0,
                           optimization_options=FusionOptions("bert"), use_gpu=False)
    counts = model.get_fused_operator_statistics()
    if counts.get("Attention") != 6 or counts.get("BiasGelu", 0) + counts.get("Gelu", 0) != 6:
        raise SystemExit(f"ONNX Runtime's optimiser did not find BERT's six blocks: {counts}")
    model.save_model_to_file(str(optimised))
    if int8:
        from onnx import TensorProto
        from onnxruntime.quantization import QuantType, quantize_dynamic

        # Of what a fused node gives, shape inference knows no type.
        quantize_dynamic(str(optimised), str(folder / "minilm-int8.onnx"), weight_type=QuantType.QInt8,
                         extra_options={"DefaultTensorType": TensorProto.FLOAT})
