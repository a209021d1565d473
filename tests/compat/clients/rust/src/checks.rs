//! Runs checks and prints them as cmd/clients reads them.

use etcd_client::Client;
use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

pub type Outcome = Result<(), Box<dyn Error>>;

const LIMIT: Duration = Duration::from_secs(40);

pub struct Checks {
    endpoint: String,
    passed: u32,
    failed: u32,
}

impl Checks {
    pub fn new(endpoint: String) -> Self {
        Self { endpoint, passed: 0, failed: 0 }
    }

    /// Runs a check with a client of its own; its keys begin with the prefix.
    pub async fn run<F, R>(&mut self, name: &str, check: F)
    where
        F: FnOnce(Client, String) -> R,
        R: Future<Output = Outcome>,
    {
        let outcome = async {
            let client = Client::connect([&self.endpoint], None).await?;
            tokio::time::timeout(LIMIT, check(client, format!("/{name}/"))).await?
        };
        match outcome.await {
            Ok(()) => {
                self.passed += 1;
                println!("PASS {name}");
            }
            Err(problem) => {
                self.failed += 1;
                println!("FAIL {name}: {}", problem.to_string().replace('\n', " "));
            }
        }
    }

    pub fn finish(self) -> Outcome {
        println!("{} passed, {} failed", self.passed, self.failed);
        std::process::exit(i32::from(self.failed > 0));
    }
}

/// Has the server killed and started again.
pub async fn restart_server() -> Outcome {
    println!("RESTART");
    let mut line = String::new();
    BufReader::new(tokio::io::stdin()).read_line(&mut line).await?;
    Ok(())
}

pub fn equal<T: PartialEq + Debug>(what: &str, got: T, want: T) -> Outcome {
    if got == want {
        return Ok(());
    }
    Err(format!("{what} is {got:?}, not {want:?}").into())
}

/// What is there; its absence fails the check.
pub fn there<T>(what: &str, value: Option<T>) -> Result<T, Box<dyn Error>> {
    value.ok_or_else(|| format!("no {what}").into())
}
