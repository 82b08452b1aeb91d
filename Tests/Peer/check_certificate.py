#!/usr/bin/env python3
"""Compares the certificates that pag has made with Cohen's published procedure on the same counts, by scipy.

    check_certificate.py CERTIFICATE.json

The class that pag certifies is the one that its own first draws have chosen; where it abstains, no class of the counts
may be likely enough but by another choice. Exits with 1 where a radius differs by more than 1e-9. Needs scipy.
"""
import json
import sys

from scipy.stats import beta, norm


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.load(file)
    sigma, draws, alpha = result["sigma"], result["n"], result["alpha"]

    def radius(successes):
        bound = beta.ppf(alpha, successes, draws - successes + 1) if successes else 0.0
        return sigma * norm.ppf(bound) if bound >= 0.5 else None

    worst, abstained, chosen_otherwise = 0.0, 0, 0
    for number, image in enumerate(result["images"]):
        if image["prediction"] is None:
            abstained += 1
            chosen_otherwise += radius(max(image["counts"])) is not None
            if image["radius"] != 0:
                sys.exit(f"image {number} has a radius and no prediction")
            continue
        expected = radius(image["counts"][image["prediction"]])
        if expected is None:
            sys.exit(f"image {number}: {image['counts']} is no certificate")
        worst = max(worst, abs(expected - image["radius"]))
    print(f"{len(result['images'])} images, {abstained} abstained, {chosen_otherwise} of them by their choice of a class; "
          f"largest difference of radii {worst:.1e}")
    return bool(worst > 1e-9)


if __name__ == "__main__":
    sys.exit(main())
