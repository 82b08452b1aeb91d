import Formats

/// A drawn picture, and what a report says about it.
struct Picture {
    let name, title, caption: String
    let image: RasterImage

    /// How much small images are enlarged so that a pixel can be seen.
    static func scale(height: Int, width: Int) -> Int { max(1, 64 / max(height, width)) }

    /// A class's name, cut to what fits beside an image.
    static func label(_ className: String) -> String { String(className.prefix(10)) }

    /// Makes the folder, with the pictures and the list of them that reports read. Throws `inputOutput`.
    static func write(_ pictures: [Picture], to folder: String) throws {
        try createDirectory(folder)
        for picture in pictures { try AtomicFile.write(picture.image.png(), to: "\(folder)/\(picture.name).png") }
        let list = JSONValue.array(
            pictures.map {
                ["file": JSONValue($0.name + ".png"), "title": JSONValue($0.title), "caption": JSONValue($0.caption)]
            })
        try AtomicFile.write(list.text(pretty: true) + "\n", to: folder + "/pictures.json")
    }
}
