"""Networks as people write them in PyTorch, written anew; each is a function that makes one, with an example."""

# ruff: noqa: N806, N812  # B, T, C and F are what people write

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn


class Case(NamedTuple):
    """A network: what makes one, an example of its inputs, and how many parameters are drawn apart from a tie."""

    make: Callable[[], nn.Module]
    example: tuple[torch.Tensor, ...]
    tied: int = 0
    missing: int = 0
    channels: int = 1  # the axis of the inputs that is last here


def image(channels: int, size: int) -> tuple[torch.Tensor, ...]:
    return (torch.randn(2, channels, size, size),)


class BasicBlock(nn.Module):
    def __init__(self, cin: int, cout: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.downsample = None
        if stride != 1 or cin != cout:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x: Any) -> Any:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    def __init__(self, classes: int = 10, width: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(BasicBlock(a, b, 1 if n == 0 else 2), BasicBlock(b, b))
            for n, (a, b) in enumerate(pairwise(widths))
        )
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8 * width, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def forward(self, x: Any) -> Any:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)


class LstmClassifier(nn.Module):
    def __init__(self, vocabulary: int = 200, hidden: int = 32, classes: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(2 * hidden, classes)

    def forward(self, text: Any) -> Any:
        embedded = self.dropout(self.embedding(text))
        _, (hidden, _) = self.lstm(embedded)
        hidden = self.dropout(torch.cat((hidden[-2], hidden[-1]), dim=1))
        return self.fc(hidden)


class SelfAttention(nn.Module):
    """Queries, keys and values that begin alike, so that one field here says what all three are."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(5, 16)
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.attention.in_proj_weight.data = self.attention.in_proj_weight.data[:16].repeat(3, 1)
        self.norm = nn.LayerNorm(16)
        self.outer = nn.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        x = self.inner(x)
        x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        return self.outer(torch.relu(x).mean(dim=1))


class LastStep(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(7, 5)
        self.lstm = nn.LSTM(5, 16, 2, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x: Any) -> Any:
        h0 = torch.zeros(2, x.size(0), 16, device=x.device, dtype=x.dtype)
        c0 = torch.zeros(2, x.size(0), 16, device=x.device, dtype=x.dtype)
        out, _ = self.lstm(self.first(x), (h0, c0))
        return self.fc(out[:, -1, :])


class GruTagger(nn.Module):
    """Steps first, as a GRU has them unless it is told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(6, 10)
        self.out = nn.Linear(10, 4)

    def forward(self, x: Any) -> Any:
        y, _ = self.gru(x)
        return torch.tanh(self.out(y))


class Gru(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(7, 5)
        self.gru = nn.GRU(5, 8, batch_first=True)
        self.fc = nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        _, h = self.gru(self.first(x))
        return self.fc(h[-1])


class CausalSelfAttention(nn.Module):
    def __init__(self, n_embd: int, n_head: int, block: int, flash: bool) -> None:
        super().__init__()
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)
        self.attn_dropout = nn.Dropout(0.0)
        self.resid_dropout = nn.Dropout(0.1)
        self.n_head, self.n_embd, self.flash = n_head, n_embd, flash
        self.register_buffer("bias", torch.tril(torch.ones(block, block)).view(1, 1, block, block))

    def forward(self, x: Any) -> Any:
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        if self.flash:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0, is_causal=True)
        else:
            att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
            att = self.attn_dropout(F.softmax(att, dim=-1))
            y = att @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.resid_dropout(self.c_proj(y))


class GptBlock(nn.Module):
    def __init__(self, n_embd: int, n_head: int, block: int, flash: bool) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(n_embd)
        self.attn = CausalSelfAttention(n_embd, n_head, block, flash)
        self.ln_2 = nn.LayerNorm(n_embd)
        self.mlp = nn.ModuleDict(
            {
                "c_fc": nn.Linear(n_embd, 4 * n_embd),
                "gelu": nn.GELU(),
                "c_proj": nn.Linear(4 * n_embd, n_embd),
                "dropout": nn.Dropout(0.1),
            }
        )

    def forward(self, x: Any) -> Any:
        x = x + self.attn(self.ln_1(x))
        m = self.mlp
        return x + m["dropout"](m["c_proj"](m["gelu"](m["c_fc"](self.ln_2(x)))))


