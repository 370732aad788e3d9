"""What several tests share: the script as a module, small models, and where test data lie."""
import os
import sys
from pathlib import Path

# Models this small are faster on few threads, and tests that run beside each other do not wait for each other. Set
# before PyTorch is imported, and inherited by the scripts that the tests start.
os.environ["OMP_NUM_THREADS"] = "2"

import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import finetune_gpt2 as ft  # noqa: E402


@pytest.fixture
def small_cfg():
    """Sizes of a model that runs in milliseconds."""
    return {**ft.GPT2, "vocab_size": 97, "context_length": 40, "emb_dim": 32, "n_heads": 4, "n_layers": 3}


@pytest.fixture
def small_model(small_cfg):
    """A small random model whose logits differ clearly from token to token."""
    torch.manual_seed(6)
    model = ft.GPTModel(small_cfg).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.15)
    return model


@pytest.fixture(scope="session")
def tiny_tokenizer():
    return ft.load_tokenizer(ROOT / "gpt2" / "tiny")


@pytest.fixture(scope="session")
def gpt2_bpe():
    """The folder with GPT-2's own BPE tables, which are not part of the repository."""
    folder = ROOT.parent / "shared" / "gpt2-bpe"
    if not folder.exists():
        pytest.skip(f"GPT-2's BPE tables are not in {folder}")
    return folder


@pytest.fixture
def formulas(monkeypatch):
    """Compute LayerNorm, GELU and attention by their formulas."""
    monkeypatch.setattr(ft, "FUSED", False)
