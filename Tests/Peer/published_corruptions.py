"""The published generator of CIFAR-10-C, run with pag's random numbers.

`Published(PATH)` takes the functions out of hendrycks/robustness's ImageNet-C/create_c/make_cifar_c.py, which is no part of
this project. They were written for libraries of 2018; what is called otherwise today is brought under its old name, and
nothing else is changed. Needs numpy, scipy, scikit-image, opencv-python-headless and Pillow; motion_blur and snow also Wand, with
ImageMagick.
"""
import ast
import os
import re
import types

import numpy
import scipy.ndimage
import scipy.stats
import skimage.color
import skimage.filters
import skimage.util
from PIL import Image

MASK = (1 << 64) - 1
STREAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/Randomness/RandomStream.swift")
with open(STREAMS, encoding="utf-8") as source:
    PURPOSE = int(re.search(r"case corruption = (\d+)", source.read())[1])


class Stream:
    """Sources/Randomness: Philox4x32-10 (Salmon et al. 2011), keyed as pag keys it."""

    def __init__(self, seed, first, second):
        mixed = seed ^ (PURPOSE * 0x9E3779B97F4A7C15 & MASK)
        mixed ^= (first >> 32) * 0xBF58476D1CE4E5B9 & MASK
        mixed ^= (second >> 32) * 0x94D049BB133111EB & MASK
        self.key = (mixed & 0xFFFFFFFF, mixed >> 32)
        self.place = (first & 0xFFFFFFFF, second & 0xFFFFFFFF, PURPOSE)
        self.block = 0
        self.left = numpy.empty(0, numpy.uint64)

    def words(self, count):
        while len(self.left) < count:
            self.left = numpy.concatenate([self.left, self.blocks(1024)])
        words, self.left = self.left[:count], self.left[count:]
        return words

    def blocks(self, count):
        low, shift = numpy.uint64(0xFFFFFFFF), numpy.uint64(32)
        c = [numpy.arange(self.block, self.block + count, dtype=numpy.uint64)]
        c += [numpy.full(count, place, numpy.uint64) for place in self.place]
        self.block += count
        k0, k1 = self.key
        for _ in range(10):
            p0, p1 = numpy.uint64(0xD2511F53) * c[0], numpy.uint64(0xCD9E8D57) * c[2]
            c = [(p1 >> shift) ^ c[1] ^ numpy.uint64(k0), p1 & low, (p0 >> shift) ^ c[3] ^ numpy.uint64(k1), p0 & low]
            k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
        return numpy.stack(c, axis=1).reshape(-1)

    def unit(self, count):
        return (self.words(count) >> numpy.uint64(8)).astype(float) * 2.0**-24


class Random:
    """What the generator asks numpy.random for, from a stream, each number for itself in the order of the array."""

    def __init__(self, stream):
        self.stream = stream

    def uniform(self, low, high, size=()):
        return low + (high - low) * self.stream.unit(int(numpy.prod(size))).reshape(size)

    def normal(self, size, scale, loc=0.0):
        u = self.stream.unit(2 * int(numpy.prod(size))).reshape(-1, 2)
        return loc + scale * (numpy.sqrt(-2 * numpy.log(1 - u[:, 0])) * numpy.cos(2 * numpy.pi * u[:, 1])).reshape(size)

    def randint(self, low, high, size):
        assert high - low == 2
        return low + (self.stream.words(int(numpy.prod(size))) >> numpy.uint64(31)).astype(int).reshape(size)

    def poisson(self, mean):
        words = self.stream.words(2 * mean.size).reshape(-1, 2)
        u = ((words[:, 0] | words[:, 1] << numpy.uint64(32)) >> numpy.uint64(11)).astype(float) * 2.0**-53
        counts = scipy.stats.poisson.ppf(u.reshape(mean.shape), numpy.maximum(mean, 1e-300))
        return numpy.maximum(counts, 0)


class Pairs(numpy.random.Generator):
    """For random_noise, which asks for an array of numbers, then for another one: pag draws them in turn."""

    def __init__(self, stream):
        super().__init__(numpy.random.PCG64(0))
        self.stream, self.second = stream, None

    def random(self, shape):
        if self.second is not None:
            return self.second
        u = self.stream.unit(2 * int(numpy.prod(shape))).reshape(-1, 2)
        self.second = u[:, 1].reshape(shape)
        return u[:, 0].reshape(shape)


class Proxy:
    """A module with some names of its own."""

    def __init__(self, module, **names):
        self.module, self.__dict__ = module, {"module": module, **names}

    def __getattr__(self, name):
        return getattr(self.module, name)


def gaussian(image, sigma, multichannel=False, mode="nearest", truncate=4.0):
    return skimage.filters.gaussian(
        image, sigma, mode=mode, truncate=truncate, channel_axis=-1 if multichannel else None)


class Published:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        self.random = Random(None)
        numbers = Proxy(numpy, random=self.random, float_=numpy.float64, fromstring=numpy.frombuffer)
        noise = lambda image, mode, amount: skimage.util.random_noise(
            image, mode=mode, amount=amount, rng=Pairs(self.random.stream))
        self.space = {
            "np": numbers, "gaussian": gaussian, "scizoom": scipy.ndimage.zoom, "PILImage": Image,
            "map_coordinates": scipy.ndimage.map_coordinates,
            "sk": types.SimpleNamespace(util=types.SimpleNamespace(random_noise=noise), color=skimage.color),
        }
        exec("import ctypes, cv2\nfrom io import BytesIO", self.space)
        kinds = [ast.FunctionDef]
        try:
            exec("from wand.image import Image as WandImage\nfrom wand.api import library as wandlibrary", self.space)
            self.space["wandlibrary"].MagickMotionBlurImage.argtypes = (
                self.space["ctypes"].c_void_p, *[self.space["ctypes"].c_double] * 3)
            kinds.append(ast.ClassDef)
        except ImportError:
            pass
        self.has_wand = len(kinds) > 1
        tree.body = [node for node in tree.body if isinstance(node, tuple(kinds))]
        exec(compile(tree, path, "exec"), self.space)

    def corrupt(self, image, name, severity, seed, index):
        """uint8 [32, 32, 3] from the same: image number `index` of a data set that pag corrupts by `seed`."""
        number = 0xCBF29CE484222325
        for byte in name.encode():
            number = (number ^ byte) * 0x100000001B3 & MASK
        self.random.stream = Stream(seed, index, number << 3 & MASK | severity)
        return numpy.uint8(self.space[name](Image.fromarray(image), severity))


NAMES = [
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "snow", "fog",
    "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression", "speckle_noise", "gaussian_blur",
    "saturate",
]
