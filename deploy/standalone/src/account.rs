//! `dauys account`: who may sign in.

use crate::cli::{Account, AccountCommand, Role};
use crate::preflight;
use anyhow::{Context, bail};
use dauys_events::AgencyId;
use dauys_router::auth::{NewAccount, Token, create_account, set_password};
use dauys_router::store::{self, AccountRole, Store};
use std::process::ExitCode;
use std::sync::Arc;

/// Runs one of the account commands.
pub(crate) fn run(arguments: Account) -> anyhow::Result<ExitCode> {
    let settings = preflight::settings(&arguments.settings)?;
    preflight::data_folder(&settings.node.data)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let store = store::open(&settings).await.context("the ticket store cannot be opened")?;
        match arguments.command {
            AccountCommand::Add { login, role, agency, password_stdin } => {
                if let Some(agency) = &agency {
                    let city = preflight::city(&settings.city.pack)?;
                    if city.agency(agency).is_none() {
                        bail!("the city pack {} has no agency `{agency}`", settings.city.pack);
                    }
                }
                add(store, login, role, agency, password_stdin).await?;
            }
            AccountCommand::Password { login, password_stdin } => {
                let (password, is_made) = password(password_stdin)?;
                set_password(store.as_ref(), &login, &password).await?;
                tell(&login, &password, is_made);
            }
            AccountCommand::List => {
                for account in store.accounts().await? {
                    let agency = account.agency.map(|agency| agency.0).unwrap_or_default();
                    println!("{:<24} {:<8} {agency}", account.login, account.role.name());
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn add(
    store: Arc<dyn Store>,
    login: String,
    role: Role,
    agency: Option<String>,
    password_stdin: bool,
) -> anyhow::Result<()> {
    let role = match role {
        Role::Admin => AccountRole::Admin,
        Role::Staff => AccountRole::Staff,
        Role::Agency => AccountRole::Agency,
        Role::Reader => AccountRole::Reader,
    };
    let (password, is_made) = password(password_stdin)?;
    let new = NewAccount {
        login: login.clone(),
        name: String::new(),
        role,
        agency: agency.map(AgencyId),
        password: password.clone(),
    };
    create_account(store.as_ref(), new, (dauys_router::clock::system())()).await?;
    tell(&login, &password, is_made);
    Ok(())
}

/// Reads a password, or makes one.
fn password(from_stdin: bool) -> anyhow::Result<(String, bool)> {
    if !from_stdin {
        let token = Token::random();
        return Ok((token.text().get(..20).unwrap_or(token.text()).to_owned(), true));
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("no password on standard input")?;
    Ok((line.trim_end_matches(['\r', '\n']).to_owned(), false))
}

fn tell(login: &str, password: &str, is_made: bool) {
    if is_made {
        println!("{login}: password {password} (shown once)");
    } else {
        println!("{login}: done");
    }
}
