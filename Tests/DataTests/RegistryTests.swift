import Data
import TestSupport
import Testing

@Suite struct RegistryTests {
    @Test func unknownNamesListTheKnownOnes() {
        for spec in ["", "imagenet", "cifar", "CIFAR10:/tmp", ":", "digits\0", "mnist\n:x"] {
            expectRefusal(
                spec, "unknown dataset",
                "digits, toy2d, cifar10:DIR, cifar100:DIR, stl10:DIR, mnist:DIR, fashion-mnist:DIR, folder:DIR, npz:FILE, "
                    + "npy:DIR, safetensors:FILE")
        }
    }

    @Test func folderMustBeGivenWhereOneIsNeeded() {
        for name in ["cifar10", "cifar100", "stl10", "mnist", "fashion-mnist"] {
            expectRefusal(name, "the folder is missing", "\(name):DIR")
            expectRefusal("\(name):", "the folder is missing", "\(name):DIR")
        }
        expectRefusal("digits:/tmp", "built-in")
        expectRefusal("toy2d:", "built-in")
        expectRefusal("cifar10:/tmp\0", "unknown dataset")
    }

    @Test func folderMustExist() throws {
        let directory = TemporaryDirectory()
        try directory.write("file", [1])
        for name in ["cifar10", "cifar100", "stl10", "mnist", "fashion-mnist"] {
            expectRefusal("\(name):\(directory.path)/none", "\(directory.path)/none: no such folder")
            expectRefusal("\(name):\(directory.path)/file", "\(directory.path)/file: not a folder")
        }
    }

    @Test func emptyFolderNamesTheFirstFileExpected() throws {
        let directory = TemporaryDirectory()
        for (name, file) in [
            ("cifar10", "data_batch_1.bin"), ("cifar100", "train.bin"), ("stl10", "train_X.bin"),
            ("mnist", "train-images-idx3-ubyte"), ("fashion-mnist", "train-images-idx3-ubyte"),
        ] {
            expectRefusal("\(name):\(directory.path)", "\(directory.path)/\(file): no such file, expected")
        }
    }
}
