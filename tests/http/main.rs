//! Every endpoint, over HTTP in process. The modules repeat the routes; in each, the happy path comes
//! first, then each refusal under a name that is a rule.

mod kiosk;
