#!/usr/bin/env python3
"""Certified accuracy of one checkpoint by pag and by the published code of randomised smoothing, on the same images.

    certificates.py PAG CHECKPOINT CERTIFICATE.json REFERENCE [--data SPEC] [--samples N]

CERTIFICATE.json is what `pag certify` has made of CHECKPOINT; its settings are used. REFERENCE is the folder with core.py of
github.com/locuslab/smoothing, which wants a graphics card and an old scipy: here its noise is drawn on the CPU, and the names
that it misses are given to it. For checkpoints of `model.kind: resnet` with batch norm. Needs torch, safetensors and scipy.

Both draw noise of their own, so images near a radius fall on either side. Exits with 1 where certified accuracy at a radius
differs by more than --tolerance, or where the counts of the likeliest class are further apart than chance has it.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import types

import scipy.stats
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from attacks import Network


def published(folder, model, classes, sigma):
    """The published classifier, which notes the counts that its bounds are made of."""
    proportion = types.ModuleType("statsmodels.stats.proportion")
    proportion.proportion_confint = lambda count, nobs, alpha, method: (
        scipy.stats.beta.ppf(alpha / 2, count, nobs - count + 1) if count else 0.0, None)
    sys.modules |= {"statsmodels": types.ModuleType("statsmodels"),
                    "statsmodels.stats": types.ModuleType("statsmodels.stats"),
                    "statsmodels.stats.proportion": proportion}
    if not hasattr(scipy.stats, "binom_test"):
        scipy.stats.binom_test = lambda count, tries, p: scipy.stats.binomtest(int(count), int(tries), p).pvalue
    plain = torch.randn_like
    torch.randn_like = lambda like, device=None: plain(like)
    sys.path.insert(0, folder)
    from core import Smooth

    class Noted(Smooth):
        def _lower_confidence_bound(self, NA, N, alpha):
            self.count = NA
            return super()._lower_confidence_bound(NA, N, alpha)

    return Noted(model, classes, sigma)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pag")
    parser.add_argument("checkpoint")
    parser.add_argument("certificate")
    parser.add_argument("reference")
    parser.add_argument("--data")
    parser.add_argument("--samples", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tolerance", type=float, default=0.02)
    parser.add_argument("--activation", default="relu", choices=["relu", "gelu"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    with open(options.certificate, encoding="utf-8") as file:
        result = json.load(file)
    ours = result["images"][:options.samples]

    def pag(*words):
        subprocess.run([options.pag, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as folder:
        pag("export", options.checkpoint, f"{folder}/model.safetensors")
        # With next to no budget the images are the clean ones.
        pag("evaluate", options.checkpoint, "--attack", "fgsm", "--epsilon", 1e-12, "--samples", len(ours),
            *(("--data", options.data) if options.data else ()), "--out", f"{folder}/clean")
        clean = load_file(f"{folder}/clean/adversarial.safetensors")
        model = Network(f"{folder}/model.safetensors", getattr(F, options.activation))
    assert clean["y"].tolist() == [image["label"] for image in ours], "the certificate is of other images"

    smooth = published(options.reference, model, len(ours[0]["counts"]), result["sigma"])
    theirs, distances, draws = [], [], result["n"]
    for image, entry in zip(clean["x_adv"], ours):
        label, radius = smooth.certify(image, result["n0"], draws, result["alpha"], 500)
        theirs.append((label, radius))
        if label == entry["prediction"]:
            counts = entry["counts"][label], smooth.count
            share = sum(counts) / (2 * draws)
            deviation = (2 * draws * share * (1 - share)) ** 0.5
            if deviation > 0:
                distances.append((counts[0] - counts[1]) / deviation)

    failed = False
    for radius in (0, 0.25, 0.5, 0.75):
        a = [e["prediction"] == e["label"] and e["radius"] >= radius for e in ours]
        b = [label == e["label"] and r >= radius for (label, r), e in zip(theirs, ours)]
        shares = sum(a) / len(a), sum(b) / len(b)
        far = abs(shares[0] - shares[1]) > options.tolerance
        failed |= far
        print(f"radius {radius:4}: pag {shares[0]:.3f}  published {shares[1]:.3f}  "
              f"{sum(x != y for x, y in zip(a, b))} of {len(ours)} images differ" + ("  TOO FAR APART" if far else ""))
    abstained = sum(e["prediction"] is None for e in ours), sum(label == -1 for label, _ in theirs)
    print(f"abstained: pag {abstained[0]}, published {abstained[1]}")
    chance = scipy.stats.chi2.sf(sum(d * d for d in distances), len(distances))
    print(f"counts of {len(distances)} images, in deviations: mean {sum(distances) / len(distances):+.2f}, root mean square "
          f"{(sum(d * d for d in distances) / len(distances)) ** 0.5:.2f}, chance of so much {chance:.3f}")
    return bool(failed or chance < 1e-4)


if __name__ == "__main__":
    sys.exit(main())
