//! Embeddings: row `ids[...]` of a table `w[V, D]`; D reads a token, no arithmetic.

use crate::{Builder, Init, Op, Result, Shape, ValueId};

/// A table `name.weight[vocabulary, width]` looked up by integer ids: `ids[...] -> [..., width]`.
pub fn embedding(
    b: &mut Builder<'_>,
    name: &str,
    ids: ValueId,
    vocabulary: usize,
    width: usize,
    init: Init,
) -> Result<ValueId> {
    b.scoped(name, |b| {
        let table = b.weight("weight", &[vocabulary, width], init)?;
        b.op(Op::Embedding, &[ids, table])
    })
}

/// Row 0 of a table `name.weight[vocabulary, width]` as `[width]`: an embedding whose id is always zero needs no ids.
pub fn first_embedding(
    b: &mut Builder<'_>,
    name: &str,
    vocabulary: usize,
    width: usize,
    init: Init,
) -> Result<ValueId> {
    b.scoped(name, |b| {
        let table = b.weight("weight", &[vocabulary, width], init)?;
        let flat = b.op(Op::Reshape { shape: Shape::fixed(&[vocabulary * width]) }, &[table])?;
        b.op(Op::Slice { start: 0, len: width }, &[flat])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Dim, Mode, Weights};

    #[test]
    fn embeddings_of_positions_and_types_add_to_those_of_words() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 3);
        let tokens = b.symbol();
        let ids = b.input("ids", &Shape(vec![Dim::BATCH, tokens]), DType::I32)?;
        let positions = b.input("positions", &Shape(vec![tokens]), DType::I32)?;
        let words = embedding(&mut b, "word", ids, 100, 8, Init::Normal(0.02))?;
        let places = embedding(&mut b, "position", positions, 16, 8, Init::Normal(0.02))?;
        let kind = first_embedding(&mut b, "type", 2, 8, Init::Normal(0.02))?;
        let sum = b.op(Op::Add, &[words, places])?;
        let sum = b.op(Op::Add, &[sum, kind])?;
        assert_eq!(b.shape(sum), &Shape(vec![Dim::BATCH, tokens, Dim::Fixed(8)]));
        Ok(())
    }
}
