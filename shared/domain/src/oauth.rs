//! OAuth 2.0 and OpenID Connect, as far as the rules know of them (`docs/oauth.md`).
//!
//! * [`scopes`]: what a client asks for, and what a person grants with it.
//! * [`user_code`]: the short code that a person types where no camera is (RFC 8628 section 6.1); [`typing`]: how often.
//! * [`request`]: what a session keeps of an authorization request.
//! * [`binding`]: what a client has the person see whom it asks on their phone.
//! * [`wishes`]: what a client wishes about how its person is signed in.
//! * [`key_thumbprint`]: the key that tokens are bound to.
//! * [`client`]: what is registered of a client that speaks OAuth.

pub mod binding;
pub mod client;
pub mod key_thumbprint;
pub mod request;
pub mod scopes;
pub mod typing;
pub mod user_code;
pub mod wishes;

pub use binding::{BindingMessage, Words};
pub use client::{ClientAuth, GrantType, OauthClient, Pkce, RedirectUri, RegisteredKeys};
pub use key_thumbprint::KeyThumbprint;
pub use request::RequestHash;
pub use scopes::{Scope, Scopes};
pub use user_code::UserCode;
pub use wishes::{Prompt, Prompts, Wishes};
