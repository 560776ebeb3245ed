//! What a deployment offers its functions.

use std::sync::Arc;

use aws_types::SdkConfig;
use saoma_app::{
    Environment, FoundChecks, FoundSessions, LoggedAlarm, LoggedHistory, LoggedTell, Notices, RecentClients,
    Service,
};
use saoma_aws::{PictureBucket, SecretsManager};
use saoma_domain::{
    cases::{
        AccountKeeper, AskedLogins, Browsers, ClientKeeper, KeyKeeper, Lives, Logins, Mine, NoSockets,
        People, RememberedLogins, Screens, SeedMaker, SmsSwitch, Texting, TypedCodes,
    },
    ports::{
        Calls, Checks, FailedCalls, HistoryWriter, OnConfirm, Pictures, Push, Sessions, Sms, Tell, Topic,
        Webhooks,
    },
};
use saoma_dynamo::{CheckTables, Directory, SessionTable};
use saoma_http::{auth::Phones, telemetry::AuditLog};
use saoma_notify::{CallQueue, HttpWebhooks, Pushes, Relay, SnsPush, SnsSms, SnsTopic, Sockets};
use saoma_tokens::{
    RsaKeyMaker,
    keyring::{PUBLISHED_BEFORE_USE, RSA_PUBLISHED_BEFORE_USE},
};

use crate::{Process, StartError, relay::message_client};

/// The deployment that a function is part of. Each function takes only what its ports need, and its policy in
/// `template.yaml` allows no more.
pub struct Deployment {
    /// The environment's variables.
    pub environment: Environment,
    /// Settings, keys, clock, randomness.
    pub service: Service,
    /// The Directory table, behind all of its ports.
    pub directory: Arc<Directory>,
    /// The registered clients, remembered for a few seconds.
    pub clients: Arc<RecentClients>,
    aws: SdkConfig,
}

impl Deployment {
    /// Reads the secret and connects to the Directory at the same time: Lambda's init phase has CPU to spare for the
    /// handshakes.
    ///
    /// # Errors
    /// The reason why the function cannot start.
    pub async fn reach() -> Result<Self, StartError> {
        let process = Process::begin()?;
        let table = process.environment.required("DIRECTORY_TABLE")?;
        let directory = Arc::new(Directory::new(&process.aws, table));
        let (service, ()) = tokio::join!(process.service(), directory.warm_up());
        let Process { environment, aws } = process;
        let service = service?;
        let clients = Arc::new(RecentClients::new(directory.clone(), service.clock.clone()));
        Ok(Self { environment, service, directory, clients, aws })
    }

    /// The phones that are signed in.
    #[must_use]
    pub fn phones(&self) -> Phones {
        Phones::new(self.service.clone(), self.checks())
    }

    /// A phone, its person and a session, read together.
    #[must_use]
    pub fn checks(&self) -> Arc<dyn Checks> {
        let sessions = self.environment.get("SESSIONS_TABLE");
        let tables = CheckTables::new(&self.aws, self.directory.table(), sessions);
        Arc::new(FoundChecks { stored: Arc::new(tables), pace: self.service.pace.clone() })
    }

    /// The session core, with what the function's contracts do for a confirmed login.
    ///
    /// # Errors
    /// `SESSIONS_TABLE` is not set.
    pub fn logins(&self, on_confirm: Arc<dyn OnConfirm>) -> Result<Logins, StartError> {
        Ok(Logins {
            sessions: self.sessions()?,
            clients: self.clients.clone(),
            built_ins: self.service.settings.built_ins.clone(),
            audit: Arc::new(AuditLog::new(self.service.clone())),
            checks: self.checks(),
            on_confirm,
            history: self.history(),
            tell: Arc::new(NoSockets),
            random: self.service.random.clone(),
        })
    }

    /// The same for a function whose sessions can be watched over a socket, or that asks people on their phones. Screens are
    /// told of each step, phones of each question.
    ///
    /// # Errors
    /// `SESSIONS_TABLE` is not set, or `SOCKET_ENDPOINT` is not, although screens get the address of a socket.
    pub fn watched_logins(&self, on_confirm: Arc<dyn OnConfirm>) -> Result<Logins, StartError> {
        Ok(Logins { tell: self.tell()?, ..self.logins(on_confirm)? })
    }

    /// Tells screens over their sockets; nothing where those are switched off.
    fn tell(&self) -> Result<Arc<dyn Tell>, StartError> {
        if self.service.settings.socket_url.is_none() {
            return Ok(Arc::new(NoSockets));
        }
        let endpoint = self.environment.required("SOCKET_ENDPOINT")?;
        Ok(Arc::new(LoggedTell(Arc::new(Sockets::new(&self.aws, endpoint, self.directory.clone())))))
    }

    /// Where people read what happened to their accounts.
    pub(crate) fn history(&self) -> Arc<dyn HistoryWriter> {
        Arc::new(LoggedHistory(self.directory.clone()))
    }

