//! The steps of people: a person looks at a screen and holds a phone.

use crate::{
    browser::{Browser, Glass, Habit, Language},
    phone::{fresh_number, sms_code},
    qr,
    service::{Service, eventually},
};

/// A person before a screen, and what they read.
pub(crate) struct Person {
    pub(crate) service: Service,
    pub(crate) language: Language,
    pub(crate) screen: Browser,
    /// Begins the names of the pictures of the pages on the way to the question. Those pages look the same in every test,
    /// so most save no pictures of them.
    pub(crate) pictures_of_sign_in: Option<&'static str>,
}

impl Person {
    /// A person who has just opened the sign-in page.
    pub(crate) async fn at_a_screen(language: Language) -> Self {
        let person = Self::at_a_blank_screen(language).await;
        person.screen.go_to(&format!("{}/", person.service.url)).await;
        person.screen.reaches("waiting").await;
        person
    }

    /// A person before a screen that shows nothing yet.
    pub(crate) async fn at_a_blank_screen(language: Language) -> Self {
        Self::before(language, Habit::Plain).await
    }

    /// A person before the blank screen of a browser with these settings.
    pub(crate) async fn before(language: Language, habit: Habit) -> Self {
        let screen = Browser::with(language, Glass::Desk, habit).await;
        Self { service: Service::served(), language, screen, pictures_of_sign_in: None }
    }

    /// Holds a camera before the screen until it has read the QR: one that is just fading in is blurred.
    pub(crate) async fn reads_the_qr(&self) -> String {
        let look = async || qr::try_read(&self.screen.screenshot().await).ok();
        let address = eventually("a QR on the screen that can be read", look).await;
        assert!(address.starts_with(&self.service.qr_start()), "{address}");
        address
    }

    /// What stands behind `/Q/` in the QR on the screen: the session's code, and the tag of the moment.
    pub(crate) async fn read_code(&self) -> String {
        self.reads_the_qr().await.rsplit('/').next().unwrap().to_owned()
    }

    /// The code of the session whose QR is on the screen.
    pub(crate) async fn code(&self) -> String {
        self.read_code().await.split('-').next().unwrap().to_owned()
    }

    /// Takes out a phone and opens the QR's address on it.
    pub(crate) async fn scans(&self) -> Browser {
        let phone = Browser::open(self.language, Glass::Hand).await;
        phone.go_to(&self.reads_the_qr().await).await;
        phone
    }

    /// Signs in on the phone by SMS, up to the question.
    pub(crate) async fn signs_in(&self, phone: &Browser) {
        phone.reaches("phone-number").await;
        self.shoot_sign_in(phone, "number").await;
        self.types_in(phone, &fresh_number()).await;
    }

    /// Signs in with a number, up to the question.
    pub(crate) async fn types_in(&self, phone: &Browser, number: &str) {
        self.types_in_until(phone, number, "consent").await;
    }

    /// Signs in with a number: types it, and the code that comes; then the page gets to this state.
    pub(crate) async fn types_in_until(&self, phone: &Browser, number: &str, state: &str) {
        phone.write("phone-input", number.trim_start_matches("+86")).await;
        phone.press("send-code").await;
        phone.reaches("sms-code").await;
        self.shoot_sign_in(phone, "sms-code").await;
        // The sixth digit sends it.
        phone.write("sms-input", &sms_code(&self.service, number).await).await;
        phone.reaches(state).await;
    }

    /// Answers which number the screen shows: that number, or that there is none.
    pub(crate) async fn picks(&self, phone: &Browser) {
        let number = "const widget = document.querySelector('saoma-sign-in')?.shadowRoot; \
             return (document.querySelector('[data-testid=match-number]') \
               ?? widget?.querySelector('[part=number]'))?.textContent ?? ''";
        let number = self.screen.run(number).await.as_str().unwrap_or_default().to_owned();
        let kind = if number.is_empty() { "match-none" } else { "match-choice" };
        phone.press_at(&format!("[data-testid={kind}][data-value='{number}']")).await;
    }

    /// Says yes on the phone.
    pub(crate) async fn agrees(&self, phone: &Browser) {
        self.picks(phone).await;
        phone.press("confirm").await;
    }

    async fn shoot_sign_in(&self, phone: &Browser, step: &str) {
        if let Some(page) = self.pictures_of_sign_in {
            self.shoot(phone, &format!("{page}-{step}")).await;
        }
    }

    /// Saves pictures of a browser's page.
    pub(crate) async fn shoot(&self, browser: &Browser, name: &str) {
        browser.shoot(self.language, name).await;
    }

    /// Saves pictures of the screen.
    pub(crate) async fn shoot_screen(&self, name: &str) {
        self.shoot(&self.screen, name).await;
    }
}