class NanoGpt(nn.Module):
    def __init__(self, flash: bool = True, layers: int = 3, n_embd: int = 48, vocabulary: int = 65) -> None:
        super().__init__()
        block = 32
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocabulary, n_embd),
                "wpe": nn.Embedding(block, n_embd),
                "drop": nn.Dropout(0.1),
                "h": nn.ModuleList([GptBlock(n_embd, 4, block, flash) for _ in range(layers)]),
                "ln_f": nn.LayerNorm(n_embd),
            }
        )
        self.lm_head = nn.Linear(n_embd, vocabulary, bias=False)
        self.transformer["wte"].weight = self.lm_head.weight
        self.apply(self._init_weights)
        for name, p in self.named_parameters():
            if name.endswith("c_proj.weight"):
                nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * layers))

    def _init_weights(self, module: Any) -> None:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)

    def forward(self, idx: Any, targets: Any = None) -> Any:
        device = idx.device
        _, t = idx.size()
        pos = torch.arange(0, t, dtype=torch.long, device=device)
        x = self.transformer["drop"](self.transformer["wte"](idx) + self.transformer["wpe"](pos))
        for block in self.transformer["h"]:
            x = block(x)
        x = self.transformer["ln_f"](x)
        if targets is None:
            return self.lm_head(x), None
        return None


class Discriminator(nn.Module):
    """DCGAN's."""

    def __init__(self, ndf: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        for n in (1, 2, 4):
            layers += [
                nn.Conv2d(ndf * n, ndf * 2 * n, 4, 2, 1, bias=False),
                nn.BatchNorm2d(ndf * 2 * n),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        self.main = nn.Sequential(*layers, nn.Conv2d(ndf * 8, 1, 4, 1, 0, bias=False), nn.Sigmoid())
        self.apply(dcgan_init)

    def forward(self, x: Any) -> Any:
        return self.main(x).view(-1, 1).squeeze(1)


def dcgan_init(m: nn.Module) -> None:
    if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif isinstance(m, nn.BatchNorm2d):
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Generator(nn.Module):
    """DCGAN's."""

    def __init__(self, nz: int = 20, ngf: int = 8) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, 3, 4, 2, 1, bias=False),
            nn.Tanh(),
        )
        self.apply(dcgan_init)

    def forward(self, z: Any) -> Any:
        return self.main(z)


class DoubleConv(nn.Sequential):
    def __init__(self, cin: int, cout: int) -> None:
        super().__init__(
            nn.Conv2d(cin, cout, 3, padding=1, bias=False),
            nn.BatchNorm2d(cout),
            nn.ReLU(inplace=True),
            nn.Conv2d(cout, cout, 3, padding=1, bias=False),
            nn.BatchNorm2d(cout),
            nn.ReLU(inplace=True),
        )


class Up(nn.Module):
    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(cin, cin // 2, 2, 2)
        self.conv = DoubleConv(cin, cout)

    def forward(self, x1: Any, x2: Any) -> Any:
        x1 = self.up(x1)
        dy, dx = x2.size()[2] - x1.size()[2], x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class UNet(nn.Module):
    def __init__(self, base: int = 8) -> None:
        super().__init__()
        self.inc = DoubleConv(1, base)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(base, base * 2))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(base * 2, base * 4))
        self.up1 = Up(base * 4, base * 2)
        self.up2 = Up(base * 2, base)
        self.outc = nn.Conv2d(base, 2, 1)

    def forward(self, x: Any) -> Any:
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        return self.outc(self.up2(self.up1(x3, x2), x1))


