//! `sms.*`: whether text messages go out, how many did today, and their texts.

use saoma_domain::{sms_budget::Budget, sms_text::bindable_host};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    App,
    answer::{Done, Refused},
};

/// Stands for the code in a text that is registered with carriers.
const VARIABLE: &str = "${code}";

/// What can be done with text messages.
#[derive(Deserialize)]
#[serde(tag = "do")]
pub(crate) enum Command {
    /// Whether they go out, and what was used of the budget.
    #[serde(rename = "sms.show")]
    Show(Nothing),
    /// Lets them out.
    #[serde(rename = "sms.on")]
    On(Nothing),
    /// Keeps them in. The functions hear of it within five seconds.
    #[serde(rename = "sms.off")]
    Off(Nothing),
    /// The texts, for registration with carriers.
    #[serde(rename = "sms.texts")]
    Texts(Nothing),
}

/// A command without settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Carries out a command.
pub(crate) async fn run(app: &App, command: Command) -> Result<Done, Refused> {
    match command {
        Command::Show(_) => {}
        Command::On(_) => app.switches.switch_sms(true).await?,
        Command::Off(_) => app.switches.switch_sms(false).await?,
        Command::Texts(_) => return Ok(texts(app)),
    }
    let limits = &app.service.settings.sms;
    let now = app.service.clock.now();
    let sent = counted(app, &limits.service_budget(now)).await?;
    let wrong = match limits.wrong_budgets(None, now).first() {
        Some(budget) => counted(app, budget).await?,
        None => 0,
    };
    Ok(Done::default().with(
        "sms",
        json!({
            "on": app.switches.sms_is_on().await?,
            "sentToday": sent,
            "perDay": limits.per_day,
            "wrongCodesThisHour": wrong,
            "countries": limits.countries,
        }),
    ))
}

async fn counted(app: &App, budget: &Budget) -> Result<u32, Refused> {
    Ok(app.challenges.counted(&budget.keys()).await?.iter().sum())
}

fn texts(app: &App) -> Done {
    let settings = &app.service.settings;
    let host = settings.public_url.as_deref().and_then(bindable_host);
    let texts = settings.sms_texts.for_registration(VARIABLE, host);
    let texts = texts.map(|(language, text)| (language.to_owned(), Value::String(text)));
    Done::default().with("texts", Value::Object(texts.into_iter().collect()))
}
