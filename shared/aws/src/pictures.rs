//! QR pictures in S3.

use async_trait::async_trait;
use aws_sdk_s3::{
    Client, config::Builder, error::ProvideErrorMetadata, operation::get_object::GetObjectError,
    primitives::ByteStream,
};
use aws_types::SdkConfig;
use saoma_domain::{
    ports::{Pictures, StoreError},
    session::PictureName,
};

/// The bucket of QR pictures: private, its objects gone after a day.
pub struct PictureBucket {
    client: Client,
    bucket: String,
}

impl PictureBucket {
    /// The pictures in `bucket`. An emulator has no host name for each bucket, so it gets paths.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        let config = Builder::from(config).force_path_style(config.endpoint_url().is_some()).build();
        Self { client: Client::from_conf(config), bucket: bucket.into() }
    }
}

#[async_trait]
impl Pictures for PictureBucket {
    async fn put(&self, name: &PictureName, picture: Vec<u8>) -> Result<(), StoreError> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(name.as_str())
            .content_type(name.format().media_type())
            .cache_control("no-store")
            .body(ByteStream::from(picture))
            .send()
            .await
            .map_err(|error| StoreError::at("PutObject", &error))?;
        Ok(())
    }

    async fn get(&self, name: &PictureName) -> Result<Option<Vec<u8>>, StoreError> {
        let got = self.client.get_object().bucket(&self.bucket).key(name.as_str()).send().await;
        let object = match got {
            Ok(object) => object,
            Err(error) => {
                let missing = error.as_service_error().is_some_and(is_missing);
                return if missing { Ok(None) } else { Err(StoreError::at("GetObject", &error)) };
            }
        };
        let body = object.body.collect().await.map_err(|error| StoreError::at("GetObject", &error))?;
        Ok(Some(body.to_vec()))
    }
}

/// Whether S3 has no such object. Our role may not list the bucket, and S3 then answers "access denied" instead.
fn is_missing(error: &GetObjectError) -> bool {
    matches!(error, GetObjectError::NoSuchKey(_)) || error.code() == Some("AccessDenied")
}