class Pinn(nn.Module):
    def __init__(self, layers: tuple[int, ...] = (2, 20, 20, 20, 20, 1)) -> None:
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise(layers)])
        for one in self.linears:
            nn.init.xavier_normal_(one.weight.data, gain=1.0)
            nn.init.zeros_(one.bias.data)

    def forward(self, x: Any, t: Any) -> Any:
        a = torch.cat([x, t], dim=1)
        for one in self.linears[:-1]:
            a = torch.tanh(one(a))
        return self.linears[-1](a)


class Dqn(nn.Module):
    def __init__(self, actions: int = 6) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 32, 8, stride=4)
        self.conv2 = nn.Conv2d(32, 64, 4, stride=2)
        self.conv3 = nn.Conv2d(64, 64, 3, stride=1)
        self.fc1 = nn.Linear(3136, 512)
        self.q = nn.Linear(512, actions)

    def forward(self, x: Any) -> Any:
        x = x / 255.0
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.conv3(x))
        x = F.relu(self.fc1(x.reshape(x.size(0), -1)))
        return self.q(x)


class VitAttention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=False)
        self.proj = nn.Linear(dim, dim)
        self.attn_drop = nn.Dropout(0.1)

    def forward(self, x: Any) -> Any:
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        attn = ((q * self.scale) @ k.transpose(-2, -1)).softmax(dim=-1)
        x = self.attn_drop(attn) @ v
        return self.proj(x.transpose(1, 2).reshape(B, N, C))


class VitBlock(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attn = VitAttention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x: Any) -> Any:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    def __init__(self, token: bool = True, dim: int = 32) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, dim, 4, 4)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim)) if token else None
        self.pos_embed = nn.Parameter(torch.zeros(1, 64 + token, dim))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        self.blocks = nn.Sequential(*[VitBlock(dim, 4) for _ in range(3)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x: Any) -> Any:
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        if self.cls_token is not None:
            x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        x = self.norm(self.blocks(x + self.pos_embed))
        return self.head(x[:, 0] if self.cls_token is not None else x.mean(dim=1))


class DenseLayer(nn.Module):
    def __init__(self, cin: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(cin), nn.Conv2d(cin, 4 * growth, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, inputs: Any) -> Any:
        x = torch.cat(inputs, 1)
        x = self.conv1(F.relu(self.norm1(x), inplace=True))
        return self.conv2(F.relu(self.norm2(x), inplace=True))


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.block = nn.ModuleList([DenseLayer(8 + 4 * n, 4) for n in range(4)])
        self.transition = nn.Sequential(
            nn.BatchNorm2d(24), nn.ReLU(inplace=True), nn.Conv2d(24, 12, 1, bias=False), nn.AvgPool2d(2, 2)
        )
        self.classifier = nn.Linear(12, 10)

    def forward(self, x: Any) -> Any:
        features = [self.conv0(x)]
        for layer in self.block:
            features.append(layer(features))
        x = self.transition(torch.cat(features, 1))
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // 4, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // 4, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Any) -> Any:
        b, c, _, _ = x.size()
        y = F.adaptive_avg_pool2d(x, 1).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


class InvertedResidual(nn.Module):
    def __init__(self, cin: int, cout: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = cin * expand
        self.skip = stride == 1 and cin == cout
        self.conv = nn.Sequential(
            nn.Conv2d(cin, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            SqueezeExcitation(hidden),
            nn.Conv2d(hidden, cout, 1, bias=False),
            nn.BatchNorm2d(cout),
        )

    def forward(self, x: Any) -> Any:
        return x + self.conv(x) if self.skip else self.conv(x)


class MobileNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.Hardswish(inplace=True),
            InvertedResidual(8, 8, 1, 2),
            InvertedResidual(8, 12, 2, 3),
            InvertedResidual(12, 12, 1, 3),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, 10))

    def forward(self, x: Any) -> Any:
        return self.classifier(self.features(x).mean([2, 3]))


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, max_len: int = 100) -> None:
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Any) -> Any:
        return x + self.pe[: x.size(0)]


