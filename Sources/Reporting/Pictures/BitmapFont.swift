/// A font of five by seven pixels for the printable characters of ASCII.
enum BitmapFont {
    static let width = 5
    /// From the top of a capital to the base line.
    static let height = 7
    /// Rows below the base line that some letters reach into.
    static let descent = 2

    /// How many rows below the top a glyph begins.
    static func drop(of character: Unicode.Scalar) -> Int { "gpqy".unicodeScalars.contains(character) ? descent : 0 }

    /// The glyph's rows from the top; in each the highest of the five low bits is the leftmost pixel. A box for
    /// characters that the font does not have.
    static func rows(of character: Unicode.Scalar) -> [UInt8] {
        let index = Int(character.value) - 0x20
        return glyphs.indices.contains(index) ? glyphs[index] : [31, 17, 17, 17, 17, 17, 31]
    }

    // From the space on, a word a glyph and a digit in base 32 (0 to V) a row.
    private static let glyphs: [[UInt8]] = """
        0000000 4444404 AAA0000 AAVAVAA 4FKE5U4 OP248J3 CIK8LID 4400000 2488842 8422248 04LEL40 044V440
        0000C48 000V000 00000CC 01248G0 EHJLPHE 4C4444E EH1248V V2421HE 26AIV22 VGU11HE 68GUHHE V124888
        EHHEHHE EHHF12C 0CC0CC0 0CC0C48 248G842 00V0V00 8421248 EH12404 EH1DLLE EHHVHHH UHHUHHU EHGGGHE
        SIHHHIS VGGUGGV VGGUGGG EHGNHHF HHHVHHH E44444E 72222IC HIKOKIH GGGGGGV HRLLHHH HHPLJHH EHHHHHE
        UHHUGGG EHHHLID UHHUKIH FGGE11U V444444 HHHHHHE HHHHHA4 HHHLLLA HHA4AHH HHHA444 V1248GV E88888E
        0G84210 E22222E 4AH0000 000000V 8420000 00E1FHF GGMPHHU 00EGGHE 11DJHHF 00EHVGE 698S888 FHHHF1E
        GGMPHHH 40C444E 20622IC GGIKOKI C44444E 00QLLHH 00MPHHH 00EHHHE UHHHUGG FHHHF11 00MPGGG 00EGE1U
        88S8896 00HHHJD 00HHHA4 00HHLLA 00HA4AH HHHHF1E 00V248V 2448442 4444444 8442448 008L200
        """.split(whereSeparator: \.isWhitespace).map { $0.utf8.map { $0 < 0x41 ? $0 - 0x30 : $0 - 0x41 + 10 } }
}
