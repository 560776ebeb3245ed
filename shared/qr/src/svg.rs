//! SVG: one path, one unit a module, any size.

use std::fmt::Write;

use crate::{Margin, Symbol};

/// The symbol as an SVG document without a size of its own, `margin` white modules around it.
#[must_use]
pub fn svg(symbol: &Symbol, margin: Margin) -> String {
    let margin = margin.modules();
    let side = symbol.width() + 2 * margin;
    let mut path = String::new();
    for (y, row) in symbol.rows().enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|left, right| left == right) {
            if run.first() == Some(&true) {
                // Writing to a String cannot fail.
                let _ =
                    write!(path, "M{} {}h{length}v1h-{length}z", x + margin, y + margin, length = run.len());
            }
            x += run.len();
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    )
}