class TransformerClassifier(nn.Module):
    """Steps first, as PyTorch's transformers have them unless they are told otherwise."""

    def __init__(self, d_model: int = 32) -> None:
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(50, d_model)
        self.pos_encoder = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, 4, 64, 0.1)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.decoder = nn.Linear(d_model, 3)

    def forward(self, src: Any) -> Any:
        src = self.pos_encoder(self.embedding(src) * math.sqrt(self.d_model))
        return self.decoder(self.encoder(src).mean(dim=0))


class TemporalBlock(nn.Module):
    def __init__(self, cin: int, cout: int, dilation: int) -> None:
        super().__init__()
        self.pad = 2 * dilation
        self.conv1 = nn.Conv1d(cin, cout, 3, padding=self.pad, dilation=dilation)
        self.conv2 = nn.Conv1d(cout, cout, 3, padding=self.pad, dilation=dilation)
        self.downsample = nn.Conv1d(cin, cout, 1) if cin != cout else None

    def forward(self, x: Any) -> Any:
        out = F.relu(self.conv1(x)[:, :, : -self.pad].contiguous())
        out = F.relu(self.conv2(out)[:, :, : -self.pad].contiguous())
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class Tcn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(TemporalBlock(3, 8, 1), TemporalBlock(8, 8, 2), TemporalBlock(8, 8, 4))
        self.linear = nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        return F.log_softmax(self.linear(self.network(x)[:, :, -1]), dim=1)


class Siren(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 32), nn.Linear(32, 32), nn.Linear(32, 3)])
        with torch.no_grad():
            self.layers[0].weight.uniform_(-1 / 2, 1 / 2)
            for one in list(self.layers)[1:]:
                one.weight.uniform_(-math.sqrt(6 / 32) / 30, math.sqrt(6 / 32) / 30)

    def forward(self, coords: Any) -> Any:
        x = torch.sin(30 * self.layers[0](coords))
        x = torch.sin(30 * self.layers[1](x))
        return self.layers[2](x)


class LeNet(nn.Module):
    """What PyTorch's example for MNIST is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 3, 1), nn.Conv2d(8, 16, 3, 1)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(2304, 32), nn.Linear(32, 10)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.conv1(x))
        x = self.dropout1(F.max_pool2d(F.relu(self.conv2(x)), 2))
        x = self.dropout2(F.relu(self.fc1(torch.flatten(x, 1))))
        return F.log_softmax(self.fc2(x), dim=1)


CASES = {
    "resnet18": Case(ResNet18, image(3, 32)),
    "lstm classifier": Case(LstmClassifier, (torch.randint(0, 200, (4, 12)),)),
    "last step": Case(LastStep, (torch.randn(3, 9, 7),), channels=2),
    "gru": Case(Gru, (torch.randn(3, 6, 7),), channels=2),
    "gru tagger": Case(GruTagger, (torch.randn(9, 3, 6),)),
    "self-attention": Case(SelfAttention, (torch.randn(3, 6, 5),), channels=2),
    "nanogpt": Case(NanoGpt, (torch.randint(0, 65, (2, 32)),), tied=65 * 48),
    "nanogpt by hand": Case(lambda: NanoGpt(flash=False), (torch.randint(0, 65, (1, 32)),), tied=65 * 48),
    "dcgan discriminator": Case(Discriminator, image(3, 64)),
    "dcgan generator": Case(Generator, (torch.randn(2, 20, 1, 1),)),
    "u-net": Case(UNet, image(1, 32)),
    "pinn": Case(Pinn, (torch.randn(8, 1), torch.randn(8, 1))),
    "dqn": Case(Dqn, image(4, 84)),
    "vit": Case(Vit, image(3, 32), missing=32),
    "vit without a token": Case(lambda: Vit(token=False), image(3, 32)),
    "densenet": Case(DenseNet, image(3, 16)),
    "mobilenet": Case(MobileNet, image(3, 32)),
    "transformer encoder": Case(TransformerClassifier, (torch.randint(0, 50, (10, 2)),), tied=10 * 32),
    "temporal convolutions": Case(Tcn, (torch.randn(2, 3, 20),)),
    "siren": Case(Siren, (torch.randn(5, 2),)),
    "lenet": Case(LeNet, (torch.randn(1, 1, 28, 28),)),
}
