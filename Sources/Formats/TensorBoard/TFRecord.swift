/// The framing of TensorFlow's record files: length (u64), its masked CRC-32C, the data, their masked CRC-32C, all
/// little-endian (https://www.tensorflow.org/tutorials/load_data/tfrecord).
public enum TFRecord {
    /// A record: length, data, and a checksum of each.
    public static func frame(_ data: [UInt8]) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Array($0) }
        return length + maskedCheck(length) + data + maskedCheck(data)
    }

    /// Masked, since the CRC of data that hold their own CRC is a constant.
    static func maskedCheck(_ bytes: [UInt8]) -> [UInt8] {
        let crc = CRC32C.value(of: bytes)
        return withUnsafeBytes(of: ((crc >> 15 | crc << 17) &+ 0xa282_ead8).littleEndian) { Array($0) }
    }
}
