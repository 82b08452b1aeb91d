import ArgumentParser

extension ArgumentHelp {
    /// Of the option `--set`, wherever a configuration is read.
    static func override(example: String) -> ArgumentHelp {
        ArgumentHelp(
            "Override one field: --set \(example). May be repeated. "
                + "Setting a section's kind, as in --set loss.kind=vanilla, drops what the file says of fields that only "
                + "the other kinds have; --set 'loss={kind: vanilla}' replaces the whole section.")
    }
}