    /// What belongs to people, as they list and end it, and as operators export and delete it. The client that
    /// `MESSAGE_CLIENT` names keeps no addresses of phones, so it need not be registered yet.
    #[must_use]
    pub fn mine(&self) -> Mine {
        let has_message_client = self.environment.get("MESSAGE_CLIENT").is_some();
        let push = (!has_message_client).then(|| -> Arc<dyn Push> { Arc::new(self.sns_push()) });
        Mine {
            belongings: self.directory.clone(),
            leaving: self.directory.clone(),
            sign_ins: self.directory.clone(),
            checks: self.checks(),
            endpoints: self.directory.clone(),
            push,
            visits: self.directory.clone(),
            random: self.service.random.clone(),
        }
    }

    /// The logins of hosted clients.
    ///
    /// # Errors
    /// `SESSIONS_TABLE` is not set, or `SOCKET_ENDPOINT` is not, although phones get the address of a socket.
    pub fn remembered_logins(&self, on_confirm: Arc<dyn OnConfirm>) -> Result<RememberedLogins, StartError> {
        let settings = &self.service.settings;
        Ok(RememberedLogins {
            logins: self.watched_logins(on_confirm)?,
            traces: self.directory.clone(),
            pairs: self.directory.clone(),
            prompts: self.directory.clone(),
            lives: Lives { qr: settings.session_life, prompt: settings.prompt_life },
        })
    }

    /// The people and their sign-ins.
    ///
    /// # Errors
    /// `MESSAGE_CLIENT` names no client that takes messages.
    pub async fn people(&self) -> Result<People, StartError> {
        let settings = &self.service.settings;
        Ok(People {
            accounts: self.directory.clone(),
            sign_ins: self.directory.clone(),
            history: self.history(),
            clients: self.clients.clone(),
            checks: self.checks(),
            texting: Texting {
                challenges: self.directory.clone(),
                known: self.directory.clone(),
                sender: Arc::new(self.service.count_messages(self.sms().await?)),
                switch: Arc::new(SmsSwitch::new(self.directory.clone())),
                alarm: Arc::new(LoggedAlarm::new(self.service.metrics.clone())),
                limits: settings.sms.clone(),
                texts: settings.sms_texts.clone(),
            },
            keys: self.service.keys.clone(),
            random: self.service.random.clone(),
            lives: settings.sign_ins,
        })
    }

    /// The screens that refresh their tokens.
    #[must_use]
    pub fn screens(&self) -> Screens {
        Screens {
            sign_ins: self.directory.clone(),
            checks: self.checks(),
            clients: self.clients.clone(),
            keys: self.service.keys.clone(),
            random: self.service.random.clone(),
            lives: self.service.settings.sign_ins,
        }
    }

    /// The browsers that stay signed in.
    #[must_use]
    pub fn browsers(&self, logins: Logins) -> Browsers {
        Browsers {
            logins,
            sign_ins: self.directory.clone(),
            belongings: self.directory.clone(),
            keys: self.service.keys.clone(),
            life: self.service.settings.sso_life,
        }
    }

    /// The sessions that people type the codes of.
    #[must_use]
    pub fn typed_codes(&self, logins: Logins) -> TypedCodes {
        TypedCodes { logins, tries: self.directory.clone(), keys: self.service.keys.clone() }
    }

    /// The logins that begin with a question to a known person.
    #[must_use]
    pub fn asked_logins(&self, logins: Logins) -> AskedLogins {
        let life = self.service.settings.session_life;
        AskedLogins { logins, pairs: self.directory.clone(), prompts: self.directory.clone(), life }
    }

    /// The clients, as operators keep them.
    #[must_use]
    pub fn client_keeper(&self) -> ClientKeeper {
        ClientKeeper {
            registry: self.directory.clone(),
            keys: self.service.keys.clone(),
            random: self.service.random.clone(),
        }
    }

    /// The versions of the signing secret, as operators change them.
    ///
    /// # Errors
    /// `SIGNING_SECRET_ARN` is not set.
    pub fn key_keeper(&self) -> Result<KeyKeeper, StartError> {
        let (random, arn) = (self.service.random.clone(), self.environment.required("SIGNING_SECRET_ARN")?);
        Ok(KeyKeeper {
            stages: Arc::new(SecretsManager::new(&self.aws, arn)),
            maker: Arc::new(SeedMaker(random.clone())),
            random,
            published_before_use: PUBLISHED_BEFORE_USE,
            rests_for: self.service.settings.longest_rest(),
        })
    }

    /// The versions of the secret that holds RSA keys, as operators change them; `None` where the deployment has no such
    /// secret.
    #[must_use]
    pub fn rsa_keeper(&self) -> Option<KeyKeeper> {
        let (random, arn) = (self.service.random.clone(), self.environment.get("RSA_SECRET_ARN")?);
        Some(KeyKeeper {
            stages: Arc::new(SecretsManager::new(&self.aws, arn)),
            maker: Arc::new(RsaKeyMaker(random.clone())),
            random,
            published_before_use: RSA_PUBLISHED_BEFORE_USE,
            rests_for: self.service.settings.access_token_life,
        })
    }

