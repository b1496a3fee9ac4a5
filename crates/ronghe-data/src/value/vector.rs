//! A list of numbers in one cell: `[0.1, 0.2]`, as JSON has it, or `[0.1 0.2]`, as NumPy prints it.

/// Numbers of a vector at most.
const WIDEST: usize = 65_536;

/// The numbers of such a cell; `None` if it is none, or holds none.
pub(crate) fn vector(text: &str) -> Option<Vec<f32>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut numbers = Vec::new();
    for part in inner.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty()) {
        let number: f32 = part.parse().ok()?;
        if !number.is_finite() || numbers.len() == WIDEST {
            return None;
        }
        numbers.push(number);
    }
    (!numbers.is_empty()).then_some(numbers)
}

/// The bytes of a vector cell.
pub(crate) fn vector_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers() {
        for text in ["[1, 2.5, -3e1]", "[1 2.5\n -30.]", " [1,2.5,-30] "] {
            assert_eq!(vector(text), Some(vec![1.0, 2.5, -30.0]), "{text}");
        }
        for text in ["[]", "[a]", "1, 2", "[1, [2]]", "[NaN, 1]", "[[1, 2]]"] {
            assert_eq!(vector(text), None, "{text}");
        }
    }
}
