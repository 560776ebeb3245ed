//! The QR's picture, at the address that every answer names.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use saoma_domain::session::{PictureFormat, PictureName};
use saoma_http::Problem;

use crate::App;

/// `GET /api/qrCode/image/{name}`: the stored picture with this random name. The call needs only the name, because
/// the machine's browser loads the picture without a header of ours.
pub(crate) async fn image(State(app): State<App>, Path(file): Path<String>) -> Result<Response, Problem> {
    let name = PictureName::parse(&file).filter(|name| name.format() == PictureFormat::Png);
    let name = name.ok_or_else(Problem::not_found)?;
    let picture = app.pictures.get(&name).await?.ok_or_else(Problem::not_found)?;
    Ok(([(header::CONTENT_TYPE, name.format().media_type())], picture).into_response())
}

/// The picture's address. It stays the same for the life of the session.
pub(crate) fn address(public_url: &str, name: &PictureName) -> String {
    format!("{public_url}/api/qrCode/image/{}", name.as_str())
}
