/// Decimal digits in groups of three: 30,730,000.
func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (place, digit) in digits.enumerated() {
        if place > 0 && (digits.count - place) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return text
}
