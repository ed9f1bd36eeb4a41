//! Tokens for tests, in place of signed ones: `NAME:SECONDS` is valid for that long at least, to the
//! next whole second; `strange` has a bad signature, `expired` is that, any other text is no token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use scion_sdk_token_validator::validator::{Token, TokenValidator, TokenValidatorError};
use serde::Deserialize;
use serde_json::json;

use crate::peer::say;

/// What a valid token says.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    pub name: String,
    pub exp: u64,
}

impl Token for Claims {
    fn id(&self) -> String {
        self.name.clone()
    }

    fn exp_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.exp)
    }

    fn required_claims() -> Vec<&'static str> {
        vec!["name", "exp"]
    }
}

/// Judges tokens, and tells of each.
pub struct Judge;

impl TokenValidator<Claims> for Judge {
    fn validate(&self, now: SystemTime, token: &str) -> Result<Claims, TokenValidatorError> {
        say(json!({ "event": "token", "token": token }));
        match token {
            "strange" => Err(TokenValidatorError::JwtSignatureInvalid()),
            "expired" => Err(TokenValidatorError::TokenExpired(UNIX_EPOCH)),
            _ => lasting(now, token)
                .ok_or_else(|| TokenValidatorError::JwtError(ErrorKind::InvalidToken.into())),
        }
    }
}

fn lasting(now: SystemTime, token: &str) -> Option<Claims> {
    let (name, seconds) = token.split_once(':')?;
    let seconds: u64 = seconds.parse().ok()?;
    let now = now.duration_since(UNIX_EPOCH).ok()?;
    Some(Claims {
        name: name.to_owned(),
        // Rounded up: else a session of one second may be over before its tunnel is established.
        exp: now.as_secs() + seconds + u64::from(now.subsec_nanos() > 0),
    })
}
