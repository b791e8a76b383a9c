//! Names of developers for people's eyes. They live outside the log, in rows that can be erased; this is their cache.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use domain::DeveloperId;
use store::{Person, Store, StoreError};

/// Names by developer, bounded by [`domain::limits::DEVELOPERS_MAX`].
#[derive(Debug, Default)]
pub struct People {
    names: RwLock<HashMap<DeveloperId, Names>>,
}

/// What people call a developer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The sign-in name.
    pub login: String,
    /// The name to show.
    pub display_name: String,
}

impl People {
    /// Reads every name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let people = store.people(domain::limits::DEVELOPERS_MAX).await?;
        people.into_iter().for_each(|person| self.insert(&person));
        Ok(())
    }

    /// Remembers a developer's names.
    pub fn insert(&self, person: &Person) {
        let names = Names { login: person.login_name.clone(), display_name: person.display_name.clone() };
        self.names.write().unwrap_or_else(PoisonError::into_inner).insert(person.developer, names);
    }

    /// The names of a developer; their id where no name is known.
    pub fn names(&self, developer: DeveloperId) -> Names {
        let known = self.names.read().unwrap_or_else(PoisonError::into_inner).get(&developer).cloned();
        known.unwrap_or_else(|| Names { login: developer.to_string(), display_name: developer.to_string() })
    }

    /// The sign-in name of a developer; their id where no name is known.
    pub fn login(&self, developer: DeveloperId) -> String {
        self.names(developer).login
    }

    /// Whether the developer's names are known here.
    pub fn knows(&self, developer: DeveloperId) -> bool {
        self.names.read().unwrap_or_else(PoisonError::into_inner).contains_key(&developer)
    }
}