    /// The accounts, as operators keep them.
    #[must_use]
    pub fn account_keeper(&self) -> AccountKeeper {
        AccountKeeper { accounts: self.directory.clone(), history: self.history() }
    }

    /// The Sessions table.
    ///
    /// # Errors
    /// `SESSIONS_TABLE` is not set.
    pub fn sessions(&self) -> Result<Arc<dyn Sessions>, StartError> {
        let table = SessionTable::new(&self.aws, self.environment.required("SESSIONS_TABLE")?);
        Ok(Arc::new(FoundSessions { stored: Arc::new(table), pace: self.service.pace.clone() }))
    }

    /// The bucket of QR pictures.
    ///
    /// # Errors
    /// `QR_BUCKET` is not set.
    pub fn pictures(&self) -> Result<Arc<dyn Pictures>, StartError> {
        Ok(Arc::new(PictureBucket::new(&self.aws, self.environment.required("QR_BUCKET")?)))
    }

    /// The topic of login events.
    ///
    /// # Errors
    /// `LOGIN_TOPIC_ARN` is not set.
    pub fn topic(&self) -> Result<Arc<dyn Topic>, StartError> {
        Ok(Arc::new(SnsTopic::new(&self.aws, self.environment.required("LOGIN_TOPIC_ARN")?)))
    }

    /// The queue of calls to clients' servers, to put calls into.
    ///
    /// # Errors
    /// `CALLS_QUEUE_URL` is not set.
    pub fn calls(&self) -> Result<Arc<dyn Calls>, StartError> {
        Ok(self.call_queue()?)
    }

    /// The queue of calls to clients' servers.
    ///
    /// # Errors
    /// `CALLS_QUEUE_URL` is not set.
    pub fn call_queue(&self) -> Result<Arc<CallQueue>, StartError> {
        Ok(Arc::new(CallQueue::new(&self.aws, self.environment.required("CALLS_QUEUE_URL")?)))
    }

    /// The queue of calls that clients' servers did not take in time.
    ///
    /// # Errors
    /// `CALL_FAILURES_URL` is not set.
    pub fn failed_calls(&self) -> Result<Arc<dyn FailedCalls>, StartError> {
        Ok(Arc::new(CallQueue::new(&self.aws, self.environment.required("CALL_FAILURES_URL")?)))
    }

    /// Calls to clients' servers; to our own machine only where `WEBHOOK_LOOPBACK` says so.
    ///
    /// # Errors
    /// `WEBHOOK_LOOPBACK` is neither true nor false.
    pub fn webhooks(&self) -> Result<Arc<dyn Webhooks>, StartError> {
        Ok(Arc::new(HttpWebhooks::new(self.environment.flag("WEBHOOK_LOOPBACK")?)))
    }

    /// Text messages: through SNS, or through the client that `MESSAGE_CLIENT` names.
    ///
    /// # Errors
    /// `MESSAGE_CLIENT` names no client that takes messages.
    pub async fn sms(&self) -> Result<Arc<dyn Sms>, StartError> {
        Ok(match self.relay().await? {
            Some(relay) => Arc::new(relay),
            None => Arc::new(SnsSms::new(&self.aws)),
        })
    }

    /// Pushes: through the platform applications of SNS, or through the client that `MESSAGE_CLIENT` names.
    ///
    /// # Errors
    /// `MESSAGE_CLIENT` names no client that takes messages.
    pub async fn push(&self) -> Result<Arc<dyn Push>, StartError> {
        Ok(match self.relay().await? {
            Some(relay) => Arc::new(relay),
            None => Arc::new(self.sns_push()),
        })
    }

    /// Pushes through the platform applications of SNS.
    fn sns_push(&self) -> SnsPush {
        let (apns, fcm) =
            (self.environment.get("APNS_PLATFORM_ARN"), self.environment.get("FCM_PLATFORM_ARN"));
        SnsPush::new(&self.aws, apns, fcm)
    }

    /// What tells a person's phones of what happened to their account.
    ///
    /// # Errors
    /// `MESSAGE_CLIENT` names no client that takes messages.
    pub async fn notices(&self) -> Result<Notices, StartError> {
        let (endpoints, checks, push) = (self.directory.clone(), self.checks(), self.push().await?);
        Ok(Notices { endpoints, checks, push })
    }

    async fn relay(&self) -> Result<Option<Relay>, StartError> {
        let Some((client, url)) = message_client(&self.environment, &*self.directory).await? else {
            return Ok(None);
        };
        let Service { keys, clock, random, .. } = self.service.clone();
        let pushes = Pushes::default();
        Ok(Some(Relay { webhooks: self.webhooks()?, url, client, keys, clock, random, pushes }))
    }
}
