//! SVG: one line a row, one unit a module, any size.

use std::fmt::Write;

use crate::{Margin, Symbol};

/// The symbol as an SVG document without a size of its own, `margin` white modules around it.
#[must_use]
pub fn svg(symbol: &Symbol, margin: Margin) -> String {
    let margin = margin.modules();
    let side = symbol.width() + 2 * margin;
    let mut path = String::new();
    for (y, row) in symbol.rows().enumerate() {
        // A line through the middle of the row, as wide as the row is high; where it is light, the pen moves on.
        // Writing to a String cannot fail.
        let _ = write!(path, "M{margin} {}.5", y + margin);
        for run in row.chunk_by(|left, right| left == right) {
            let _ = match run.first() {
                Some(true) => write!(path, "h{}", run.len()),
                _ => write!(path, "m{} 0", run.len()),
            };
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path stroke=\"#000\" d=\"{path}\"/></svg>"
    )
}
